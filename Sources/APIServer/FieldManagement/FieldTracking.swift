import ObjectModel
import Schema

/// On whose behalf a write is noted in `metadata.managedFields`.
struct FieldWriter: Sendable, Equatable {
    var name: String

    /// The subresource that the client wrote to, also where the write itself goes to the object.
    var subresource: String
    var operation: ManagedFields.Operation = .update

    /// Where a write was an apply, its fields are noted already.
    var isApply: Bool { operation == .apply }

    func manager(of resource: ServedResource) -> ManagedFields.Manager {
        ManagedFields.Manager(name: name, operation: operation, apiVersion: resource.apiVersion, subresource: subresource)
    }
}

/// Keeps `metadata.managedFields` through creations and updates: whoever changes a field owns it.
struct FieldTracking: Sendable {
    let resource: ServedResource

    /// Nil for the server's own writes, which nobody owns.
    let writer: FieldWriter?
    let now: Timestamp

    init(_ resource: ServedResource, _ context: WriteContext) {
        self.resource = resource
        writer = context.fieldWriter
        now = context.now
    }

    /// Notes what the write sets. The object is decoded and has its defaults, but not yet what admission and the kind's strategy add.
    /// - Parameters:
    ///   - old: the object as it was; nil for a creation.
    ///   - sent: the managed fields that the client sent along.
    func track(_ object: inout Value, old: Value?, sent: Value) {
        guard let writer else {
            object.metadata["managedFields"] = old?.metadata["managedFields"] ?? .null
            return
        }
        if writer.isApply {
            object.metadata["managedFields"] = sent
            return
        }
        let before = old?.metadata["managedFields"] ?? .null
        let known = Self.known(before, sent, writer)
        // What was never tracked is not tracked by an update: only an apply or a creation begins it.
        if known.isEmpty, old != nil {
            object.metadata["managedFields"] = .null
            return
        }
        let change = difference(from: old, to: object, writer.subresource)
        var managed = resource.withoutLostVersions(known)
        managed.update(change, by: writer.manager(of: resource), at: now.rfc3339, elsewhere: elsewhere(managed, old, object, writer))
        let isAsBefore = managed == known && (sent.isNull || sent == before || sent.array.isEmpty)
        object.metadata["managedFields"] = isAsBefore ? before : managed.isEmpty ? .null : managed.json
    }

    /// The same change as those see it who wrote in another version of the kind.
    private func elsewhere(_ known: ManagedFields, _ old: Value?, _ object: Value, _ writer: FieldWriter) -> [String: FieldComparison] {
        guard !resource.otherVersions.isEmpty else { return [:] }
        let reset = ResetFields.of(resource, subresource: writer.subresource)
        return known.changes(from: old, to: object, in: resource.otherVersions)
            .mapValues { $0.subtracting(ResetFields.serverOwned, andAllUnder: reset) }
    }

    /// What differs between two states of an object, as far as it can be owned.
    func difference(from old: Value?, to object: Value, _ subresource: String) -> FieldComparison {
        let comparison = FieldComparison(from: old, to: object, type: resource.definition.type)
        if comparison.isSame { return comparison }
        return comparison.subtracting(ResetFields.serverOwned, andAllUnder: ResetFields.of(resource, subresource: subresource))
    }

    /// The managers that the write starts from. A client may set them, or take them all away with one empty entry; what it leaves out or gets
    /// wrong stays as it was. A write to a subresource can't change them.
    private static func known(_ before: Value, _ sent: Value, _ writer: FieldWriter) -> ManagedFields {
        let stored = { ManagedFields(stored: before) }
        guard writer.subresource.isEmpty, !sent.array.isEmpty, sent != before else { return stored() }
        if sent.array.count == 1, sent.array[0].isEmpty { return ManagedFields() }
        guard let given = try? ManagedFields(json: sent), !given.isEmpty else { return stored() }
        return given
    }

    /// Whether two states of an object differ in nothing but the times of their managers.
    static func isSame(_ object: Value, exceptTimes old: Value) -> Bool {
        let (left, right) = (object.metadata["managedFields"], old.metadata["managedFields"])
        guard left != right else { return object == old }
        var same = object
        same.metadata["managedFields"] = right
        return same == old && ManagedFields.isSame(left, exceptTimes: right)
    }
}

extension ServedResource {
    /// Managers who wrote in a version that the kind is not served in (any more) are forgotten with the next write: nobody can say what their fields
    /// are now.
    func withoutLostVersions(_ managed: ManagedFields) -> ManagedFields {
        ManagedFields(
            entries: managed.entries.filter { entry in
                entry.manager.apiVersion == apiVersion || otherVersions.contains { $0.apiVersion == entry.manager.apiVersion }
            })
    }
}
