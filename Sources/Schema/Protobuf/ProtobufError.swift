/// Why bytes aren't the message that they should be, in the words of upstream's decoder.
public struct ProtobufError: Error, Sendable, Equatable, CustomStringConvertible {
    public var message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }

    static let endOfInput = ProtobufError("unexpected EOF")
    static let overflow = ProtobufError("proto: integer overflow")
    static let negativeLength = ProtobufError("proto: negative length found during unmarshaling")
    static let endOfGroup = ProtobufError("proto: unexpected end of group")
    static let tooDeep = ProtobufError("proto: exceeded max depth")

    static func wrongType(_ type: Int, of field: String) -> ProtobufError {
        ProtobufError("proto: wrong wireType = \(type) for field \(field.prefix(1).uppercased() + field.dropFirst())")
    }
}
