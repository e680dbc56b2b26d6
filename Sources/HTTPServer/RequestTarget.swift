/// The path and the query of a request line, as the API reads them.
struct RequestTarget {
    var path: String
    var query: [(name: String, value: String)]

    private init(path: String, query: [(name: String, value: String)] = []) {
        self.path = path
        self.query = query
    }

    /// Nil for a target that is no path, or that has a broken escape in its path.
    static func parse(_ uri: String) -> RequestTarget? {
        if uri.utf8.first == UInt8(ascii: "/") { return origin(uri[...]) }
        if uri == "*" { return RequestTarget(path: uri) }
        // The absolute form, which a client that takes the server for a proxy sends.
        guard let rest = afterScheme(uri) else { return nil }
        guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { return RequestTarget(path: "/") }
        return origin(rest[slash...])
    }

    private static func origin(_ target: Substring) -> RequestTarget? {
        let utf8 = target.utf8
        let mark = utf8.firstIndex(of: UInt8(ascii: "?")) ?? utf8.endIndex
        guard isClean(utf8[..<mark]) else { return nil }
        return RequestTarget(path: String(target[..<mark]), query: mark == utf8.endIndex ? [] : pairs(utf8[utf8.index(after: mark)...]))
    }

    private static func afterScheme(_ uri: String) -> Substring? {
        for scheme in ["https://", "http://"] where uri.utf8.starts(with: scheme.utf8) { return uri.dropFirst(scheme.utf8.count) }
        return nil
    }

    /// No control characters, and every `%` followed by two hexadecimal digits.
    private static func isClean(_ path: Substring.UTF8View) -> Bool {
        var digitsDue = 0
        for byte in path {
            if byte <= 0x20 || byte == 0x7F { return false }
            if digitsDue > 0 {
                guard hexValue(byte) != nil else { return false }
                digitsDue -= 1
            } else if byte == UInt8(ascii: "%") {
                digitsDue = 2
            }
        }
        return digitsDue == 0
    }

    /// `a=1&b=2`. A pair with a broken escape or a semicolon is left out, as upstream's parser does.
    private static func pairs(_ query: Substring.UTF8View) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        for pair in query.split(separator: UInt8(ascii: "&")) where !pair.contains(UInt8(ascii: ";")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = equals == pair.endIndex ? pair[equals...] : pair[pair.index(after: equals)...]
            if let name = unescaped(pair[..<equals]), let value = unescaped(value) { result.append((name, value)) }
        }
        return result
    }

    private static func unescaped(_ text: Substring.UTF8View) -> String? {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(Substring(text)) }
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
