import HostNetwork
import ObjectModel

/// Names under `in-addr.arpa` and `ip6.arpa`.
enum ReverseName {
    private static let v4 = DNSName("in-addr.arpa") ?? .root
    private static let v6 = DNSName("ip6.arpa") ?? .root

    /// The address that a reverse name stands for, if it is a whole one.
    static func address(_ name: DNSName) -> IPAddress? {
        if let labels = name.labels(below: v4) {
            guard labels.count == 4 else { return nil }
            return IPAddress(labels.reversed().map { String(decoding: $0, as: UTF8.self) }.joined(separator: "."))
        }
        guard let labels = name.labels(below: v6), labels.count == 32 else { return nil }
        var bits: UInt128 = 0
        for label in labels.reversed() {
            guard label.count == 1, let digit = UInt8(String(decoding: label, as: UTF8.self), radix: 16) else { return nil }
            bits = bits << 4 | UInt128(digit)
        }
        return IPAddress(ipv6: bits)
    }

    static func name(_ address: IPAddress) -> DNSName? {
        if address.isIPv4 { return DNSName(address.bytes.reversed().map(String.init).joined(separator: ".") + ".in-addr.arpa") }
        let digits = address.bytes.reversed().flatMap { [$0 & 0xf, $0 >> 4] }.map { String($0, radix: 16) }
        return DNSName(digits.joined(separator: ".") + ".ip6.arpa")
    }
}
