/// An IPv4 or IPv6 address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address.
public struct IPAddress: Sendable, Hashable, Comparable {
    /// The 32 or 128 bits, the first byte of the address highest.
    public let bits: UInt128
    public let isIPv4: Bool

    public init(ipv4 bits: UInt32) {
        self.bits = UInt128(bits)
        isIPv4 = true
    }

    public init(ipv6 bits: UInt128) {
        isIPv4 = bits >> 32 == 0xFFFF
        self.bits = isIPv4 ? bits & 0xFFFF_FFFF : bits
    }

    /// Reads an address without a zone. Leading zeros in IPv4 are not accepted: readers disagree on what they mean.
    public init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bits = Self.ipv6(text) else { return nil }
            self.init(ipv6: bits)
        } else {
            guard let bits = Self.ipv4(text[...]) else { return nil }
            self.init(ipv4: bits)
        }
    }

    public var bitCount: Int { isIPv4 ? 32 : 128 }

    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.isIPv4 == right.isIPv4 ? left.bits < right.bits : left.isIPv4
    }

    private static func ipv4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part == "0" || part.utf8.first != UInt8(ascii: "0"),
                part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let byte = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt32(byte)
        }
        return bits
    }

    private static func ipv6(_ text: String) -> UInt128? {
        let halves = text.split(separator: "::", maxSplits: 2, omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0], isLast: halves.count == 1) else { return nil }
        guard halves.count == 2 else { return head.count == 8 ? joined(head) : nil }
        guard let tail = groups(halves[1], isLast: true), head.count + tail.count < 8 else { return nil }
        return joined(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    private static func joined(_ groups: [UInt16]) -> UInt128 { groups.reduce(0) { $0 << 16 | UInt128($1) } }

    /// The 16-bit groups of a part; the last two may be written as IPv4.
    private static func groups(_ text: Substring, isLast: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
                guard let bits = ipv4(part) else { return nil }
                groups += [UInt16(bits >> 16), UInt16(bits & 0xFFFF)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.first != UInt8(ascii: "+"), let group = UInt16(part, radix: 16) else { return nil }
                groups.append(group)
            }
        }
        return groups.count <= 8 ? groups : nil
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical form (RFC 5952).
    public var description: String {
        if isIPv4 { return [24, 16, 8, 0].map { String(bits >> $0 & 0xFF) }.joined(separator: ".") }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> UInt128(112 - $0 * 16)) }
        guard let gap = Self.longestZeros(groups) else { return Self.hexadecimal(groups[...]) }
        return Self.hexadecimal(groups[..<gap.lowerBound]) + "::" + Self.hexadecimal(groups[gap.upperBound...])
    }

    private static func hexadecimal(_ groups: ArraySlice<UInt16>) -> String { groups.map { String($0, radix: 16) }.joined(separator: ":") }

    /// The first longest run of at least two zero groups.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            guard groups[start] == 0 else {
                start += 1
                continue
            }
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > max(1, best?.count ?? 0) { best = start..<end }
            start = end
        }
        return best
    }
}

/// A range of addresses, such as `10.0.0.0/16`.
public struct CIDR: Sendable, Hashable {
    /// As written: bits beyond the prefix may be set.
    public let address: IPAddress
    public let prefixLength: Int

    public init(_ address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = min(max(prefixLength, 0), address.bitCount)
    }

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), parts[1].utf8.first != UInt8(ascii: "+"),
            let length = Int(parts[1]), (0...address.bitCount).contains(length), String(length) == parts[1]
        else { return nil }
        self.init(address, prefixLength: length)
    }

    private var hostBits: Int { address.bitCount - prefixLength }
    private var hostMask: UInt128 { hostBits >= 128 ? .max : (1 << UInt128(hostBits)) - 1 }

    /// The range's first address.
    public var network: IPAddress { at(address.bits & ~hostMask) }

    /// The range's last address.
    public var last: IPAddress { at(address.bits | hostMask) }

    /// Addresses in the range; at most what an `Int` holds.
    public var count: Int { hostBits >= 63 ? .max : 1 << hostBits }

    public func contains(_ other: IPAddress) -> Bool {
        other.isIPv4 == address.isIPv4 && other.bits & ~hostMask == address.bits & ~hostMask
    }

    /// The address `offset` after the first, or nil beyond the range.
    public func address(at offset: Int) -> IPAddress? {
        guard offset >= 0, offset < count else { return nil }
        return at((address.bits & ~hostMask) + UInt128(offset))
    }

    private func at(_ bits: UInt128) -> IPAddress { address.isIPv4 ? IPAddress(ipv4: UInt32(bits)) : IPAddress(ipv6: bits) }
}

extension CIDR: CustomStringConvertible {
    public var description: String { "\(address)/\(prefixLength)" }
}
