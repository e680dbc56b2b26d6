import ObjectModel

enum PersistentVolumeValidation {
    private static let others: Set<String> = [
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName",
        "volumeAttributesClassName", "volumeMode",
    ]

    @Sendable static func check(_ volume: Field, _ old: Field?) {
        let spec = volume["spec"]
        spec["accessModes"].require()
        StorageNames.checkAccessModes(spec)
        capacity(spec)
        spec["persistentVolumeReclaimPolicy"].oneOf(["Delete", "Recycle", "Retain"])
        if let affinity = spec.present("nodeAffinity") {
            if let required = affinity.present("required") {
                AffinityValidation.nodeSelector(required)
            } else {
                affinity["required"].missing("must specify required node constraints")
            }
        }
        source(spec, name: volume.value.name)
        spec["storageClassName"].matches(Validation.dns1123Subdomain)
        if let mode = spec.present("volumeMode") { mode.mustBeOneOf(["Block", "Filesystem"]) }
        if let attributes = spec.present("volumeAttributesClassName") {
            if attributes.require("an empty string is disallowed") { attributes.matches(Validation.dns1123Subdomain) }
            if spec["csi"].isAbsent { spec["csi"].missing("has to be specified when using volumeAttributesClassName") }
        }
        if let old { update(volume, old) }
    }

    private static func update(_ volume: Field, _ oldVolume: Field) {
        let (spec, old) = (volume["spec"], oldVolume["spec"])
        var now = sources(spec.value)
        let before = sources(old.value)
        // A secret for growing may come later.
        if old.value["csi"].isObject, old.value["csi"]["controllerExpandSecretRef"].isNull { now["csi"]["controllerExpandSecretRef"] = nil }
        if now != before {
            spec["persistentvolumesource"].forbid("spec.persistentvolumesource is immutable after creation\n- \(before)\n+ \(now)\n")
        }
        // Upstream names these two without the spec.
        volume["volumeMode"].showing(spec.value["volumeMode"]).immutable(since: old["volumeMode"])
        if !old.value["nodeAffinity"].isNull {
            let affinity = volume["nodeAffinity"].showing(spec.value["nodeAffinity"])
            if withStableLabels(old.value["nodeAffinity"]) != withStableLabels(affinity.value) {
                affinity.refuse("field is immutable, except for updating from beta label to GA")
            }
        }
        if !old.value["volumeAttributesClassName"].isNull, spec.value["volumeAttributesClassName"].isNull {
            spec["volumeAttributesClassName"].forbid("update from non-nil value to nil is forbidden")
        }
    }

    private static let stableLabels = [
        "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region", "beta.kubernetes.io/os": "kubernetes.io/os",
        "beta.kubernetes.io/arch": "kubernetes.io/arch", "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
    ]

    private static func withStableLabels(_ affinity: Value) -> Value {
        var affinity = affinity
        for (index, term) in affinity["required"]["nodeSelectorTerms"].array.enumerated() {
            for (number, expression) in term["matchExpressions"].array.enumerated() {
                guard let stable = stableLabels[expression["key"].string ?? ""] else { continue }
                affinity["required"]["nodeSelectorTerms"][index]["matchExpressions"][number]["key"] = .string(stable)
            }
        }
        return affinity
    }

    private static func capacity(_ spec: Field) {
        let capacity = spec["capacity"]
        if !capacity.require() {
            return spec.findings.report(FieldError(.notSupported, capacity.path, "Unsupported value: null: supported values: \"storage\""))
        }
        if capacity.value["storage"].isNull || capacity.value.fields.count > 1 { capacity.unsupported(["storage"]) }
        for (_, amount) in spec.entries("capacity") {
            if let quantity = amount.quantity, quantity <= .zero { amount.refuse(.string(quantity.description), Words.positive) }
        }
    }

    private static func sources(_ spec: Value) -> Value {
        var fields = spec.fields
        fields.removeAll { name, _ in others.contains(name) }
        return .object(fields)
    }

    private static func source(_ spec: Field, name: String) {
        var found = ""
        for kind in VolumeSources.orderOfPersistent where !spec.value[kind].isNull {
            if !found.isEmpty {
                spec[kind].forbid("may not specify more than 1 volume type")
                continue
            }
            found = kind
            VolumeSources.check(spec[kind], kind, isPersistent: true)
            let portal = spec[kind]["targetPortal"]
            if kind == "iscsi", spec[kind].present("initiatorName") != nil, name.utf8.count + 1 + portal.text.utf8.count > VolumeSources.initiatorMax
            {
                spec[kind]["targetportal"].refuse(portal.value, VolumeSources.initiatorWords)
            }
            if kind == "local", spec.value["nodeAffinity"].isNull { spec["nodeAffinity"].missing("Local volume requires node affinity") }
        }
        if found.isEmpty { spec.missing("must specify a volume type") }
        let path = spec["hostPath"].text("path")
        if !path.isEmpty, path.allSatisfy({ $0 == "/" }), spec.text("persistentVolumeReclaimPolicy") == "Recycle" {
            spec["persistentVolumeReclaimPolicy"].forbid("may not be 'recycle' for a hostPath mount of '/'")
        }
    }
}
