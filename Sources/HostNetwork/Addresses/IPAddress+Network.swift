import ObjectModel

extension IPAddress {
    public enum Family: UInt8, Sendable, CaseIterable { case v4 = 4, v6 = 6 }

    public var family: Family { isIPv4 ? .v4 : .v6 }

    /// An IPv4 address uses the low 32 bits.
    public init(family: Family, bits: UInt128) {
        switch family {
        case .v4: self.init(ipv4: UInt32(truncatingIfNeeded: bits))
        case .v6: self.init(ipv6: bits)
        }
    }

    public static func v4(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> IPAddress {
        IPAddress(ipv4: UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d))
    }

    /// Four or sixteen bytes in network order.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.init(family: bytes.count == 4 ? .v4 : .v6, bits: bytes.reduce(UInt128(0)) { $0 << 8 | UInt128($1) })
    }

    /// The address in network order: four or sixteen bytes.
    public var bytes: [UInt8] {
        stride(from: bitCount - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: bits >> UInt128($0)) }
    }

    /// True for 127.0.0.0/8 and ::1.
    public var isLoopback: Bool { isIPv4 ? bits >> 24 == 127 : bits == 1 }

    /// True for 169.254.0.0/16 and fe80::/10.
    public var isLinkLocal: Bool { isIPv4 ? bits >> 16 == 0xa9fe : bits >> 118 == 0x3fa }

    public var isUnspecified: Bool { bits == 0 }
}

extension CIDR {
    public var family: IPAddress.Family { address.family }

    /// The same range, written with its first address.
    public var masked: CIDR { CIDR(network, prefixLength: prefixLength) }
}

extension [CIDR] {
    /// The ranges without those that lie within another, masked and ordered: elements of an interval set must not overlap.
    public var disjoint: [CIDR] {
        let unique = Set(map(\.masked))
        return unique.filter { range in
            !unique.contains { $0 != range && $0.prefixLength < range.prefixLength && $0.contains(range.address) }
        }.sorted { $0.address < $1.address }
    }
}
