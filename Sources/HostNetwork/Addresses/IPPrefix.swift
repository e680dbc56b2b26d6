/// A network: an address with the bits beyond `length` zero.
public struct IPPrefix: Hashable, Sendable {
    public let address: IPAddress

    /// Leading bits that all addresses of the network share.
    public let length: Int

    /// The network of `length` bits that `address` lies in.
    public init(_ address: IPAddress, length: Int) {
        let length = min(max(length, 0), address.bitWidth)
        self.length = length
        let hostBits = UInt128(address.bitWidth - length)
        self.address = IPAddress(family: address.family, bits: hostBits == 128 ? 0 : (address.bits >> hostBits) << hostBits)
    }

    public var family: IPAddress.Family { address.family }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && IPPrefix(other, length: length).address == address
    }
}

extension IPPrefix: CustomStringConvertible, LosslessStringConvertible {
    /// Reads `10.244.0.0/16`. Bits beyond the length are dropped.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]), parts[1].first != "+",
            (0...address.bitWidth).contains(length)
        else { return nil }
        self.init(address, length: length)
    }

    public var description: String { "\(address)/\(length)" }
}
