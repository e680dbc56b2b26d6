import ObjectModel

/// The rules of `metadata`: names, labels, annotations, finalizers, owners.
enum MetadataValidation {
    /// Bytes of all annotations of an object together, at most.
    private static let annotationsMax = 256 * 1024

    static func validate(_ object: Value, old: Value?, definition: ResourceDefinition) -> [FieldError] {
        let metadata = object["metadata"]
        var errors: [FieldError] = []
        if old == nil { errors += name(object, definition) }
        errors += labels(metadata["labels"], "metadata.labels")
        errors += annotations(metadata["annotations"])
        for (index, finalizer) in metadata["finalizers"].array.enumerated() {
            let text = finalizer.string ?? ""
            for problem in Validation.qualifiedName(text) { errors.append(.invalid("metadata.finalizers[\(index)]", finalizer, problem)) }
            if !text.contains("/"), !standardFinalizers.contains(text) {
                errors.append(
                    .invalid("metadata.finalizers[\(index)]", finalizer, "name is neither a standard finalizer name nor is it fully qualified"))
            }
        }
        errors += owners(metadata["ownerReferences"])
        return errors
    }

    private static let standardFinalizers: Set<String> = ["kubernetes", "orphan", "foregroundDeletion"]

    // MARK: Names

    private static func name(_ object: Value, _ definition: ResourceDefinition) -> [FieldError] {
        let metadata = object["metadata"]
        var errors: [FieldError] = []
        if let base = metadata["generateName"].string, !base.isEmpty {
            // A generated name ends in more letters, so its beginning may end in a dash.
            let stem = base.hasSuffix("-") ? String(base.dropLast()) : base
            for problem in check(stem.isEmpty ? base : stem, definition) { errors.append(.invalid("metadata.generateName", .string(base), problem)) }
        }
        guard let name = metadata["name"].string, !name.isEmpty else {
            return errors + [.required("metadata.name", "name or generateName is required")]
        }
        for problem in check(name, definition) { errors.append(.invalid("metadata.name", .string(name), problem)) }
        return errors
    }

    private static func check(_ name: String, _ definition: ResourceDefinition) -> [String] {
        switch (definition.group, definition.plural) {
        case ("", "namespaces"): Validation.dns1123Label(name)
        case ("", "services"): Validation.dns1035Label(name)
        case ("rbac.authorization.k8s.io", _): Validation.pathSegmentName(name)
        case ("networking.k8s.io", "ipaddresses"), ("", "events"), ("events.k8s.io", "events"): Validation.pathSegmentName(name)
        default: Validation.dns1123Subdomain(name)
        }
    }

    // MARK: Labels and annotations

    static func labels(_ labels: Value, _ path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (key, value) in labels.fields {
            for problem in Validation.qualifiedName(key) { errors.append(.invalid(path, .string(key), problem)) }
            for problem in Validation.labelValue(value.string ?? "") { errors.append(.invalid(path, value, problem)) }
        }
        return errors
    }

    private static func annotations(_ annotations: Value) -> [FieldError] {
        var errors: [FieldError] = []
        var size = 0
        for (key, value) in annotations.fields {
            // Annotations may be written in capitals, labels may not.
            for problem in Validation.qualifiedName(key.lowercased()) { errors.append(.invalid("metadata.annotations", .string(key), problem)) }
            size += key.utf8.count + (value.string ?? "").utf8.count
        }
        if size > annotationsMax { errors.append(.tooLong("metadata.annotations", max: annotationsMax)) }
        return errors
    }

    // MARK: Owners

    private static func owners(_ references: Value) -> [FieldError] {
        var errors: [FieldError] = []
        var controllers: [String] = []
        for (index, reference) in references.array.enumerated() {
            let path = "metadata.ownerReferences[\(index)]"
            for (field, words) in [
                ("apiVersion", "version must not be empty"), ("kind", "must not be empty"), ("name", "must not be empty"),
                ("uid", "must not be empty"),
            ]
            where (reference[field].string ?? "").isEmpty {
                errors.append(.invalid("\(path).\(field)", reference[field].isNull ? "" : reference[field], words))
            }
            if reference["controller"].bool == true { controllers.append(reference["name"].string ?? "") }
        }
        if controllers.count > 1 {
            errors.append(
                .invalid(
                    "metadata.ownerReferences", references,
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(controllers[0]) and \(controllers[1])"))
        }
        return errors
    }
}
