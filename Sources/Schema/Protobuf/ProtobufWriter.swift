import ObjectModel

/// Writes messages in protobuf's wire form: fields one after the other, messages within messages between `open` and `close`.
public struct ProtobufWriter: ~Copyable {
    private var sink = ByteSink()

    public init() {}

    public var count: Int { sink.count }

    public var bytes: [UInt8] { sink.bytes }

    // MARK: Messages

    /// Begins a field whose length is known once its content is written. Returns what `close` needs.
    @inline(__always) public mutating func open(_ number: Int) -> Int {
        tag(number, .bytes)
        sink.append(0)
        return sink.count
    }

    /// Ends the field that began where `open` said.
    public mutating func close(_ start: Int) {
        let length = sink.count - start
        // One byte is held for the length, which is enough for most messages. For the others the content moves back.
        guard length >= 0x80 else { return sink.set(UInt8(length), at: start - 1) }
        let size = Self.varintSize(UInt64(length))
        sink.makeRoom(size - 1, at: start)
        var rest = length
        for offset in 0..<size {
            sink.set(UInt8(rest & 0x7F) | (offset < size - 1 ? 0x80 : 0), at: start - 1 + offset)
            rest >>= 7
        }
    }

    public mutating func message(_ number: Int, _ build: (inout ProtobufWriter) -> Void) {
        let start = open(number)
        build(&self)
        close(start)
    }

    // MARK: Scalars, whatever their value

    @inline(__always) public mutating func integer(_ number: Int, _ value: Int64) {
        tag(number, .varint)
        varint(UInt64(bitPattern: value))
    }

    @inline(__always) public mutating func bool(_ number: Int, _ value: Bool) {
        tag(number, .varint)
        sink.append(value ? 1 : 0)
    }

    public mutating func double(_ number: Int, _ value: Double) {
        tag(number, .fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { sink.append($0) }
    }

    @inline(__always) public mutating func string(_ number: Int, _ value: String) {
        tag(number, .bytes)
        varint(UInt64(value.utf8.count))
        sink.append(value)
    }

    public mutating func data(_ number: Int, _ value: [UInt8]) {
        tag(number, .bytes)
        varint(UInt64(value.count))
        sink.append(value)
    }

    public mutating func data(_ number: Int, _ value: UnsafeRawBufferPointer) {
        tag(number, .bytes)
        varint(UInt64(value.count))
        sink.append(value)
    }

    // MARK: Parts

    /// Bytes that are in wire form already.
    public mutating func raw(_ bytes: [UInt8]) { sink.append(bytes) }

    @inline(__always) mutating func tag(_ number: Int, _ type: ProtobufWireType) { varint(UInt64(number) << 3 | UInt64(type.rawValue)) }

    @inline(__always) public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            sink.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        sink.append(UInt8(truncatingIfNeeded: rest))
    }

    /// How many bytes a number takes.
    public static func varintSize(_ value: UInt64) -> Int { max(1, (64 - value.leadingZeroBitCount + 6) / 7) }
}

/// How a field's value is laid out.
enum ProtobufWireType: Int {
    case varint = 0
    case fixed64 = 1
    case bytes = 2
    case groupStart = 3
    case groupEnd = 4
    case fixed32 = 5
}

// MARK: - Proto 3

/// For messages put together by hand, in which what is empty isn't written.
extension ProtobufWriter {
    public mutating func add(_ number: Int, _ text: String?) {
        if let text, !text.isEmpty { string(number, text) }
    }

    public mutating func add(_ number: Int, _ flag: Bool?) {
        if flag == true { bool(number, true) }
    }

    /// Also an empty one: an element of a repeated field counts.
    public mutating func add(_ number: Int, each texts: [String]) {
        for text in texts { string(number, text) }
    }
}
