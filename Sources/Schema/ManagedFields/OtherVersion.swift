import ObjectModel

/// Another version that a kind is served in. The fields of a manager are those of the version that it wrote in, so a write in one version is compared
/// with the entries of the other in that one.
public struct OtherVersion: Sendable {
    public let apiVersion: String
    public let type: TypeDefinition

    /// From the version that is written in to this one, and back.
    public let converted: @Sendable (Value) -> Value
    public let back: @Sendable (Value) -> Value

    public init(
        apiVersion: String, type: TypeDefinition, converted: @escaping @Sendable (Value) -> Value, back: @escaping @Sendable (Value) -> Value
    ) {
        self.apiVersion = apiVersion
        self.type = type
        self.converted = converted
        self.back = back
    }

    /// What differs between two states of an object, both in the version that is written in.
    public func comparison(from old: Value?, to object: Value) -> FieldComparison {
        FieldComparison(from: old.map(converted), to: converted(object), type: type)
    }
}

extension ManagedFields {
    /// What a write changes, in each of the other versions that a manager has an entry of.
    public func changes(from old: Value?, to object: Value, in versions: [OtherVersion]) -> [String: FieldComparison] {
        var changes: [String: FieldComparison] = [:]
        for version in versions where entries.contains(where: { $0.manager.apiVersion == version.apiVersion }) {
            changes[version.apiVersion] = version.comparison(from: old, to: object)
        }
        return changes
    }

    /// Takes out what the manager applied last time and nobody owns now, where several versions have a say.
    /// - Parameter last: in the version of `applied`, or that which is written in where it is nil.
    func pruning(_ merged: Value, _ last: FieldSet, appliedIn applied: OtherVersion?, _ type: TypeDefinition, _ versions: [OtherVersion]) -> Value {
        let lastType = applied?.type ?? type
        let last = last.withNamedFields(lastType)
        func fields(_ object: Value, _ type: TypeDefinition) -> FieldSet { FieldSet(ofLive: object, type: type).withNamedFields(type) }
        func owned(in version: OtherVersion?) -> FieldSet {
            entries.filter { entry in
                if let version { return entry.manager.apiVersion == version.apiVersion }
                return !versions.contains { $0.apiVersion == entry.manager.apiVersion }
            }.reduce(FieldSet()) { $0.union($1.fields) }.withNamedFields(version?.type ?? type)
        }

        let start = applied?.converted(merged) ?? merged
        var pruned = TypedRemoval.remove(last, from: start, type: lastType)
        pruned = applied?.back(pruned) ?? pruned
        // What someone owns comes back, version by version: each sees the object in its own. The one that was applied last goes first, for it has what
        // the conversion needs.
        for version in [applied] + ([nil] + versions.map(Optional.some)).filter({ $0?.apiVersion != applied?.apiVersion }) {
            let owned = owned(in: version)
            if owned.isEmpty { continue }
            let type = version?.type ?? type
            let whole = version?.converted(merged) ?? merged
            let left = version?.converted(pruned) ?? pruned
            let gone = fields(whole, type).subtracting(fields(left, type).union(owned))
            let restored = TypedRemoval.remove(gone, from: whole, type: type)
            pruned = version?.back(restored) ?? restored
        }
        // And so does what went only because something above it did, though it was never applied.
        let end = applied?.converted(pruned) ?? pruned
        let gone = fields(start, lastType).subtracting(fields(end, lastType)).intersection(last)
        let result = TypedRemoval.remove(gone, from: start, type: lastType)
        return applied?.back(result) ?? result
    }
}
