/// A name of a table, chain, set or map, proven to be one: a letter first, then letters, digits, `-`, `_`, `.` and `/`.
public struct NFName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// The kernel's limit is 255 bytes.
    public static let lengthMax = 255

    /// For names built from others. nftables reads a bare word of its own language (`reject`, `counter`) as that word, so a name has a `/`, `-` or digit in it.
    public init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.utf8.count), let first = text.utf8.first, Self.isLetter(first) else { return nil }
        var isWord = true
        for byte in text.utf8 where !Self.isLetter(byte) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "/"): isWord = false
            case UInt8(ascii: "_"), UInt8(ascii: "."): break
            default: return nil
            }
        }
        guard !isWord else { return nil }
        description = text
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
}

extension NFName: ExpressibleByStringLiteral {
    /// For names in the source, where a bare word is the author's to choose.
    public init(stringLiteral value: StaticString) { description = "\(value)" }
}
