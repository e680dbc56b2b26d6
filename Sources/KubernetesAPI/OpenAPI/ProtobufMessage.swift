/// The bytes of a protobuf message while it is put together. Empty strings and false are left out, as proto3 does.
struct ProtobufMessage {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ build: (inout ProtobufMessage) -> Void) { build(&self) }

    mutating func add(_ number: Int, _ text: String?) {
        guard let text, !text.isEmpty else { return }
        add(number, utf8: text)
    }

    /// Also an empty one: an element of a repeated field counts.
    mutating func add(_ number: Int, each texts: [String]) {
        for text in texts { add(number, utf8: text) }
    }

    mutating func add(_ number: Int, _ flag: Bool?) {
        guard flag == true else { return }
        varint(UInt64(number) << 3)
        varint(1)
    }

    mutating func add(_ number: Int, _ message: ProtobufMessage) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(message.bytes.count))
        bytes += message.bytes
    }

    private mutating func add(_ number: Int, utf8 text: String) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
