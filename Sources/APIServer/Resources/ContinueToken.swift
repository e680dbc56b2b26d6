import Identity
import ObjectModel

/// Where the next page of a list begins, and in which revision: what `continue` carries, opaque to clients.
struct ContinueToken: Sendable, Equatable {
    /// That of the first page, or `inconsistent`.
    var revision: Int64

    /// The key of the last object of the page before.
    var after: String

    init(revision: Int64, after: String) {
        self.revision = revision
        self.after = after
    }

    /// Stands for whatever revision is current: for a list whose own is compacted away.
    static let inconsistent: Int64 = -1

    var isInconsistent: Bool { revision < 0 }

    /// The failure of a token whose revision is gone. It carries one to go on with, at the price of consistency.
    var expired: APIError {
        var error = APIError(
            .expired,
            """
            The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue \
            parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token \
            results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and \
            now may show up in the list.
            """)
        error.continueToken = ContinueToken(revision: Self.inconsistent, after: after).text
        return error
    }

    var text: String {
        let object: Value = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string(after + "\u{0}")]
        return Base64URL.encode(object.json())
    }

    init(_ text: String) throws(APIError) {
        guard let bytes = Base64URL.decode(text[...]) else { throw Self.invalid(": illegal base64 data at input byte \(Self.end(ofBase64: text))") }
        guard let value = try? Value(json: bytes), value.isObject else { throw Self.invalid(": it is no JSON object") }
        guard value["v"].string == "meta.k8s.io/v1" else {
            throw Self.invalid(": server does not recognize this encoded version \(value["v"].string ?? "")")
        }
        guard let revision = value["rv"].integer, revision != 0 else {
            throw Self.invalid(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
        }
        guard let start = value["start"].string, !start.isEmpty else { throw Self.invalid(": encoded start key empty (version meta.k8s.io/v1)") }
        self.revision = revision
        after = start.hasSuffix("\u{0}") ? String(start.dropLast()) : start
    }

    private static func invalid(_ why: String) -> APIError { .badRequest("invalid continue token: continue key is not valid\(why)") }

    /// Where a text ceases to be base64.
    private static func end(ofBase64 text: String) -> Int {
        let bytes = Array(text.utf8)
        func isDigit(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            }
        }
        return bytes.firstIndex { !isDigit($0) } ?? max(0, bytes.count - 1)
    }
}
