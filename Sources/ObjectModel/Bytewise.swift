import Glibc

/// Strings of the API are equal when their bytes are, and ordered by their bytes, as in Go. Swift's own equality would take a composed and a
/// decomposed letter for the same key.
public enum Bytewise {
    /// Where the left string stands to the right one: below zero before it, zero if they are the same, above zero behind it.
    public static func order(_ left: String, _ right: String) -> Int {
        equal(left, right) ? 0 : Int(compare(left, right))
    }

    @inline(__always) static func equal(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        // Two strings of the same two words have the same bytes: they hold them inline, or share them. That is most of all comparisons.
        return unsafeBitCast(left, to: Words.self) == unsafeBitCast(right, to: Words.self) || compare(left, right) == 0
    }

    @inline(__always) static func precedes(_ left: String, _ right: String) -> Bool { compare(left, right) < 0 }

    private struct Words: Equatable {
        var first: UInt64
        var second: UInt64
    }

    @inline(__always) static func equal(_ string: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        string.utf8.withContiguousStorageIfAvailable { compare(UnsafeRawBufferPointer($0), bytes) == 0 } ?? string.utf8.elementsEqual(bytes)
    }

    private static func compare(_ left: String, _ right: String) -> Int32 {
        let order = left.utf8.withContiguousStorageIfAvailable { left in
            right.utf8.withContiguousStorageIfAvailable { right in compare(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right)) }
        }
        if let order, let order { return order }
        if left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    private static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int32 {
        guard let first = left.baseAddress, let second = right.baseAddress else { return Int32(clamping: left.count - right.count) }
        let order = memcmp(first, second, min(left.count, right.count))
        return order != 0 ? order : Int32(clamping: left.count - right.count)
    }
}
