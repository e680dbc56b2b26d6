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
        errors += annotations(metadata["annotations"], "metadata.annotations")
        errors += owners(metadata["ownerReferences"])
        errors += finalizers(metadata["finalizers"])
        return errors
    }

    // MARK: Finalizers

    private static func finalizers(_ finalizers: Value) -> [FieldError] {
        var errors: [FieldError] = []
        for finalizer in finalizers.array {
            for problem in Validation.qualifiedName(finalizer.string ?? "") { errors.append(.invalid("metadata.finalizers", finalizer, problem)) }
        }
        let given = finalizers.strings
        if given.contains("orphan"), given.contains("foregroundDeletion") {
            errors.append(.invalid("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set"))
        }
        for (index, finalizer) in given.enumerated() { errors += kubeFinalizer(finalizer, "metadata.finalizers[\(index)]") }
        return errors
    }

    /// A finalizer without a domain is one of the API's own.
    static func kubeFinalizer(_ name: String, _ path: String) -> [FieldError] {
        if name.contains("/") || standardFinalizers.contains(name) { return [] }
        return [.invalid(path, .string(name), "name is neither a standard finalizer name nor is it fully qualified")]
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
        case ("", "namespaces"), ("apps", "statefulsets"): Validation.dns1123Label(name)
        case ("", "services"): Validation.dns1035Label(name)
        case ("rbac.authorization.k8s.io", _), ("certificates.k8s.io", "certificatesigningrequests"): Validation.pathSegmentName(name)
        case ("networking.k8s.io", "ipaddresses"): Validation.ip(name)
        case ("", "events"), ("events.k8s.io", "events"): Validation.pathSegmentName(name)
        case ("certificates.k8s.io", "certificatesigningrequests"): Validation.pathSegmentName(name)
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

    static func annotations(_ annotations: Value, _ path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var size = 0
        for (key, value) in annotations.fields {
            // Annotations may be written in capitals, labels may not.
            for problem in Validation.qualifiedName(key.lowercased()) { errors.append(.invalid(path, .string(key), problem)) }
            size += key.utf8.count + (value.string ?? "").utf8.count
        }
        if size > annotationsMax { errors.append(.tooLong(path, max: annotationsMax)) }
        return errors
    }

    // MARK: Owners

    private static func owners(_ references: Value) -> [FieldError] {
        var errors: [FieldError] = []
        var controllers: [String] = []
        let path = "metadata.ownerReferences"
        for reference in references.array {
            func text(_ field: String) -> String { reference[field].string ?? "" }
            // Of `a/b/c` nothing is a version.
            let parts = text("apiVersion").split(separator: "/", omittingEmptySubsequences: false)
            if text("apiVersion").isEmpty || parts.count > 2 || parts.last?.isEmpty == true {
                errors.append(.invalid("\(path).apiVersion", .string(text("apiVersion")), "version must not be empty"))
            }
            for field in ["kind", "name", "uid"] where text(field).isEmpty {
                errors.append(.invalid("\(path).\(field)", "", "must not be empty"))
            }
            if text("apiVersion") == "v1", text("kind") == "Event" {
                errors.append(.invalid(path, reference, "/v1, Kind=Event is disallowed from being an owner"))
            }
            guard reference["controller"].bool == true else { continue }
            controllers.append("\(text("kind"))/\(text("name"))")
            guard controllers.count > 1 else { continue }
            errors.append(
                .invalid(
                    path, references,
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(controllers[0]) and \(controllers[controllers.count - 1])"
                ))
        }
        return errors
    }
}
