/// A network interface's name, proven to be one: at most 15 letters, digits, dots, dashes and underscores.
public struct InterfaceName: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init?(_ text: String) {
        let isAllowed = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
        guard (1...15).contains(text.utf8.count), isAllowed, text != ".", text != ".." else { return nil }
        description = text
    }
}

extension InterfaceName: ExpressibleByStringLiteral {
    /// For names in the source; an impossible one is a programmer's error.
    public init(stringLiteral value: StaticString) {
        guard let name = InterfaceName("\(value)") else { preconditionFailure("not an interface name: \(value)") }
        self = name
    }
}
