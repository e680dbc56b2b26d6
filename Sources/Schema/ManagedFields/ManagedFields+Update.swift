import ObjectModel

extension ManagedFields {
    /// How many managers with the operation Update an object has; the oldest beyond become one.
    public static let updateManagersMax = 10

    /// Who stands for those that became too many.
    public static let ancientChanges = "ancient-changes"

    /// Notes that `manager` made a change: it owns what it set, and nobody else does any longer. A change of nothing changes nothing.
    /// - Parameters:
    ///   - now: RFC 3339, in whole seconds.
    ///   - elsewhere: the same change in other versions than the one that is written in.
    public mutating func update(_ change: FieldComparison, by manager: Manager, at now: String, elsewhere: [String: FieldComparison] = [:]) {
        if change.isSame { return }
        take(change.changed, change.removed, elsewhere)
        if !change.changed.isEmpty {
            if let index = entries.firstIndex(where: { $0.manager.isSame(as: manager) }) {
                entries[index].fields = entries[index].fields.union(change.changed)
                entries[index].time = now
            } else {
                entries.append(Entry(manager: manager, time: now, fields: change.changed))
            }
        }
        capUpdateManagers()
    }

    /// Takes fields away from everyone but one.
    mutating func take(
        _ changed: FieldSet, _ removed: FieldSet, _ elsewhere: [String: FieldComparison], except applier: Manager? = nil
    ) {
        for index in entries.indices where !(applier.map { entries[index].manager.isSame(as: $0) } ?? false) {
            let other = elsewhere.isEmpty ? nil : elsewhere[entries[index].manager.apiVersion]
            for fields in [other?.changed ?? changed, other?.removed ?? removed] where !entries[index].fields.isDisjoint(with: fields) {
                entries[index].fields = entries[index].fields.subtracting(fields)
            }
        }
        entries.removeAll { $0.fields.isEmpty }
    }

    /// Of the managers beyond the cap, the oldest of each version become one.
    private mutating func capUpdateManagers() {
        var excess = entries.count(where: { $0.manager.operation == .update }) - Self.updateManagersMax
        guard excess > 0 else { return }
        let updates = entries.filter { $0.manager.operation == .update }
        let oldestFirst = updates.sorted { ($0.time ?? "", $0.manager.name) < ($1.time ?? "", $1.manager.name) }
        var firstOfVersion: [String: Manager] = [:]
        for entry in oldestFirst where excess > 0 {
            let bucket = Manager(name: Self.ancientChanges, operation: .update, apiVersion: entry.manager.apiVersion)
            guard let first = firstOfVersion[bucket.apiVersion] else {
                firstOfVersion[bucket.apiVersion] = entry.manager
                continue
            }
            if self.entry(of: bucket) == nil, let index = entries.firstIndex(where: { $0.manager.isSame(as: first) }) {
                entries[index].manager = bucket
            }
            guard let index = entries.firstIndex(where: { $0.manager.isSame(as: bucket) }), !entry.manager.isSame(as: bucket) else { continue }
            // The later time is the one of what is merged in.
            entries[index].fields = entries[index].fields.union(entry.fields)
            entries[index].time = entry.time
            entries.removeAll { $0.manager.isSame(as: entry.manager) }
            excess -= 1
        }
    }
}
