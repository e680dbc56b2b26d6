import ObjectModel

/// The rules of a pod's volumes: a name of its own, one source, and what that source needs.
enum VolumeValidation {
    /// The volumes of a pod: the source of each, by name.
    struct Volumes {
        fileprivate var kinds: [(name: String, kind: String)] = []

        func kind(of name: String) -> String? { kinds.first { $0.name == name }?.kind }
    }

    static func check(_ spec: Field, _ place: PodSpecValidation.Place) -> Volumes {
        var volumes = Volumes()
        var names = Names()
        for volume in spec.elements("volumes") {
            let kind = source(volume)
            volume["name"].requireMatch(Validation.dns1123Label)
            names.insertUnique(volume["name"])
            volumes.kinds.append((volume.text("name"), kind))
        }
        return volumes
    }

    /// The name of the one source.
    private static func source(_ volume: Field) -> String {
        var found = ""
        for (kind, member) in volume.value.fields where kind != "name" && !member.isNull {
            if !found.isEmpty {
                volume[kind].forbid("may not specify more than 1 volume type")
                continue
            }
            found = kind
            let source = volume[kind]
            for field in requiredFields[kind] ?? [] { source[field].require() }
            details[kind]?(source)
        }
        if found.isEmpty { volume.missing("must specify a volume type") }
        return found
    }

    /// Fields that a source can't do without.
    private static let requiredFields: [String: [String]] = [
        "hostPath": ["path"], "gitRepo": ["repository"], "gcePersistentDisk": ["pdName"], "awsElasticBlockStore": ["volumeID"],
        "secret": ["secretName"], "nfs": ["server", "path"], "iscsi": ["targetPortal", "iqn"], "glusterfs": ["endpoints", "path"],
        "persistentVolumeClaim": ["claimName"], "rbd": ["monitors", "image"], "cinder": ["volumeID"], "cephfs": ["monitors"],
        "quobyte": ["registry", "volume"], "configMap": ["name"], "azureFile": ["secretName", "shareName"], "azureDisk": ["diskName", "diskURI"],
        "vsphereVolume": ["volumePath"], "photonPersistentDisk": ["pdID"], "portworxVolume": ["volumeID"],
        "scaleIO": ["gateway", "system", "volumeName"], "csi": ["driver"], "flexVolume": ["driver"], "image": ["reference"],
        "ephemeral": ["volumeClaimTemplate"], "storageos": ["volumeName"],
    ]

    private typealias Detail = @Sendable (Field) -> Void

    private static let details: [String: Detail] = [
        "hostPath": { source in
            source["path"].noBacksteps()
            source["type"].oneOf(["BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])
        },
        "emptyDir": { source in
            if let limit = source["sizeLimit"].quantity, limit < .zero {
                source["sizeLimit"].forbid("SizeLimit field must be a valid resource quantity")
            }
        },
        "gitRepo": { $0["directory"].localFilePath() },
        "gcePersistentDisk": { $0["partition"].inRange(0...255) },
        "awsElasticBlockStore": { $0["partition"].inRange(0...255) },
        "nfs": { if !$0.text("path").isEmpty, !$0.text("path").hasPrefix("/") { $0["path"].refuse("must be an absolute path") } },
        "iscsi": { $0["lun"].inRange(0...255) },
        "flocker": { source in
            let (name, id) = (source.text("datasetName"), source.text("datasetUUID"))
            if name.isEmpty, id.isEmpty { source.missing("one of datasetName and datasetUUID is required") }
            if !name.isEmpty, !id.isEmpty {
                source.refuse("resource", "datasetName and datasetUUID can not be specified simultaneously")
            }
        },
        "fc": { source in
            if source["targetWWNs"].isEmpty == source["wwids"].isEmpty {
                source["targetWWNs"].missing("must specify either targetWWNs or wwids, but not both")
            }
            if !source["targetWWNs"].isEmpty { source["lun"].requirePresent("lun is required if targetWWNs is specified") }
            source["lun"].inRange(0...255)
        },
        "secret": fileSource, "configMap": fileSource, "downwardAPI": downwardFiles, "projected": projected,
        "csi": { source in
            StorageNames.driver(source["driver"])
            if let reference = source.present("nodePublishSecretRef") { reference["name"].require() }
        },
        "ephemeral": { source in
            if let template = source.present("volumeClaimTemplate") { PersistentVolumeClaimValidation.spec(template["spec"]) }
        },
        "image": { if let policy = $0.nonEmpty("pullPolicy") { ContainerValidation.pullPolicy(policy) } },
    ]

    // MARK: Files

    private static func mode(_ field: Field) {
        if let mode = field.value.integer, !(0...0o777).contains(mode) {
            field.refuse("must be a number between 0 and 0777 (octal), both inclusive")
        }
    }

    @Sendable private static func fileSource(_ source: Field) {
        mode(source["defaultMode"])
        items(source)
    }

    private static func items(_ source: Field) {
        for item in source.elements("items") {
            item["key"].require()
            if item["path"].require() { item["path"].localFilePath() }
            mode(item["mode"])
        }
    }

    @Sendable private static func downwardFiles(_ source: Field) {
        mode(source["defaultMode"])
        for file in source.elements("items") {
            if file["path"].require() { file["path"].localFilePath() }
            mode(file["mode"])
            let (field, resource) = (file.present("fieldRef"), file.present("resourceFieldRef"))
            if let field {
                EnvironmentValidation.fieldReference(field, EnvironmentValidation.volumeFields)
                if resource != nil { file.refuse("resource", "fieldRef and resourceFieldRef can not be specified simultaneously") }
            } else if let resource {
                EnvironmentValidation.resourceReference(resource, inVolume: true)
            } else {
                file.missing("one of fieldRef and resourceFieldRef is required")
            }
        }
    }

    @Sendable private static func projected(_ volume: Field) {
        mode(volume["defaultMode"])
        for source in volume.elements("sources") {
            var count = 0
            for (kind, _) in source.value.fields {
                count += 1
                if count > 1 {
                    source.forbid("may not specify more than 1 volume type")
                } else {
                    projection(source[kind], kind)
                }
            }
        }
    }

    private static func projection(_ source: Field, _ kind: String) {
        switch kind {
        case "secret", "configMap":
            source["name"].require()
            items(source)
        case "downwardAPI": downwardFiles(source)
        case "serviceAccountToken":
            if let lifetime = source.present("expirationSeconds") {
                if lifetime.number < 600 { lifetime.refuse("may not specify a duration less than 10 minutes") }
                if lifetime.number > 1 << 32 { lifetime.refuse("may not specify a duration larger than 2^32 seconds") }
            }
            if source["path"].require() { source["path"].localFilePath() }
        case "clusterTrustBundle":
            if source["name"].isAbsent == source["signerName"].isAbsent {
                source.missing("either name or signerName must be specified")
            }
            if source["path"].require() { source["path"].localFilePath() }
            source["labelSelector"].labelSelector()
        default: break
        }
    }
}
