import ObjectModel

/// The rules of the kinds of storage that volumes of pods and persistent volumes have in common.
enum VolumeSources {
    /// In the order in which upstream looks at them: of two, the second is one too many.
    static let order = [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs", "flocker",
        "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume",
        "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
    ]

    static let orderOfPersistent = [
        "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs", "iscsi", "cinder", "fc",
        "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi",
    ]

    /// Fields that a source can't do without.
    private static let requiredFields: [String: [String]] = [
        "rbd": ["monitors", "image"], "cephfs": ["monitors"], "vsphereVolume": ["volumePath"], "photonPersistentDisk": ["pdID"],
        "portworxVolume": ["volumeID"], "scaleIO": ["gateway", "system", "volumeName"], "glusterfs": ["endpoints", "path"],
        "azureFile": ["secretName", "shareName"], "cinder": ["volumeID"], "flexVolume": ["driver"],
    ]

    static func check(_ source: Field, _ kind: String, isPersistent: Bool) {
        for field in requiredFields[kind] ?? [] { source[field].require() }
        switch kind {
        case "hostPath": hostPath(source)
        case "gcePersistentDisk", "awsElasticBlockStore": disk(source, kind)
        case "nfs":
            source["server"].require()
            source["path"].require()
            if !source.text("path").hasPrefix("/") { source["path"].refuse(.string(source.text("path")), "must be an absolute path") }
        case "iscsi": iscsi(source, isPersistent: isPersistent)
        case "flocker": flocker(source)
        case "glusterfs":
            guard isPersistent, let namespace = source.present("endpointsNamespace") else { break }
            if namespace.isEmpty { namespace.refuse("if the endpointnamespace is set, it must be a valid namespace name") }
            namespace.matches(Validation.dns1123Label)
        case "cinder": reference(source["secretRef"], isPersistent: isPersistent)
        case "quobyte": quobyte(source)
        case "fc": fibreChannel(source)
        case "flexVolume": options(source)
        case "azureFile": if isPersistent, let namespace = source.present("secretNamespace") { namespace.require() }
        case "azureDisk": azureDisk(source)
        case "storageos":
            source["volumeName"].requireMatch(Validation.dns1123Label)
            source["volumeNamespace"].matches(Validation.dns1123Label)
            reference(source["secretRef"], isPersistent: isPersistent)
        case "local": if source["path"].require() { source["path"].noBacksteps() }
        case "csi": csi(source, isPersistent: isPersistent)
        default: break
        }
    }

    private static func reference(_ secret: Field, isPersistent: Bool) {
        guard !secret.isAbsent else { return }
        secret["name"].require()
        if isPersistent { secret["namespace"].require() }
    }

    // MARK: One by one

    private static func hostPath(_ source: Field) {
        guard source["path"].require() else { return }
        source["path"].noBacksteps()
        if let type = source.present("type") {
            type.mustBeOneOf(["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"])
        }
    }

    private static func disk(_ source: Field, _ kind: String) {
        // Upstream has another name for one of them here.
        let place = kind == "gcePersistentDisk" ? source.sibling("persistentDisk") : source
        place[kind == "gcePersistentDisk" ? "pdName" : "volumeID"].require()
        place["partition"].inRange(0...255)
    }

    static let initiatorMax = 64
    static let initiatorWords =
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."

    private static func iscsi(_ source: Field, isPersistent: Bool) {
        source["targetPortal"].require()
        let unknown = isPersistent ? "must be valid format" : "must be valid format starting with iqn, eui, or naa"
        if source["iqn"].require(), let problem = initiatorProblem(source.text("iqn"), unknown) { source["iqn"].refuse(problem) }
        source["lun"].inRange(0...255)
        if source.isTrue("chapAuthDiscovery") || source.isTrue("chapAuthSession"), source["secretRef"].isAbsent { source["secretRef"].missing() }
        if isPersistent, !source["secretRef"].isAbsent { source["secretRef"]["name"].require() }
        if let initiator = source.present("initiatorName"), let problem = initiatorProblem(initiator.text, unknown) {
            source["initiatorname"].refuse(initiator.value, problem)
        }
    }

    /// `iqn.2001-04.com.example:storage`, `eui.` and 16 letters and digits, `naa.` and 32.
    private static func initiatorProblem(_ name: String, _ unknown: String) -> String? {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        func isDigits(_ text: Substring, _ count: Int) -> Bool {
            text.utf8.count == count && text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
        }
        let isRight: Bool
        if name.hasPrefix("iqn") {
            let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let labels = parts[0].split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
            let date = labels.count == 3 ? labels[1].split(separator: "-", omittingEmptySubsequences: false) : []
            isRight =
                parts.count == 2 && labels.count == 3 && labels[0] == "iqn" && date.count == 2 && isDigits(date[0], 4) && isDigits(date[1], 2)
                && !labels[2].isEmpty && labels[2].utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
                && !parts[1].isEmpty && !parts[1].contains { ",;*&$|".contains($0) || $0.isWhitespace }
        } else if name.hasPrefix("eui") || name.hasPrefix("naa") {
            let rest = name.utf8.dropFirst(4)
            isRight = rest.count == (name.hasPrefix("eui") ? 16 : 32) && rest.allSatisfy(isAlphanumeric)
        } else {
            return unknown
        }
        return isRight ? nil : "must be valid format"
    }

    private static func flocker(_ source: Field) {
        let (name, id) = (source.text("datasetName"), source.text("datasetUUID"))
        if name.isEmpty, id.isEmpty { source.missing("one of datasetName and datasetUUID is required") }
        if !name.isEmpty, !id.isEmpty { source.refuse("resource", "datasetName and datasetUUID can not be specified simultaneously") }
        if name.contains("/") { source["datasetName"].refuse("must not contain '/'") }
    }

    private static func quobyte(_ source: Field) {
        let words = "must be a host:port pair or multiple pairs separated by commas"
        if source["registry"].require(words) {
            if source.text("tenant").utf8.count >= 65 {
                source["tenant"].missing("must be a UUID and may not exceed a length of 64 characters")
            } else {
                for pair in source.text("registry").split(separator: ",", omittingEmptySubsequences: false) where !pair.contains(":") {
                    source["registry"].refuse(words)
                }
            }
        }
        source["volume"].require()
    }

    private static func fibreChannel(_ source: Field) {
        let names = source["targetWWNs"]
        switch (names.isEmpty, source["wwids"].isEmpty) {
        case (true, true): names.missing("must specify either targetWWNs or wwids, but not both")
        case (false, false): names.refuse("targetWWNs and wwids can not be specified simultaneously")
        default: break
        }
        if !names.isEmpty, source["lun"].requirePresent("lun is required if targetWWNs is specified") { source["lun"].inRange(0...255) }
    }

    private static func options(_ source: Field) {
        for (key, option) in source.entries("options") {
            let namespace = "." + (key.split(separator: "/", maxSplits: 1).first ?? "").lowercased()
            if namespace.hasSuffix(".kubernetes.io") || namespace.hasSuffix(".k8s.io") {
                option.refuse(.string(key), "kubernetes.io and k8s.io namespaces are reserved")
            }
        }
    }

    private static func azureDisk(_ source: Field) {
        source["diskName"].require()
        let address = source["diskURI"]
        address.require()
        if let caching = source.present("cachingMode") { caching.mustBeOneOf(["None", "ReadOnly", "ReadWrite"]) }
        guard let kind = source.present("kind") else { return }
        kind.mustBeOneOf(["Dedicated", "Managed", "Shared"])
        if kind.text == "Managed" {
            if !address.text.hasPrefix("/subscriptions/") {
                address.unsupported(["/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"])
            }
        } else if !address.text.hasPrefix("https://") {
            address.unsupported(["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"])
        }
    }

    private static func csi(_ source: Field, isPersistent: Bool) {
        source["driver"].require()
        StorageNames.driver(source["driver"])
        guard isPersistent else {
            guard let secret = source.present("nodePublishSecretRef") else { return }
            if secret["name"].require() {
                for problem in Validation.dns1123Subdomain(secret.text("name")) { source["name"].refuse(secret.value["name"], problem) }
            }
            return
        }
        source["volumeHandle"].require()
        for name in ["controllerPublishSecretRef", "controllerExpandSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"] {
            guard let secret = source.present(name) else { continue }
            secret["name"].requireMatch(Validation.dns1123Subdomain)
            secret["namespace"].requireMatch(Validation.dns1123Label)
        }
    }
}
