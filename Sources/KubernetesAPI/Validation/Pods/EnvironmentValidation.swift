import ObjectModel

/// The rules of `env` and `envFrom`.
enum EnvironmentValidation {
    static func check(_ container: Field) {
        for variable in container.elements("env") {
            variable["name"].requireMatch(Validation.relaxedEnvVarName)
            if let source = variable.present("valueFrom") { valueSource(source, hasValue: !variable.text("value").isEmpty) }
        }
        for source in container.elements("envFrom") {
            source["prefix"].matches(Validation.relaxedEnvVarName)
            let given = ["configMapRef", "secretRef"].compactMap { source.present($0) }
            for reference in given where reference["name"].require() {
                // Masked is what a generated name could end in.
                let name = reference.text("name")
                for problem in Validation.dns1123Subdomain(name.hasSuffix("-") ? name.dropLast() + "a" : name) { reference["name"].refuse(problem) }
            }
            if given.isEmpty { container["envFrom"].refuse("", "must specify one of: `configMapRef` or `secretRef`") }
            if given.count > 1 { container["envFrom"].refuse("", "may not have more than one field specified at a time") }
        }
    }

    private static func valueSource(_ source: Field, hasValue: Bool) {
        var count = 0
        if let field = source.present("fieldRef") {
            count += 1
            fieldReference(field, environmentFields)
        }
        if let resource = source.present("resourceFieldRef") {
            count += 1
            resourceReference(resource, inVolume: false)
        }
        for kind in ["configMapKeyRef", "secretKeyRef"] {
            guard let key = source.present(kind) else { continue }
            count += 1
            for problem in Validation.dns1123Subdomain(key.text("name")) { key["name"].refuse(.string(key.text("name")), problem) }
            key["key"].requireMatch(Validation.configMapKey)
        }
        if let file = source.present("fileKeyRef") {
            count += 1
            for field in ["volumeName", "path", "key"] { file[field].require() }
            file["path"].relativePath()
        }
        if count == 0 {
            source.refuse("", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`")
        } else if hasValue {
            source.refuse("", "may not be specified when `value` is not empty")
        } else if count > 1 {
            source.refuse("", "may not have more than one field specified at a time")
        }
    }

    // MARK: The downward API

    private static let environmentFields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs",
        "status.podIP", "status.podIPs",
    ]

    static let volumeFields = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"]

    /// All that a pod's field label may be, of which each place allows some.
    private static let known: Set<String> = Set(environmentFields + volumeFields + ["spec.restartPolicy", "spec.schedulerName", "status.phase"])

    static func fieldReference(_ reference: Field, _ supported: [String]) {
        if !reference["apiVersion"].require() { return }
        let path = reference["fieldPath"]
        if !path.require() { return }
        if reference.text("apiVersion") != "v1" {
            return path.refuse("error converting fieldPath: unsupported pod version: \(reference.text("apiVersion"))")
        }
        if let (owner, subscript_) = subscripted(path.text) {
            switch owner {
            case "metadata.annotations":
                for problem in Validation.qualifiedName(subscript_.lowercased()) { reference.refuse(.string(subscript_.lowercased()), problem) }
            case "metadata.labels":
                for problem in Validation.qualifiedName(subscript_) { reference.refuse(.string(subscript_), problem) }
            default: path.refuse("error converting fieldPath: field label does not support subscript: \(path.text)")
            }
        } else if !known.contains(path.text) {
            path.refuse("error converting fieldPath: field label not supported: \(path.text)")
        } else if !supported.contains(path.text) {
            path.unsupported(supported)
        }
    }

    /// `metadata.labels['app']` in its two parts.
    private static func subscripted(_ path: String) -> (String, String)? {
        guard path.hasSuffix("']") else { return nil }
        let parts = path.dropLast(2).split(separator: "['", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }

    private static let resources = ["cpu", "ephemeral-storage", "memory"].flatMap { ["limits.\($0)", "requests.\($0)"] }.sorted()

    static func resourceReference(_ reference: Field, inVolume: Bool) {
        if inVolume, !reference["containerName"].require() { return }
        let resource = reference["resource"]
        if !resource.require() { return }
        if !resources.contains(resource.text), !resource.text.hasPrefix("limits.hugepages-"), !resource.text.hasPrefix("requests.hugepages-") {
            resource.unsupported(resources)
        }
        divisor(reference, resource.text)
    }

    private static func divisor(_ reference: Field, _ resource: String) {
        guard let divisor = reference.nonEmpty("divisor"), divisor.text != "0" else { return }
        var kind = String(resource.split(separator: ".").last ?? "")
        if kind.hasPrefix("hugepages-") { kind = "hugepages" }
        guard ["cpu", "memory", "ephemeral-storage", "hugepages"].contains(kind) else { return }
        let supported = kind == "cpu" ? ["1m", "1"] : ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]
        guard !supported.contains(divisor.text) else { return }
        let name = kind == "ephemeral-storage" ? "local ephemeral storage" : kind
        let list = supported.count == 2 ? "1m and 1" : supported.joined(separator: ", ")
        divisor.refuse(.string(resource), "only divisor's values \(list) are supported with the \(name) resource")
    }
}
