/// An IPv4 or IPv6 address, held as its bits.
public struct IPAddress: Hashable, Sendable {
    public enum Family: UInt8, Sendable, CaseIterable { case v4 = 4, v6 = 6 }

    public let family: Family

    /// The address as a number; an IPv4 address uses the low 32 bits.
    public let bits: UInt128

    public init(family: Family, bits: UInt128) {
        self.family = family
        self.bits = family == .v4 ? bits & 0xffff_ffff : bits
    }

    public static func v4(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> IPAddress {
        IPAddress(family: .v4, bits: UInt128(a) << 24 | UInt128(b) << 16 | UInt128(c) << 8 | UInt128(d))
    }

    /// Four or sixteen bytes in network order.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        let bits = bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
        self.init(family: bytes.count == 4 ? .v4 : .v6, bits: bits)
    }

    /// Bits in the address: 32 or 128.
    public var bitWidth: Int { family == .v4 ? 32 : 128 }

    /// The address in network order: four or sixteen bytes.
    public var bytes: [UInt8] {
        stride(from: bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt128($0)) }
    }

    /// The address that lies `offset` after this one; it wraps around at the end of the family's space.
    public func advanced(by offset: Int) -> IPAddress {
        IPAddress(family: family, bits: offset < 0 ? bits &- UInt128(-offset) : bits &+ UInt128(offset))
    }

    /// True for 127.0.0.0/8 and ::1.
    public var isLoopback: Bool { family == .v4 ? bits >> 24 == 127 : bits == 1 }

    /// True for 169.254.0.0/16 and fe80::/10.
    public var isLinkLocal: Bool { family == .v4 ? bits >> 16 == 0xa9fe : bits >> 118 == 0x3fa }

    public var isUnspecified: Bool { bits == 0 }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by number.
    public static func < (a: IPAddress, b: IPAddress) -> Bool {
        a.family == b.family ? a.bits < b.bits : a.family.rawValue < b.family.rawValue
    }
}
