import ObjectModel

/// Writes messages in protobuf's wire form: fields one after the other, messages within messages between `open` and `close`.
public struct ProtobufWriter: ~Copyable {
    private var sink: ByteSink

    /// - Parameter capacity: How many bytes are expected.
    public init(capacity: Int = 1024) { sink = ByteSink(capacity: capacity) }

    public var count: Int { sink.count }

    public var bytes: [UInt8] { sink.bytes }

    /// Forgets what was written behind the first `count` bytes.
    public mutating func truncate(to count: Int) { sink.truncate(to: count) }

    // MARK: Messages

    /// Begins a field whose length is known once its content is written. Returns what `close` needs.
    /// - Parameter width: How many bytes the length will take, as far as one can guess.
    @inline(__always) public mutating func open(_ number: Int, width: Int = 1) -> Int {
        tag(number, .bytes)
        for _ in 0..<width { sink.append(0) }
        return sink.count
    }

    /// Ends the field that began where `open` said. Where its length takes other than `width` bytes, the content moves.
    /// - Returns: How many bytes the length took.
    @inline(__always) @discardableResult public mutating func close(_ start: Int, width: Int = 1) -> Int {
        let length = sink.count - start
        guard width == 1, length < 0x80 else { return setLength(length, start, width) }
        sink.set(UInt8(truncatingIfNeeded: length), at: start - 1)
        return 1
    }

    private mutating func setLength(_ length: Int, _ start: Int, _ width: Int) -> Int {
        let size = Self.varintSize(UInt64(length))
        if size != width { sink.makeRoom(size - width, at: start) }
        for index in 0..<size {
            let bits = UInt8(truncatingIfNeeded: length >> (7 * index)) & 0x7F
            sink.set(index < size - 1 ? bits | 0x80 : bits, at: start - width + index)
        }
        return size
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

    @inline(__always) public mutating func data(_ number: Int, _ value: UnsafeRawBufferPointer) {
        tag(number, .bytes)
        varint(UInt64(value.count))
        sink.append(value)
    }

    /// A message that holds nothing but these bytes, in its field 1.
    @inline(__always) mutating func wrapped(_ number: Int, _ value: UnsafeRawBufferPointer) {
        tag(number, .bytes)
        varint(UInt64(1 + Self.varintSize(UInt64(value.count)) + value.count))
        data(1, value)
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
    @inline(__always) public static func varintSize(_ value: UInt64) -> Int { (70 - (value | 1).leadingZeroBitCount) / 7 }
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
