import Glibc
import ObjectModel

/// Goes through canonical JSON where it lies. It's good for as long as the bytes are.
struct JSONCursor {
    /// The text isn't what a schema's decoder writes.
    struct Irregular: Error {}

    private var next: UnsafeRawPointer
    private let end: UnsafeRawPointer

    /// Nil for no text at all.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress, text.count > 0 else { return nil }
        next = start
        end = start + text.count
    }

    // MARK: Marks

    @inline(__always) var isAtEnd: Bool { next >= end }

    /// The byte that comes next, or the one at a distance behind it; 0 beyond the end.
    @inline(__always) func peek(_ distance: Int = 0) -> UInt8 { end - next > distance ? next.load(fromByteOffset: distance, as: UInt8.self) : 0 }

    /// Passes over a byte if it comes next.
    @inline(__always) mutating func skip(_ byte: UInt8) -> Bool {
        guard next < end, next.load(as: UInt8.self) == byte else { return false }
        next += 1
        return true
    }

    /// Passes over bytes if they come next.
    @inline(__always) mutating func skip(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, end - next >= bytes.count, memcmp(next, start, bytes.count) == 0 else { return false }
        next += bytes.count
        return true
    }

    @inline(__always) mutating func skip(_ word: StaticString) -> Bool {
        skip(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    @inline(__always) mutating func expect(_ byte: UInt8) throws(Irregular) {
        guard skip(byte) else { throw Irregular() }
    }

    // MARK: Values

    /// What stands between two quotes, as it stands there.
    struct Text {
        let bytes: UnsafeRawBufferPointer
        let hasEscapes: Bool

        /// The string that the text says.
        func unescaped() throws(Irregular) -> String {
            let quoted = UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 - 1 }, count: bytes.count + 2)
            guard case .string(let string)? = try? Value(json: quoted) else { throw Irregular() }
            return string
        }
    }

    @inline(__always) mutating func text() throws(Irregular) -> Text {
        try expect(UInt8(ascii: "\""))
        let start = next
        var hasEscapes = false
        while true {
            passPlainText()
            let length = next - start
            if skip(UInt8(ascii: "\"")) { return Text(bytes: UnsafeRawBufferPointer(start: start, count: length), hasEscapes: hasEscapes) }
            // An escape, or the end.
            guard end - next >= 2 else { throw Irregular() }
            hasEscapes = true
            next += 2
        }
    }

    @inline(__always) mutating func plainText() throws(Irregular) -> UnsafeRawBufferPointer {
        let text = try text()
        guard !text.hasEscapes else { throw Irregular() }
        return text.bytes
    }

    /// Goes to the next quote or backslash, or to the end.
    @inline(__always) private mutating func passPlainText() {
        // Most texts are short: the C library's search takes longer to begin.
        for _ in 0..<4 {
            guard end - next >= 8 else { break }
            let bytes = Word(next)
            let found = bytes.places(of: UInt8(ascii: "\"")) | bytes.places(of: UInt8(ascii: "\\"))
            next += found == 0 ? 8 : Word.first(found)
            if found != 0 { return }
        }
        passLongText()
    }

    private mutating func passLongText() {
        let quote = memchr(next, 0x22, end - next).map { UnsafeRawPointer($0) } ?? end
        next = memchr(next, 0x5C, quote - next).map { UnsafeRawPointer($0) } ?? quote
    }

    mutating func bool() throws(Irregular) -> Bool {
        if skip("true") { return true }
        guard skip("false") else { throw Irregular() }
        return false
    }

    mutating func integer() throws(Irregular) -> Int64 {
        let isNegative = skip(UInt8(ascii: "-"))
        var result: Int64 = 0
        let start = next
        while case let digit = peek() &- UInt8(ascii: "0"), digit < 10 {
            let (scaled, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) =
                isNegative ? scaled.subtractingReportingOverflow(Int64(digit)) : scaled.addingReportingOverflow(Int64(digit))
            if overflow || overflowed { throw Irregular() }
            result = sum
            next += 1
        }
        guard next > start, !isAtEnd, peek() != UInt8(ascii: "."), peek() | 0x20 != UInt8(ascii: "e") else { throw Irregular() }
        return result
    }

    /// A whole value as it stands in the text.
    mutating func span() throws(Irregular) -> UnsafeRawBufferPointer {
        let start = next
        switch peek() {
        case UInt8(ascii: "\""): _ = try text()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try passNested()
        default: passBareWord()
        }
        return UnsafeRawBufferPointer(start: start, count: next - start)
    }

    /// Goes to the end of an object or array: from text to text, and eight bytes at a time between them.
    private mutating func passNested() throws(Irregular) {
        var open = 0
        repeat {
            if end - next >= 8 {
                let bytes = Word(next)
                let quotes = bytes.places(of: UInt8(ascii: "\""))
                let (opened, closed) = bytes.brackets(before: quotes)
                // Unless all that is open might be closed here.
                if closed < open {
                    open += opened - closed
                    next += quotes == 0 ? 8 : Word.first(quotes)
                    if quotes != 0 { _ = try text() }
                    continue
                }
            }
            switch peek() {
            case UInt8(ascii: "\""): _ = try text()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                next += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                open -= 1
                next += 1
            default:
                guard !isAtEnd else { throw Irregular() }
                next += 1
            }
        } while open > 0
    }

    /// Goes to the end of a number, a boolean or null.
    private mutating func passBareWord() {
        while !isAtEnd {
            switch peek() {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}"): return
            default: next += 1
            }
        }
    }
}

/// Eight bytes of text, looked at together. What is found where is told by the high bits of a number's bytes.
private struct Word {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits = 0x80 * ones

    private let bytes: UInt64

    @inline(__always) private init(bytes: UInt64) { self.bytes = bytes }

    /// The first of them comes lowest.
    @inline(__always) init(_ start: UnsafeRawPointer) { bytes = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self)) }

    /// Where a byte stands.
    @inline(__always) func places(of byte: UInt8) -> UInt64 {
        let differences = bytes ^ (UInt64(byte) &* Self.ones)
        // A byte of them that isn't zero has its high bit, or has it once 127 is added to the others.
        return ~((differences & ~Self.highBits) &+ ~Self.highBits | differences) & Self.highBits
    }

    /// How many brackets and braces open and close before the first of some places.
    @inline(__always) func brackets(before places: UInt64) -> (opened: Int, closed: Int) {
        let isBefore = (places & (0 &- places)) &- 1
        // Braces are brackets with this bit.
        let braces = Word(bytes: bytes | 0x20 * Self.ones)
        return (Self.count(braces.places(of: UInt8(ascii: "{")) & isBefore), Self.count(braces.places(of: UInt8(ascii: "}")) & isBefore))
    }

    @inline(__always) static func first(_ places: UInt64) -> Int { places.trailingZeroBitCount / 8 }

    @inline(__always) private static func count(_ places: UInt64) -> Int { Int(((places >> 7) &* ones) >> 56) }
}
