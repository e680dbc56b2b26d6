import ObjectModel

/// A piece of nftables' language.
///
/// It is made from literals in the source and from values whose types prove what they hold: addresses, ports, names. A `String` cannot be
/// interpolated, so text from an object of the API never becomes syntax.
public struct NFText: Hashable, Sendable, ExpressibleByStringInterpolation, CustomStringConvertible {
    public let description: String

    public init(stringLiteral value: StaticString) { description = "\(value)" }

    public init(stringInterpolation: StringInterpolation) { description = stringInterpolation.text }

    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        public init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + interpolationCount * 12) }

        public mutating func appendLiteral(_ literal: StaticString) { text += "\(literal)" }
        public mutating func appendInterpolation(_ value: NFText) { text += value.description }
        public mutating func appendInterpolation(_ value: NFName) { text += value.description }
        public mutating func appendInterpolation(_ value: IPAddress) { text += value.description }
        public mutating func appendInterpolation(_ value: CIDR) { text += value.masked.description }
        public mutating func appendInterpolation(_ value: TransportProtocol) { text += value.name }
        public mutating func appendInterpolation(_ value: some BinaryInteger) { text += String(value) }
        public mutating func appendInterpolation(_ value: InterfaceName) { text += "\"\(value)\"" }

        /// An anonymous set: `{ a, b }`.
        public mutating func appendInterpolation(set values: [NFText]) {
            text += "{ \(values.map(\.description).joined(separator: ", ")) }"
        }
    }
}

extension [NFText] {
    public func joined(separator: NFText) -> NFText {
        reduce(into: (text: NFText(""), isFirst: true)) { result, piece in
            result.text = result.isFirst ? piece : "\(result.text)\(separator)\(piece)"
            result.isFirst = false
        }.text
    }
}
