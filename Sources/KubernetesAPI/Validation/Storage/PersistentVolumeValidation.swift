import ObjectModel

enum PersistentVolumeValidation {
    private static let others: Set<String> = [
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy", "storageClassName",
        "volumeAttributesClassName", "volumeMode",
    ]

    /// Fields that a source can't do without.
    private static let requiredFields: [String: [String]] = [
        "awsElasticBlockStore": ["volumeID"], "azureDisk": ["diskName", "diskURI"], "azureFile": ["secretName", "shareName"],
        "cephfs": ["monitors"], "cinder": ["volumeID"], "csi": ["driver", "volumeHandle"], "flexVolume": ["driver"],
        "gcePersistentDisk": ["pdName"], "glusterfs": ["endpoints", "path"], "hostPath": ["path"], "iscsi": ["targetPortal", "iqn"],
        "local": ["path"], "nfs": ["server", "path"], "photonPersistentDisk": ["pdID"], "portworxVolume": ["volumeID"],
        "quobyte": ["registry", "volume"], "rbd": ["monitors", "image"], "scaleIO": ["gateway", "system", "volumeName"],
        "vsphereVolume": ["volumePath"],
    ]

    @Sendable static func check(_ volume: Field, _ old: Field?) {
        let spec = volume["spec"]
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
        source(spec)
        spec["storageClassName"].matches(Validation.dns1123Subdomain)
        if let mode = spec.present("volumeMode") { mode.mustBeOneOf(["Block", "Filesystem"]) }
        guard let old = old?["spec"] else { return }
        if sources(spec.value) != sources(old.value) {
            spec["persistentvolumesource"].forbid(
                "spec.persistentvolumesource is immutable after creation\n- \(Value.object(sources(old.value)))\n+ \(Value.object(sources(spec.value)))\n"
            )
        }
        spec["volumeMode"].immutable(since: old["volumeMode"])
        if !old.value["nodeAffinity"].isNull { spec["nodeAffinity"].immutable(since: old["nodeAffinity"]) }
    }

    private static func capacity(_ spec: Field) {
        let capacity = spec["capacity"]
        if !capacity.require() { return }
        if capacity.value["storage"].isNull || capacity.value.fields.count > 1 { capacity.unsupported(["storage"]) }
        for (_, amount) in spec.entries("capacity") {
            if let quantity = amount.quantity, quantity <= .zero { amount.refuse(.string(quantity.description), Words.positive) }
        }
    }

    private static func sources(_ spec: Value) -> Fields {
        var fields = spec.fields
        fields.removeAll { name, _ in others.contains(name) }
        return fields
    }

    private static func source(_ spec: Field) {
        var found = 0
        for (kind, _) in sources(spec.value) {
            found += 1
            let source = spec[kind]
            if found > 1 {
                source.forbid("may not specify more than 1 volume type")
                continue
            }
            for field in requiredFields[kind] ?? [] { source[field].require() }
            switch kind {
            case "hostPath":
                source["path"].noBacksteps()
                source["type"].oneOf(["BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])
                if source.text("path") == "/", spec.text("persistentVolumeReclaimPolicy") == "Recycle" {
                    spec["persistentVolumeReclaimPolicy"].forbid("may not be 'recycle' for a hostPath mount of '/'")
                }
            case "local":
                source["path"].noBacksteps()
                if spec.value["nodeAffinity"].isNull { spec["nodeAffinity"].missing("Local volume requires node affinity") }
            case "csi": StorageNames.driver(source["driver"])
            default: break
            }
        }
        if found == 0 { spec.missing("must specify a volume type") }
    }
}
