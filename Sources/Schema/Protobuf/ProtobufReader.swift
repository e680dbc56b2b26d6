/// Reads fields in protobuf's wire form, one after the other.
struct ProtobufReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    /// The number of the next field and the type of its value.
    /// - Parameter message: Whose field it is, for complaints.
    @inline(__always) mutating func field(of message: @autoclosure () -> String) throws(ProtobufError) -> (number: Int, type: Int) {
        let key = try varint()
        let type = Int(key & 7)
        // Upstream's field numbers have 32 bits.
        let number = Int(Int32(truncatingIfNeeded: key >> 3))
        if type == ProtobufWireType.groupEnd.rawValue {
            throw ProtobufError("proto: \(message()): wiretype end group for non-group")
        }
        if number <= 0 { throw ProtobufError("proto: \(message()): illegal tag \(number) (wire type \(key))") }
        return (number, type)
    }

    @inline(__always) mutating func varint() throws(ProtobufError) -> UInt64 {
        guard position < bytes.count else { throw .endOfInput }
        let first = bytes[position]
        position += 1
        if first < 0x80 { return UInt64(first) }
        var result = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while shift < 64 {
            guard position < bytes.count else { throw .endOfInput }
            let byte = bytes[position]
            position += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
            shift += 7
        }
        throw .overflow
    }

    mutating func fixed64() throws(ProtobufError) -> UInt64 {
        guard bytes.count - position >= 8 else { throw .endOfInput }
        defer { position += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    /// A length and that many bytes.
    @inline(__always) mutating func data() throws(ProtobufError) -> UnsafeRawBufferPointer {
        let length = Int64(bitPattern: try varint())
        if length < 0 { throw .negativeLength }
        guard length <= bytes.count - position else { throw .endOfInput }
        defer { position += Int(length) }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
    }

    /// Passes over the value of a field that isn't known.
    mutating func skip(_ type: Int) throws(ProtobufError) {
        var type = type
        var groups = 0
        while true {
            switch ProtobufWireType(rawValue: type) {
            case .varint: _ = try varint()
            case .fixed64: try advance(8)
            case .bytes: _ = try data()
            case .groupStart: groups += 1
            case .groupEnd:
                if groups == 0 { throw .endOfGroup }
                groups -= 1
            case .fixed32: try advance(4)
            case nil: throw ProtobufError("proto: illegal wireType \(type)")
            }
            if groups == 0 { return }
            type = Int(try varint() & 7)
        }
    }

    private mutating func advance(_ count: Int) throws(ProtobufError) {
        guard bytes.count - position >= count else { throw .endOfInput }
        position += count
    }
}
