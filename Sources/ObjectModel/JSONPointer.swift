/// A way into an object (RFC 6901): `/spec/template/metadata/labels/example.com~1app`.
public struct JSONPointer: Sendable, Hashable {
    /// Unescaped, from the root.
    public var tokens: [String]

    public init(tokens: [String]) { self.tokens = tokens }

    /// Reads a pointer: empty, or beginning with `/`.
    public init?(_ text: String) {
        if text.isEmpty {
            tokens = []
            return
        }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        tokens = text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Self.unescaped(Substring($0)) }
    }

    /// `~1` is a slash, `~0` a tilde.
    private static func unescaped(_ token: Substring) -> String {
        guard token.utf8.contains(UInt8(ascii: "~")) else { return String(token) }
        var out: [UInt8] = []
        var bytes = token.utf8.makeIterator()
        var pending = bytes.next()
        while let byte = pending {
            pending = bytes.next()
            if byte == UInt8(ascii: "~"), pending == UInt8(ascii: "1") || pending == UInt8(ascii: "0") {
                out.append(pending == UInt8(ascii: "1") ? UInt8(ascii: "/") : UInt8(ascii: "~"))
                pending = bytes.next()
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension JSONPointer: CustomStringConvertible {
    public var description: String {
        tokens.map { token in
            var out: [UInt8] = [UInt8(ascii: "/")]
            for byte in token.utf8 {
                switch byte {
                case UInt8(ascii: "~"): out.append(contentsOf: "~0".utf8)
                case UInt8(ascii: "/"): out.append(contentsOf: "~1".utf8)
                default: out.append(byte)
                }
            }
            return String(decoding: out, as: UTF8.self)
        }.joined()
    }
}

extension Value {
    /// What the pointer leads to; nil where there is nothing. A JSON `null` on the way is something.
    public subscript(pointer pointer: JSONPointer) -> Value? {
        var value = self
        for token in pointer.tokens {
            switch value {
            case .object(let fields):
                guard let member = fields[token] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Int(token), elements.indices.contains(index) else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }
}
