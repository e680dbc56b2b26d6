import ObjectModel
import Synchronization

/// The cluster IPs and node ports in use: what services reserve before they are written, and give back when they go.
///
/// A range is cut in two, as upstream does: addresses are handed out from the upper part, so that the lower one stays free for those who choose their own.
final class ServiceAddresses: Sendable {
    let range: IPv4Range
    let nodePorts: ClosedRange<Int>
    private let state = Mutex(State())

    private struct State {
        var addresses: [UInt32: String] = [:]
        var ports: [Int: String] = [:]
    }

    init(range: IPv4Range, nodePorts: ClosedRange<Int> = 30000...32767) {
        self.range = range
        self.nodePorts = nodePorts
    }

    /// How many Services have.
    var taken: (addresses: Int, ports: Int) { state.withLock { ($0.addresses.count, $0.ports.count) } }

    enum Refusal: Error { case taken, outOfRange, exhausted }

    // MARK: Addresses

    /// Reserves one address for a service. Its own address is no conflict. A dry run only looks whether it could.
    func reserve(_ text: String, for service: String, isDryRun: Bool = false) throws(Refusal) {
        guard let address = IPv4Range.address(text), range.isUsable(address) else { throw .outOfRange }
        try state.withLock { state throws(Refusal) in
            if let owner = state.addresses[address], owner != service { throw .taken }
            if !isDryRun { state.addresses[address] = service }
        }
    }

    /// Reserves any free address.
    func reserveAny(for service: String, isDryRun: Bool = false) throws(Refusal) -> String {
        try state.withLock { state throws(Refusal) in
            let size = range.usable
            let band = min(max(16, size / 16), 256)
            let upper = size > band ? band..<size : 0..<size
            for part in [upper, 0..<min(band, size)] where !part.isEmpty {
                let start = Int.random(in: part)
                for step in 0..<part.count {
                    let index = part.lowerBound + (start - part.lowerBound + step) % part.count
                    let address = range.address(at: index)
                    if state.addresses[address] == nil {
                        if !isDryRun { state.addresses[address] = service }
                        return IPv4Range.text(address)
                    }
                }
            }
            throw .exhausted
        }
    }

    // MARK: Ports

    func reserve(port: Int, for service: String, isDryRun: Bool = false) throws(Refusal) {
        guard nodePorts.contains(port) else { throw .outOfRange }
        try state.withLock { state throws(Refusal) in
            if let owner = state.ports[port], owner != service { throw .taken }
            if !isDryRun { state.ports[port] = service }
        }
    }

    func reserveAnyPort(for service: String, isDryRun: Bool = false) throws(Refusal) -> Int {
        try state.withLock { state throws(Refusal) in
            let start = Int.random(in: nodePorts)
            for step in 0..<nodePorts.count {
                let port = nodePorts.lowerBound + (start - nodePorts.lowerBound + step) % nodePorts.count
                if state.ports[port] == nil {
                    if !isDryRun { state.ports[port] = service }
                    return port
                }
            }
            throw .exhausted
        }
    }

    // MARK: Giving back

    /// Keeps just these for a service and frees whatever else it holds.
    func keep(_ addresses: [String], _ ports: [Int], for service: String) {
        let kept = Set(addresses.compactMap(IPv4Range.address))
        state.withLock { state in
            state.addresses = state.addresses.filter { $0.value != service || kept.contains($0.key) }
            state.ports = state.ports.filter { $0.value != service || ports.contains($0.key) }
        }
    }

    func release(_ addresses: [String], _ ports: [Int], of service: String) {
        state.withLock { state in
            for address in addresses.compactMap(IPv4Range.address) where state.addresses[address] == service { state.addresses[address] = nil }
            for port in ports where state.ports[port] == service { state.ports[port] = nil }
        }
    }
}

/// A block of IPv4 addresses, such as `10.96.0.0/12`.
struct IPv4Range: Sendable, Hashable, CustomStringConvertible {
    let base: UInt32
    let prefix: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let base = Self.address(String(parts[0])), let prefix = Int(parts[1]), (8...30).contains(prefix) else { return nil }
        self.prefix = prefix
        self.base = base & (UInt32.max << UInt32(32 - prefix))
    }

    var description: String { "\(Self.text(base))/\(prefix)" }

    /// Addresses that may be handed out: all but the first and the last of the block.
    var usable: Int { (1 << (32 - prefix)) - 2 }

    func address(at index: Int) -> UInt32 { base + 1 + UInt32(index) }

    func isUsable(_ address: UInt32) -> Bool { address > base && address - base <= UInt32(usable) }

    static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var result: UInt32 = 0
        for part in parts {
            guard let byte = UInt8(part), part.first != "+" else { return nil }
            result = result << 8 | UInt32(byte)
        }
        return result
    }

    static func text(_ address: UInt32) -> String { [24, 16, 8, 0].map { String(address >> $0 & 255) }.joined(separator: ".") }
}
