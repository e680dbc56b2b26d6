/// Strings of the API are equal when their bytes are, and ordered by their bytes, as in Go. Swift's own equality would take a composed and a
/// decomposed letter for the same key.
enum Bytewise {
    @inline(__always) static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left == right && (isASCII(left) || left.utf8.elementsEqual(right.utf8))
    }

    @inline(__always) static func precedes(_ left: String, _ right: String) -> Bool {
        isASCII(left) && isASCII(right) ? left < right : left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// Known without a look at the bytes; false is "perhaps not".
    @inline(__always) private static func isASCII(_ text: String) -> Bool { text.utf8Span.isKnownASCII }
}
