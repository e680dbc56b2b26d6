/// Keys in the order of their UTF-8 bytes, which is Swift's order of strings only where both are in normal form: compared as bytes.
enum KeyOrder {
    static func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

    static func begins(_ key: String, with prefix: String) -> Bool { key.utf8.starts(with: prefix.utf8) }
}
