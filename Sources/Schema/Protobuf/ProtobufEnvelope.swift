import ObjectModel

/// What a protobuf body is wrapped in: four bytes that tell it from JSON, then `runtime.Unknown` with the object's kind and its message.
public struct ProtobufEnvelope {
    public static let mediaType = "application/vnd.kubernetes.protobuf"

    /// `k8s` and a zero.
    public static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    public var apiVersion = ""
    public var kind = ""

    /// The message. It lies in the bytes that the envelope was read from, and is good for as long as they are.
    public var message = UnsafeRawBufferPointer(start: nil, count: 0)

    /// Reads the envelope; the message within isn't looked at.
    public init(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) {
        if bytes.isEmpty { throw ProtobufError("empty data") }
        guard bytes.count >= Self.magic.count, bytes[..<Self.magic.count].elementsEqual(Self.magic) else {
            throw ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        if bytes.count == Self.magic.count { throw ProtobufError("empty body") }
        var reader = ProtobufReader(UnsafeRawBufferPointer(rebasing: bytes[Self.magic.count...]))
        while !reader.isAtEnd {
            let (number, wireType) = try reader.field(of: "Unknown")
            switch (number, wireType) {
            case (1, 2): try readType(ProtobufReader(try reader.data()))
            case (2, 2): message = try reader.data()
            case (1, _), (2, _): throw .wrongType(wireType, of: number == 1 ? "TypeMeta" : "Raw")
            default: try reader.skip(wireType)
            }
        }
    }

    private mutating func readType(_ message: ProtobufReader) throws(ProtobufError) {
        var reader = message
        while !reader.isAtEnd {
            let (number, wireType) = try reader.field(of: "TypeMeta")
            switch (number, wireType) {
            case (1, 2): apiVersion = String(sharing: try reader.data())
            case (2, 2): kind = String(sharing: try reader.data())
            default: try reader.skip(wireType)
            }
        }
    }

    // MARK: Writing

    /// What stands before a message of a length, and behind it.
    public static func frame(apiVersion: String, kind: String, length: Int) -> (head: [UInt8], tail: [UInt8]) {
        var out = ProtobufWriter()
        out.raw(magic)
        out.message(1) {
            $0.string(1, apiVersion)
            $0.string(2, kind)
        }
        out.varint(2 << 3 | 2)
        out.varint(UInt64(length))
        // `contentEncoding` and `contentType`, which upstream writes empty.
        return (out.bytes, [3 << 3 | 2, 0, 4 << 3 | 2, 0])
    }

    /// An object of a type, whole.
    public static func encode(_ object: Value, as type: TypeDefinition) -> [UInt8] {
        let message = ProtobufEncoder.encode(object, as: type)
        let (head, tail) = frame(apiVersion: object.apiVersion, kind: object.kind, length: message.count)
        return head + message + tail
    }
}
