import ObjectModel

/// The rules of a pod's volumes: a name of its own, one source, and what that source needs.
enum VolumeValidation {
    /// The volumes of a pod: the source of each, by name.
    struct Volumes {
        fileprivate var kinds: [(name: String, kind: String)] = []

        func kind(of name: String) -> String? { kinds.first { $0.name == name }?.kind }
    }

    /// - Parameter pod: the pod's name, where it is one that has a name.
    static func check(_ spec: Field, _ place: PodSpecValidation.Place, pod: String) -> Volumes {
        var volumes = Volumes()
        var names = Names()
        let list = spec.elements("volumes")
        let created = pod.isEmpty ? [] : Set(list.filter { $0.present("ephemeral") != nil }.map { "\(pod)-\($0.text("name"))" })
        for volume in list {
            let found = spec.findings.errors.count
            let kind = source(volume, place, pod: pod)
            volume["name"].requireMatch(Validation.dns1123Label)
            if names.contains(volume.text("name")) { volume["name"].duplicate() }
            // What is wrong isn't there to be mounted.
            if spec.findings.errors.count == found {
                names.insert(volume.text("name"))
                volumes.kinds.append((volume.text("name"), kind))
            }
            let claim = volume["persistentVolumeClaim"]["claimName"]
            if created.contains(claim.text) { claim.refuse("must not reference a PVC that gets created for an ephemeral volume") }
        }
        return volumes
    }

    /// The name of the one source.
    private static func source(_ volume: Field, _ place: PodSpecValidation.Place, pod: String) -> String {
        var found = ""
        for kind in VolumeSources.order where !volume.value[kind].isNull {
            if !found.isEmpty {
                volume[kind].forbid("may not specify more than 1 volume type")
                continue
            }
            found = kind
            VolumeSources.check(volume[kind], kind, isPersistent: false)
            details[kind]?(volume[kind])
            named(volume, kind, place, pod: pod)
        }
        if found.isEmpty { volume.missing("must specify a volume type") }
        return found
    }

    /// What depends on the volume's name or place.
    private static func named(_ volume: Field, _ kind: String, _ place: PodSpecValidation.Place, pod: String) {
        let name = volume.text("name")
        switch kind {
        case "iscsi":
            let portal = volume[kind].text("targetPortal")
            if volume[kind].present("initiatorName") != nil, name.utf8.count + 1 + portal.utf8.count > VolumeSources.initiatorMax {
                volume["name"].refuse(.string(name), VolumeSources.initiatorWords)
            }
        case "ephemeral":
            guard !pod.isEmpty, !name.isEmpty else { return }
            for problem in Validation.dns1123Subdomain("\(pod)-\(name)") {
                volume["name"].refuse(.string(name), "PVC name \"\(pod)-\(name)\": \(problem)")
            }
        case "image": if place == .pod { volume[kind]["reference"].require() }
        default: break
        }
    }

    private typealias Detail = @Sendable (Field) -> Void

    private static let details: [String: Detail] = [
        "emptyDir": { source in
            if let limit = source["sizeLimit"].quantity, limit < .zero {
                source["sizeLimit"].forbid("SizeLimit field must be a valid resource quantity")
            }
        },
        "gitRepo": { source in
            source["repository"].require()
            source["directory"].relativePath()
        },
        "secret": { source in
            source["secretName"].require()
            fileSource(source)
        },
        "configMap": { source in
            source["name"].require()
            fileSource(source)
        },
        "persistentVolumeClaim": { $0["claimName"].require() },
        "downwardAPI": { source in
            mode(source["defaultMode"])
            for file in source.elements("items") { downwardFile(file, at: source) }
        },
        "projected": projected,
        "ephemeral": { source in
            guard let template = source.present("volumeClaimTemplate") else { return source["volumeClaimTemplate"].missing() }
            templateMetadata(template["metadata"])
            PersistentVolumeClaimValidation.spec(template["spec"])
        },
        "image": { ContainerValidation.pullPolicy($0["pullPolicy"]) },
    ]

    /// What is made from a template has labels and annotations of it, and nothing else.
    private static func templateMetadata(_ metadata: Field) {
        for error in MetadataValidation.annotations(metadata.value["annotations"], metadata["annotations"].path) { metadata.findings.report(error) }
        metadata["labels"].labels()
        for field in ["name", "generateName", "namespace", "ownerReferences", "finalizers"] { metadata[field].mustBeEmpty("cannot be set") }
    }

    // MARK: Files

    private static func mode(_ field: Field) {
        if let mode = field.value.integer, !(0...0o777).contains(mode) {
            field.refuse("must be a number between 0 and 0777 (octal), both inclusive")
        }
    }

    private static func fileSource(_ source: Field) {
        mode(source["defaultMode"])
        for item in source.elements("items") { keyToPath(item) }
    }

    private static func keyToPath(_ item: Field) {
        item["key"].require()
        if item["path"].require() { item["path"].localFilePath() }
        mode(item["mode"])
    }

    /// Upstream reports on the source, not on the file.
    private static func downwardFile(_ file: Field, at source: Field) {
        func field(_ name: String) -> Field { source[name].showing(file.value[name]) }
        if field("path").require() { field("path").localFilePath() }
        if file.present("fieldRef") != nil {
            EnvironmentValidation.fieldReference(field("fieldRef"), EnvironmentValidation.volumeFields)
            if file.present("resourceFieldRef") != nil {
                source.refuse("resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
            }
        } else if file.present("resourceFieldRef") != nil {
            EnvironmentValidation.resourceReference(field("resourceFieldRef"), inVolume: true)
        } else {
            source.missing("one of fieldRef and resourceFieldRef is required")
        }
        mode(field("mode"))
    }

    // MARK: Projections

    @Sendable private static func projected(_ volume: Field) {
        mode(volume["defaultMode"])
        var paths: Set<String> = []
        /// Two files can't have one place.
        func place(_ path: String, shown: String) {
            if !path.isEmpty, !paths.insert(path).inserted { volume.refuse(.string(shown), "conflicting duplicate paths") }
        }
        for source in volume.elements("sources") {
            for kind in ["secret", "configMap"] {
                guard let files = source.present(kind) else { continue }
                files["name"].require()
                for item in files.elements("items") {
                    keyToPath(item)
                    place(item.text("path"), shown: files.text("name"))
                }
            }
            if let files = source.present("downwardAPI") {
                for file in files.elements("items") {
                    downwardFile(file, at: files)
                    place(file.text("path"), shown: file.text("path"))
                }
            }
            if let token = source.present("serviceAccountToken") { self.token(token, in: volume) }
            if let bundle = source.present("clusterTrustBundle") {
                trustBundle(bundle)
                place(bundle.text("path"), shown: bundle.text("path"))
            }
            if source.value.fields.filter({ !$0.value.isNull }).count > 1 { source.forbid("may not specify more than 1 volume type per source") }
        }
    }

    private static func token(_ token: Field, in volume: Field) {
        if let lifetime = token.present("expirationSeconds") {
            if lifetime.number < 600 { lifetime.refuse("may not specify a duration less than 10 minutes") }
            if lifetime.number > 1 << 32 { lifetime.refuse("may not specify a duration larger than 2^32 seconds") }
        }
        // Upstream reports it on the volume.
        let path = volume["path"].showing(token.value["path"])
        if path.require() { path.localFilePath() }
    }

    private static func trustBundle(_ bundle: Field) {
        switch (bundle.present("name"), bundle.present("signerName")) {
        case (.some, .some): bundle.refuse("only one of name and signerName may be used")
        case (let name?, nil):
            name.require("must be a valid object name")
            if bundle.present("labelSelector") != nil { bundle["labelSelector"].refuse("labelSelector must be unset if name is specified") }
        case (nil, let signer?):
            signer.require("must be a valid signer name")
            bundle["labelSelector"].labelSelector()
        case (nil, nil): bundle.missing("either name or signerName must be specified")
        }
        if bundle["path"].require() { bundle["path"].localFilePath() }
    }
}
