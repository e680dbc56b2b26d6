import ObjectModel

/// Where the next page of a list begins, and in which revision: what `continue` carries, opaque to clients.
struct ContinueToken: Sendable, Equatable {
    var revision: Int64

    /// The key of the last object of the page before.
    var after: String

    init(revision: Int64, after: String) {
        self.revision = revision
        self.after = after
    }

    var text: String {
        let object: Value = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string(after + "\u{0}")]
        return Base64.encodeURL(object.json())
    }

    init(_ text: String) throws(APIError) {
        guard let bytes = Base64.decodeURL(text), let value = try? Value(json: bytes), value["v"].string == "meta.k8s.io/v1",
            let revision = value["rv"].integer, let start = value["start"].string, !start.isEmpty
        else { throw .badRequest("continue key is not valid: \(text.prefix(64))") }
        self.revision = revision
        after = start.hasSuffix("\u{0}") ? String(start.dropLast()) : start
    }
}
