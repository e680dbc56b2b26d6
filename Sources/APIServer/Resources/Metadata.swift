import ObjectModel

/// The part of an object's metadata that belongs to the server.
enum Metadata {
    /// Names that `generateName` makes are cut to leave room for the suffix.
    private static let generatedBaseMax = 58

    static func prepareForCreate(
        _ object: inout Value, _ resource: ServedResource, _ context: WriteContext, _ environment: Environment
    ) throws(APIError) {
        if !object.resourceVersion.isEmpty {
            throw .badRequest("resourceVersion should not be set on objects to be created")
        }
        let base = object.metadata["generateName"].string ?? ""
        if object.name.isEmpty, !base.isEmpty {
            object.metadata["name"] = .string(String(base.prefix(generatedBaseMax)) + environment.suffix())
        }
        object.metadata["uid"] = .string(environment.uid())
        object.metadata["creationTimestamp"] = .string(context.now.rfc3339)
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "resourceVersion", "managedFields"] {
            object.metadata[field] = .null
        }
    }

    /// Keeps what a client can't change, and refuses to change what only a deletion changes. A uid that is put says which object is meant; a patch that
    /// has one would change it.
    static func prepareForUpdate(_ object: inout Value, old: Value, isPatch: Bool, _ resource: ServedResource) throws(APIError) {
        if !isPatch, !object.uid.isEmpty, object.uid != old.uid {
            throw resource.isAnother(object.uid, than: old)
        }
        let changed = ["uid", "deletionTimestamp", "deletionGracePeriodSeconds"].filter {
            !object.metadata[$0].isEmpty && object.metadata[$0] != old.metadata[$0]
        }
        if !changed.isEmpty {
            throw .invalid(
                kind: resource.definition.kind, group: resource.group, name: old.name,
                changed.map { .invalid("metadata.\($0)", object.metadata[$0], "field is immutable") })
        }
        for field in [
            "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "managedFields",
        ] {
            object.metadata[field] = old.metadata[field]
        }
        object.metadata["selfLink"] = .null
        if object.metadata["generateName"].isNull { object.metadata["generateName"] = old.metadata["generateName"] }
        if old.isBeingDeleted {
            let added = Set(object.finalizers).subtracting(old.finalizers).sorted()
            if !added.isEmpty {
                throw .invalid(
                    kind: resource.definition.kind, group: resource.group, name: old.name,
                    [
                        .forbidden(
                            "metadata.finalizers",
                            "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(added.map { "\"\($0)\"" }.joined(separator: ", "))}"
                        )
                    ])
            }
        }
    }

    /// Owners that an object names twice count once. Returns upstream's warning of it.
    static func dropRepeatedOwners(_ object: inout Value) -> [String] {
        let owners = object.metadata["ownerReferences"].array
        guard owners.count > 1 else { return [] }
        var kept: [Value] = []
        var repeated: [String] = []
        for owner in owners {
            if !kept.contains(owner) {
                kept.append(owner)
            } else if let uid = owner["uid"].string, !repeated.contains(uid) {
                repeated.append(uid)
            }
        }
        guard kept.count < owners.count else { return [] }
        object.metadata["ownerReferences"] = .array(kept)
        return [
            """
            .metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as \
            1.24; please fix your requests; duplicate UID(s) observed: \(repeated.joined(separator: ", "))
            """
        ]
    }

    /// Counts a change of anything but status and metadata, of which a few kinds count `metadata` too.
    static func countGeneration(_ object: inout Value, old: Value, counting metadata: String? = nil) {
        var left = object.fields
        var right = old.fields
        for field in ["metadata", "status", "apiVersion", "kind"] {
            left[field] = nil
            right[field] = nil
        }
        let isCounted = metadata.map { object.metadata[$0] != old.metadata[$0] } ?? false
        if isCounted || left != right { object.metadata["generation"] = Value(old.generation + 1) }
    }

    /// Whether nothing holds an object back that was deleted: no finalizer, no grace period.
    static func isDone(_ object: Value) -> Bool {
        object.isBeingDeleted && object.finalizers.isEmpty && object["spec"]["finalizers"].array.isEmpty
            && (object.metadata["deletionGracePeriodSeconds"].integer ?? 0) == 0
    }
}
