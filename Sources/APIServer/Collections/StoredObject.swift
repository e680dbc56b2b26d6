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
        var lean: Value?
        var keepsLean = false
    }

    init(key: String, revision: Int64, bytes: [UInt8], fieldsOf: @escaping SelectableFields) {
        self.key = key
        self.revision = revision
        self.bytes = bytes
        self.fieldsOf = fieldsOf
    }

    var namespace: Substring { key.firstIndex(of: "/").map { key[..<$0] } ?? "" }

    var name: Substring { key.firstIndex(of: "/").map { key[key.index(after: $0)...] } ?? key[...] }

    /// The object as a tree. Parsed at each call, for most objects are looked at seldom and trees take much memory.
    func value() throws(APIError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw unreadable(error)
        }
    }

    /// The object as the components of this process see it: without managed fields, and sharing with others what recurs. Parsed at each call too, but
    /// see `keepLean`.
    func lean() throws(APIError) -> Value {
        if let lean = derived.withLock({ $0.lean }) { return lean }
        let lean: Value
        do {
            lean = try Value(leanJSON: bytes)
        } catch {
            throw unreadable(error)
        }
        derived.withLock { if $0.keepsLean { $0.lean = lean } }
        return lean
    }

    private func unreadable(_ error: JSONError) -> APIError { .internalError("stored object \(key) cannot be read: \(error)") }

    /// From now on the lean object is parsed once: while its change is told to many, or for good where it is looked up with every write of others.
    func keepLean() { derived.withLock { $0.keepsLean = true } }

    /// Takes `keepLean` back.
    func dropLean() {
        derived.withLock { derived in
            derived.keepsLean = false
            derived.lean = nil
        }
    }

    /// What selectors look at, gathered when the first one does.
    var index: ObjectIndex {
        if let index = derived.withLock({ $0.index }) { return index }
        let fresh = ((try? lean()) ?? .null).index(fieldsOf)
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
