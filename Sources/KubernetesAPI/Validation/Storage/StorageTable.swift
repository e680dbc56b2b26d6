import ObjectModel

/// Volumes, claims, classes and drivers.
enum StorageTable {
    static let rules: [String: KindValidation.Rules] = [
        "persistentvolumeclaims": PersistentVolumeClaimValidation.check,
        "persistentvolumeclaims:status": PersistentVolumeClaimValidation.status,
        "persistentvolumes": PersistentVolumeValidation.check,
        "storage.k8s.io/storageclasses": storageClass,
        "storage.k8s.io/csidrivers": driver,
        "storage.k8s.io/csinodes": { node, _ in drivers(node["spec"]) },
        "storage.k8s.io/volumeattachments": attachment,
        "storage.k8s.io/volumeattributesclasses": attributesClass,
        "resource.k8s.io/resourceclaims": { claim, old in
            DeviceValidation.claim(claim["spec"])
            claim["spec"].immutable(since: old?["spec"])
        },
        "resource.k8s.io/resourceclaimtemplates": { template, old in
            DeviceValidation.claim(template["spec"]["spec"])
            template["spec"].immutable(since: old?["spec"])
        },
        "resource.k8s.io/deviceclasses": { deviceClass, _ in DeviceValidation.selectors(deviceClass["spec"]) },
    ]

    private static let parametersMax = 512

    private static func parameters(_ owner: Field) {
        let parameters = owner["parameters"]
        if parameters.value.fields.count > parametersMax { parameters.tooLong(max: parametersMax) }
        for (key, _) in parameters.value.fields where key.isEmpty { parameters.refuse("", "field can not be empty.") }
    }

    @Sendable private static func storageClass(_ storage: Field, _ old: Field?) {
        storage["provisioner"].require()
        if !storage["provisioner"].isEmpty {
            for problem in Validation.qualifiedName(storage.text("provisioner").lowercased()) { storage["provisioner"].refuse(problem) }
        }
        parameters(storage)
        if let policy = storage.present("reclaimPolicy") { policy.mustBeOneOf(["Delete", "Retain"]) }
        storage["volumeBindingMode"].requireOneOf(["Immediate", "WaitForFirstConsumer"])
        topologies(storage)
        guard let old else { return }
        for field in ["parameters", "provisioner", "reclaimPolicy"] where storage.value[field] != old.value[field] {
            storage[field].forbid("updates to \(field) are forbidden.")
        }
        storage["volumeBindingMode"].immutable(since: old["volumeBindingMode"])
    }

    /// Where volumes may be: no two terms the same, no key or value twice.
    private static func topologies(_ storage: Field) {
        var terms: [[String: Set<String>]] = []
        for term in storage.elements("allowedTopologies") {
            var keys: [String: Set<String>] = [:]
            for expression in term.elements("matchLabelExpressions") {
                let (key, values) = (expression.text("key"), expression.elements("values"))
                if values.isEmpty { expression["values"].missing() }
                var seen: Set<String> = []
                for value in values where !seen.insert(value.text).inserted { value.duplicate() }
                for problem in Validation.qualifiedName(key) { expression["key"].refuse(.string(key), problem) }
                if keys.updateValue(seen, forKey: key) != nil { expression["key"].duplicate() }
            }
            if terms.contains(keys) { term["matchLabelExpressions"].duplicate("") }
            terms.append(keys)
        }
    }

    @Sendable private static func attributesClass(_ attributes: Field, _ old: Field?) {
        if attributes["driverName"].require() { StorageNames.driver(attributes["driverName"]) }
        if attributes["parameters"].isEmpty { attributes["parameters"].missing("must contain at least one key/value pair") }
        parameters(attributes)
        guard let old else { return }
        for field in ["driverName", "parameters"] where attributes.value[field] != old.value[field] {
            attributes[field].forbid("updates to \(field) are forbidden.")
        }
    }

    @Sendable private static func driver(_ driver: Field, _ old: Field?) {
        StorageNames.driver(driver["metadata"]["name"])
        let spec = driver["spec"]
        if let policy = spec.present("fsGroupPolicy") { policy.mustBeOneOf(["File", "None", "ReadWriteOnceWithFSType"]) }
        for mode in spec.elements("volumeLifecycleModes") { mode.mustBeOneOf(["Ephemeral", "Persistent"]) }
        var audiences = Set<String>()
        for request in spec.elements("tokenRequests") {
            if !audiences.insert(request.text("audience")).inserted { request["audience"].duplicate(.string(request.text("audience"))) }
            if let lifetime = request.present("expirationSeconds"), lifetime.number < 600 {
                lifetime.refuse("may not specify a duration less than 10 minutes")
            }
        }
        for field in ["attachRequired", "volumeLifecycleModes"] { spec[field].immutable(since: old?["spec"][field]) }
    }

    private static func drivers(_ spec: Field) {
        var names = Names()
        for driver in spec.elements("drivers") {
            if driver["name"].require() { StorageNames.driver(driver["name"]) }
            names.insertUnique(driver["name"])
            let id = driver["nodeID"]
            id.require()
            if id.text.utf8.count > 256 { id.refuse("must be 256 characters or less") }
            for key in driver.elements("topologyKeys") {
                if key.isEmpty { key.missing() } else { key.labelKey() }
            }
        }
    }

    @Sendable private static func attachment(_ attachment: Field, _ old: Field?) {
        let spec = attachment["spec"]
        spec["attacher"].require()
        let source = spec["source"]
        if source["inlineVolumeSpec"].isAbsent == source["persistentVolumeName"].isEmpty {
            source.missing("must specify exactly one of inlineVolumeSpec and persistentVolumeName")
        }
        spec["nodeName"].requireMatch(Validation.dns1123Subdomain)
        spec.immutable(since: old?["spec"])
    }
}
