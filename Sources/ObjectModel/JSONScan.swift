/// Looks at the bytes of a JSON string eight at a time.
enum JSONScan {
    /// The first byte from `start` on that a string cannot hold as it is (a quote, a backslash, a control character), or the end.
    @inline(__always) static func plainEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + 8 <= bytes.count {
            let special = specials(bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            if special != 0 { return position + special.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            position += 1
        }
        return position
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of every byte that is special; exact up to and including the first one. (The first byte in memory is the lowest.)
    @inline(__always) private static func specials(_ word: UInt64) -> UInt64 {
        let word = UInt64(littleEndian: word)
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        let below = (word &- ones &* 0x20) & ~word
        return (below | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes) & highs
    }

    /// A byte as Go quotes it in a complaint.
    static func shown(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"): "\\'"
        case UInt8(ascii: "\\"): "\\\\"
        case 0x07: "\\a"
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0A: "\\n"
        case 0x0B: "\\v"
        case 0x0C: "\\f"
        case 0x0D: "\\r"
        case 0..<0x10: "\\x0\(String(byte, radix: 16))"
        case 0x10..<0x20, 0x7F: "\\x\(String(byte, radix: 16))"
        case 0x80..<0xA0, 0xAD: "\\u00\(String(byte, radix: 16))"
        default: String(Unicode.Scalar(byte))
        }
    }
}

/// A growing buffer whose end is moved out as an array of exactly that size.
struct JSONStack<Element>: ~Copyable {
    fileprivate(set) var count = 0
    private var capacity = 32
    fileprivate var base = UnsafeMutablePointer<Element>.allocate(capacity: 32)

    deinit {
        base.deinitialize(count: count)
        base.deallocate()
    }

    subscript(index: Int) -> UnsafeMutablePointer<Element> { base + index }

    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (base + count).initialize(to: element)
        count += 1
    }

    private mutating func grow() {
        capacity *= 2
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        larger.moveInitialize(from: base, count: count)
        base.deallocate()
        base = larger
    }

    mutating func pop(from start: Int) -> [Element] {
        let size = count - start
        let source = base + start
        count = start
        return Array(unsafeUninitializedCapacity: size) { buffer, initialized in
            _ = buffer.moveInitialize(fromContentsOf: UnsafeMutableBufferPointer(start: source, count: size))
            initialized = size
        }
    }
}

/// The members of open objects, sorted by key before they leave. Keys are compared by their first eight bytes before anything else.
struct JSONMemberStack: ~Copyable {
    struct Entry {
        /// The key's first eight bytes, the first one highest.
        var prefix: UInt64
        var member: Fields.Member
    }

    private var entries = JSONStack<Entry>()

    var count: Int { entries.count }

    mutating func push(_ key: consuming String, _ value: consuming Value) {
        let prefix = Self.prefix(key)
        entries.push(Entry(prefix: prefix, member: Fields.Member(key: key, value: value)))
    }

    @inline(__always) private static func prefix(_ key: borrowing String) -> UInt64 {
        let prefix = key.utf8.withContiguousStorageIfAvailable { bytes -> UInt64 in
            let bytes = UnsafeRawBufferPointer(bytes)
            if bytes.count >= 8 { return UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)) }
            var word: UInt64 = 0
            for byte in bytes { word = word << 8 | UInt64(byte) }
            return word << UInt64(64 - bytes.count * 8)
        }
        return prefix ?? 0
    }

    /// Sorts the members from `start` on. False where keys are equal, or too many to be sorted by insertion: then they may be out of order.
    mutating func sort(from start: Int) -> Bool {
        let base = entries[start]
        let size = entries.count - start
        guard size <= 64 else { return false }
        for index in 1..<max(1, size) {
            let order = Self.order(base + index, base + (index - 1))
            if order > 0 { continue }
            if order == 0 { return false }
            let entry = (base + index).move()
            var place = index - 1
            (base + index).moveInitialize(from: base + place, count: 1)
            while place > 0,
                entry.prefix < base[place - 1].prefix
                    || entry.prefix == base[place - 1].prefix && Bytewise.precedes(entry.member.key, base[place - 1].member.key)
            {
                (base + place).moveInitialize(from: base + (place - 1), count: 1)
                place -= 1
            }
            let isDuplicate = place > 0 && entry.prefix == base[place - 1].prefix && Bytewise.equal(entry.member.key, base[place - 1].member.key)
            (base + place).initialize(to: entry)
            if isDuplicate { return false }
        }
        return true
    }

    @inline(__always) private static func order(_ left: UnsafeMutablePointer<Entry>, _ right: UnsafeMutablePointer<Entry>) -> Int {
        if left.pointee.prefix != right.pointee.prefix { return left.pointee.prefix < right.pointee.prefix ? -1 : 1 }
        if Bytewise.equal(left.pointee.member.key, right.pointee.member.key) { return 0 }
        return Bytewise.precedes(left.pointee.member.key, right.pointee.member.key) ? -1 : 1
    }

    mutating func pop(from start: Int) -> [Fields.Member] {
        let size = entries.count - start
        let source = entries[start]
        let members = Array<Fields.Member>(unsafeUninitializedCapacity: size) { buffer, initialized in
            for index in 0..<size { buffer.initializeElement(at: index, to: (source + index).move().member) }
            initialized = size
        }
        entries.forget(from: start)
        return members
    }
}

extension JSONStack {
    /// Counts the elements from `start` on as moved out.
    fileprivate mutating func forget(from start: Int) { count = start }
}
