import ObjectModel

/// Fields that an applied configuration sets to another value than the manager who owns them.
public struct ApplyConflict: Error, Sendable, Equatable {
    /// By manager, then path.
    public var conflicts: [(manager: ManagedFields.Manager, path: [String])]

    public static func == (left: ApplyConflict, right: ApplyConflict) -> Bool {
        left.conflicts.elementsEqual(right.conflicts) { $0.manager == $1.manager && $0.path == $1.path }
    }

    /// The fields in dispute.
    public var fields: FieldSet { FieldSet(paths: conflicts.map(\.path)) }

    /// The conflicts over other fields than these.
    public func subtracting(_ fields: FieldSet) -> ApplyConflict { ApplyConflict(conflicts: conflicts.filter { !fields.contains($0.path) }) }
}

/// What an apply comes to.
public struct Applied: Sendable {
    /// The object, not yet checked and completed.
    public var object: Value
    public var managedFields: ManagedFields
}

extension ManagedFields {
    /// Applies a configuration: the object gets what it says, loses what the manager said before and nobody else owns, and the manager owns the
    /// fields of the configuration, together with whoever else has set them to the same values.
    /// - Parameters:
    ///   - fields: the fields of the configuration, without those that can't be owned.
    ///   - isForced: takes fields from other managers instead of reporting conflicts.
    ///   - versions: the other ones that the kind is served in.
    public func applying(
        _ configuration: Value, _ fields: FieldSet, to live: Value, type: TypeDefinition, by manager: Manager, at now: String, isForced: Bool,
        ignoring ignored: FieldSet, versions: [OtherVersion] = []
    ) throws(ApplyConflict) -> Applied {
        var managed = self
        let lastEntry = entry(of: manager)
        let last = lastEntry?.fields ?? FieldSet()
        let lastVersion = versions.first { $0.apiVersion == lastEntry?.manager.apiVersion }
        managed.entries.removeAll { $0.manager.isSame(as: manager) }
        managed.entries.append(Entry(manager: manager, time: now, fields: fields))
        var object = TypedMerge.merge(configuration, into: live, type: type)
        if versions.isEmpty {
            if !last.isSubset(of: fields) { object = managed.pruning(object, last, type) }
        } else if lastVersion != nil || !last.isSubset(of: fields) {
            object = managed.pruning(object, last, appliedIn: lastVersion, type, versions)
        }

        let comparison = FieldComparison(from: live, to: object, type: type)
        let changed = comparison.changed.subtractingAll(under: ignored)
        let elsewhere = managed.changes(from: live, to: object, in: versions).mapValues { $0.subtracting(FieldSet(), andAllUnder: ignored) }
        if !isForced { try managed.checkConflicts(changed, elsewhere, manager) }
        managed.take(changed, comparison.removed.subtractingAll(under: ignored), elsewhere, except: manager)
        return Applied(object: object, managedFields: managed)
    }

    private func checkConflicts(
        _ changed: FieldSet, _ elsewhere: [String: FieldComparison], _ applier: Manager
    ) throws(ApplyConflict) {
        var conflicts: [(manager: Manager, path: [String])] = []
        let others = entries.filter { !$0.manager.isSame(as: applier) }.sorted { $0.manager.description < $1.manager.description }
        for entry in others {
            let changed = elsewhere[entry.manager.apiVersion]?.changed ?? changed
            if entry.fields.isDisjoint(with: changed) { continue }
            conflicts += entry.fields.intersection(changed).paths.map { (entry.manager, $0) }
        }
        if !conflicts.isEmpty { throw ApplyConflict(conflicts: conflicts) }
    }

    /// Takes out what the manager applied last time and nobody owns now. What an element or object that goes holds beside, goes with it.
    private func pruning(_ merged: Value, _ last: FieldSet, _ type: TypeDefinition) -> Value {
        let last = last.withNamedFields(type)
        let there = FieldSet(ofLive: merged, type: type).withNamedFields(type)
        func fields(of object: Value) -> FieldSet { FieldSet(ofLive: object, type: type).withNamedFields(type) }

        // All that was applied last, and below it everything, goes; then comes back what someone owns.
        let pruned = TypedRemoval.remove(last, from: merged, type: type)
        let owned = entries.reduce(FieldSet()) { $0.union($1.fields) }.withNamedFields(type)
        let withOwned = TypedRemoval.remove(there.subtracting(fields(of: pruned).union(owned)), from: merged, type: type)

        // What is gone only because something above it went, though it was never applied, comes back too.
        let gone = there.subtracting(fields(of: withOwned)).intersection(last)
        return TypedRemoval.remove(gone, from: merged, type: type)
    }
}
