/// CBOR (RFC 8949) as the API uses it: `application/cbor`.
///
/// Text travels as byte strings, map keys as well. What is written is deterministic (section 4.2.1) and begins with the tag that says "this is CBOR".
public enum CBOR {
    public static let mediaType = "application/cbor"

    /// Tag 55799: three bytes that tell CBOR from JSON and YAML.
    public static let selfDescription: [UInt8] = [0xD9, 0xD9, 0xF7]

    /// Arrays and maps within each other, at most.
    public static let depthMax = 64

    public static func parse(_ bytes: [UInt8]) throws(CBORError) -> Value {
        let result = bytes.withUnsafeBytes { bytes in Result { () throws(CBORError) in try CBORReader.parse(bytes) } }
        return try result.get()
    }

    /// The object behind the tag that says what it is.
    public static func encode(_ value: Value) -> [UInt8] {
        var sink = ByteSink()
        sink.append(selfDescription)
        CBORWriter.write(value, &sink)
        return sink.bytes
    }
}

/// Why bytes aren't CBOR that the API takes.
public struct CBORError: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = "cbor: " + message }

    public var description: String { message }

    static let endOfInput = CBORError("unexpected EOF")
}

/// The kinds of items, in the first three bits of each.
enum CBORType: UInt8 {
    case unsigned = 0
    case negative
    case bytes
    case text
    case array
    case map
    case tag
    case simple
}
