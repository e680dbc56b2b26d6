import ObjectModel
import Synchronization

/// One version of one object, as it is kept in memory and answered: canonical JSON with its resource version in it.
///
/// Never changed: a newer version is another `StoredObject`.
final class StoredObject: Sendable {
    /// `namespace/name`, or `name` for cluster-scoped objects: the order of a collection.
    let key: String
    let revision: Int64
    let bytes: [UInt8]
    private let fieldsOf: SelectableFields
    private let derived = Mutex(Derived())

    /// What was made of the bytes, and may be needed again.
    private struct Derived {
        var index: ObjectIndex?
        var tree: Value?
        var keepsTree = false
    }

    init(key: String, revision: Int64, bytes: [UInt8], fieldsOf: @escaping SelectableFields) {
        self.key = key
        self.revision = revision
        self.bytes = bytes
        self.fieldsOf = fieldsOf
    }

    var namespace: Substring { key.firstIndex(of: "/").map { key[..<$0] } ?? "" }

    var name: Substring { key.firstIndex(of: "/").map { key[key.index(after: $0)...] } ?? key[...] }

    /// The object as a tree. Parsed at each call, for most objects are looked at seldom and trees take much memory; but see `keepTree`.
    func value() throws(APIError) -> Value {
        if let tree = derived.withLock({ $0.tree }) { return tree }
        let tree: Value
        do {
            tree = try Value(json: bytes)
        } catch {
            throw .internalError("stored object \(key) cannot be read: \(error)")
        }
        derived.withLock { if $0.keepsTree { $0.tree = tree } }
        return tree
    }

    /// From now on the object is parsed once: while its change is told to many, or for good where it is looked up with every write of others.
    func keepTree() { derived.withLock { $0.keepsTree = true } }

    /// Takes `keepTree` back.
    func dropTree() {
        derived.withLock { derived in
            derived.keepsTree = false
            derived.tree = nil
        }
    }

    /// What selectors look at, gathered when the first one does.
    var index: ObjectIndex {
        if let index = derived.withLock({ $0.index }) { return index }
        let fresh = ((try? value()) ?? .null).index(fieldsOf)
        derived.withLock { $0.index = fresh }
        return fresh
    }
}

/// The fields of a kind that field selectors may name, beside `metadata.name` and `metadata.namespace`.
typealias SelectableFields = @Sendable (Value) -> [String: String]

/// What selectors look at.
struct ObjectIndex: Sendable {
    var labels: [String: String]
    var fields: [String: String]
}

extension Value {
    fileprivate func index(_ fieldsOf: SelectableFields) -> ObjectIndex {
        var fields = fieldsOf(self)
        fields["metadata.name"] = name
        fields["metadata.namespace"] = namespace
        return ObjectIndex(labels: labels, fields: fields)
    }
}
