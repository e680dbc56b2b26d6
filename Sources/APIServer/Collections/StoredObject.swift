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
    private let lazyIndex = Mutex<ObjectIndex?>(nil)

    init(key: String, revision: Int64, bytes: [UInt8], fieldsOf: @escaping SelectableFields) {
        self.key = key
        self.revision = revision
        self.bytes = bytes
        self.fieldsOf = fieldsOf
    }

    var namespace: Substring { key.firstIndex(of: "/").map { key[..<$0] } ?? "" }

    var name: Substring { key.firstIndex(of: "/").map { key[key.index(after: $0)...] } ?? key[...] }

    /// The object as a tree. Parsed at each call: what is needed often goes into the index.
    func value() throws(APIError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw .internalError("stored object \(key) cannot be read: \(error)")
        }
    }

    /// What selectors look at, gathered when the first one does.
    var index: ObjectIndex {
        lazyIndex.withLock { index in
            if let index { return index }
            let fresh = ((try? value()) ?? .null).index(fieldsOf)
            index = fresh
            return fresh
        }
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
