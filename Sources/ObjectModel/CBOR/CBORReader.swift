/// Reads one CBOR item into a `Value`. Strict where upstream is: keys come once, numbers fit, text is UTF-8, nothing follows the item.
struct CBORReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    static func parse(_ bytes: UnsafeRawBufferPointer) throws(CBORError) -> Value {
        var reader = CBORReader(bytes)
        let value = try reader.item(depth: 0)
        let rest = bytes.count - reader.position
        if rest > 0 { throw CBORError("\(rest) bytes of extraneous data starting at index \(reader.position)") }
        return value
    }

    // MARK: Items

    private mutating func item(depth: Int) throws(CBORError) -> Value {
        let (type, information) = try initial()
        switch type {
        case .unsigned:
            guard let integer = Int64(exactly: try number(information)) else { throw CBORError("integer overflows int64") }
            return .integer(integer)
        case .negative:
            guard let integer = Int64(exactly: try number(information)) else { throw CBORError("integer overflows int64") }
            return .integer(-1 - integer)
        case .bytes, .text: return .string(try self.text(type, information))
        case .array: return try array(information, depth: depth + 1)
        case .map: return try map(information, depth: depth + 1)
        case .tag: return try tagged(try number(information), depth: depth)
        case .simple: return try simple(information)
        }
    }

    private mutating func array(_ information: UInt8, depth: Int) throws(CBORError) -> Value {
        try check(depth)
        var elements: [Value] = []
        try each(information) { reader throws(CBORError) in elements.append(try reader.item(depth: depth)) }
        return .array(elements)
    }

    private mutating func map(_ information: UInt8, depth: Int) throws(CBORError) -> Value {
        try check(depth)
        var members: [Fields.Member] = []
        try each(information) { reader throws(CBORError) in
            let (type, information) = try reader.initial()
            guard type == .bytes || type == .text else { throw CBORError("a map's key is neither a byte string nor a text string") }
            let key = try reader.text(type, information)
            members.append(Fields.Member(key: key, value: try reader.item(depth: depth)))
        }
        var duplicate: String?
        let fields = Fields(unsorted: members) { duplicate = $0 }
        if let duplicate { throw CBORError("found duplicate map key \"\(duplicate)\"") }
        return .object(fields)
    }

    /// Calls for each element: as many as are told, or up to the break where the length is open.
    private mutating func each(_ information: UInt8, _ body: (inout CBORReader) throws(CBORError) -> Void) throws(CBORError) {
        if information == Self.indefinite {
            while try !isBreak() { try body(&self) }
            return
        }
        let count = try number(information)
        // Each element takes a byte at least.
        guard count <= UInt64(bytes.count - position) else { throw .endOfInput }
        for _ in 0..<count { try body(&self) }
    }

    /// Tags that the API knows: self-description, a time as text, and bytes that are to become text.
    private mutating func tagged(_ tag: UInt64, depth: Int) throws(CBORError) -> Value {
        switch tag {
        case 55_799, 0:
            try check(depth + 1)
            return try item(depth: depth + 1)
        case 21, 22, 23:
            let (type, information) = try initial()
            guard type == .bytes else { throw CBORError("tag \(tag) is for byte strings") }
            let content = try string(type, information)
            switch tag {
            case 21: return .string(Base64.encode(content).replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: ""))
            case 22: return .string(Base64.encode(content))
            default: return .string(content.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
            }
        default: throw CBORError("tag \(tag) is not supported")
        }
    }

    private mutating func simple(_ information: UInt8) throws(CBORError) -> Value {
        let number: Double
        switch information {
        case 20: return .bool(false)
        case 21: return .bool(true)
        case 22: return .null
        case 25: number = Self.half(UInt16(truncatingIfNeeded: try self.number(information)))
        case 26: number = Double(Float(bitPattern: UInt32(truncatingIfNeeded: try self.number(information))))
        case 27: number = Double(bitPattern: try self.number(information))
        default: throw CBORError("simple value \(information) is not supported")
        }
        guard number.isFinite else { throw CBORError("floating-point infinity and NaN are not supported") }
        return .number(number)
    }

    private static func half(_ bits: UInt16) -> Double {
        let mantissa = Double(bits & 0x3FF)
        let magnitude: Double
        switch bits >> 10 & 0x1F {
        case 0: magnitude = mantissa / 16_777_216
        case 31: magnitude = mantissa == 0 ? .infinity : .nan
        case let exponent: magnitude = (1 + mantissa / 1024) * Double(sign: .plus, exponent: Int(exponent) - 15, significand: 1)
        }
        return bits & 0x8000 == 0 ? magnitude : -magnitude
    }

    // MARK: Strings

    private mutating func text(_ type: CBORType, _ information: UInt8) throws(CBORError) -> String {
        let content = try string(type, information)
        guard let text = String(validating: content, as: UTF8.self) else { throw CBORError("invalid UTF-8 string") }
        if content.count <= CommonStrings.inlineMax { return text }
        return content.withUnsafeBytes { CommonStrings.table.find($0) } ?? text
    }

    private mutating func string(_ type: CBORType, _ information: UInt8) throws(CBORError) -> [UInt8] {
        guard information == Self.indefinite else { return try chunk(information) }
        var whole: [UInt8] = []
        while try !isBreak() {
            let (chunkType, information) = try initial()
            guard chunkType == type, information != Self.indefinite else { throw CBORError("wrong chunk in an indefinite-length string") }
            whole += try chunk(information)
        }
        return whole
    }

    private mutating func chunk(_ information: UInt8) throws(CBORError) -> [UInt8] {
        let count = try number(information)
        guard count <= UInt64(bytes.count - position) else { throw .endOfInput }
        defer { position += Int(count) }
        return Array(bytes[position..<position + Int(count)])
    }

    // MARK: Heads

    /// Says that the length is open, or, as a simple value, that what is open ends.
    private static let indefinite: UInt8 = 31

    private mutating func initial() throws(CBORError) -> (type: CBORType, information: UInt8) {
        guard position < bytes.count, let type = CBORType(rawValue: bytes[position] >> 5) else { throw .endOfInput }
        defer { position += 1 }
        return (type, bytes[position] & 31)
    }

    private mutating func isBreak() throws(CBORError) -> Bool {
        guard position < bytes.count else { throw .endOfInput }
        guard bytes[position] == 0xFF else { return false }
        position += 1
        return true
    }

    private mutating func number(_ information: UInt8) throws(CBORError) -> UInt64 {
        if information < 24 { return UInt64(information) }
        guard information < 28 else { throw CBORError("invalid additional information \(information)") }
        let size = 1 << Int(information - 24)
        guard bytes.count - position >= size else { throw .endOfInput }
        var number: UInt64 = 0
        for byte in bytes[position..<position + size] { number = number << 8 | UInt64(byte) }
        position += size
        return number
    }

    private func check(_ depth: Int) throws(CBORError) {
        if depth > CBOR.depthMax { throw CBORError("exceeded max nested level \(CBOR.depthMax)") }
    }
}
