import HostNetwork
import ObjectModel

/// The pod network's rules: masquerading of what leaves the cluster, host ports, and two guards.
///
/// A table's `accept` ends only that table's say: where the host drops forwarded packets elsewhere (Docker sets iptables' FORWARD policy to drop), that
/// table has to let the bridge through: `iptables -I FORWARD -i apus0 -j ACCEPT; iptables -I FORWARD -o apus0 -j ACCEPT`.
struct PodNetworkTable: Sendable {
    static let name: NFName = "apus-pods"

    var configuration: PodNetwork.Configuration

    /// The whole table, in place of what there was, in one transaction.
    func replacement(hostPorts: Set<HostPort>) -> NFTransaction {
        var transaction = NFTransaction(table: Self.name)
        transaction.deleteTable()
        transaction.addTable()
        declareMaps(in: &transaction)
        declareGuards(in: &transaction)
        declareForwarding(in: &transaction)
        declareHostPorts(in: &transaction)
        declareMasquerading(in: &transaction)
        for (map, elements) in Self.elements(hostPorts).sorted(by: { $0.key.description < $1.key.description }) {
            transaction.addElements(
                map, elements.map { $0.value == "" ? $0.key : "\($0.key) : \($0.value)" }.sorted { $0.description < $1.description })
        }
        return transaction
    }

    /// The difference between two sets of host ports.
    static func change(from old: Set<HostPort>, to new: Set<HostPort>) -> NFTransaction {
        var transaction = NFTransaction(table: name)
        let before = elements(old)
        let after = elements(new)
        for map in Set(before.keys).union(after.keys).sorted(by: { $0.description < $1.description }) {
            let old = before[map] ?? [:]
            let new = after[map] ?? [:]
            transaction.deleteElements(map, old.filter { new[$0.key] != $0.value }.map(\.key).sorted { $0.description < $1.description })
            let added = new.filter { old[$0.key] != $0.value }.map { $0.value == "" ? $0.key : "\($0.key) : \($0.value)" }
            transaction.addElements(map, added.sorted { $0.description < $1.description })
        }
        return transaction
    }

    // MARK: Parts

    /// Where two pods claim a host port (the scheduler lets none), the one with the lower address has it.
    private static func elements(_ hostPorts: Set<HostPort>) -> [NFName: [NFText: NFText]] {
        var result: [NFName: [NFText: NFText]] = [:]
        for port in hostPorts.sorted(by: { ($0.podAddress, $0.containerPort) < ($1.podAddress, $1.containerPort) }) {
            let family = port.podAddress.family
            let (map, key): (NFName, NFText) =
                if let address = port.hostAddress {
                    (addressMap(family), "\(address) . \(port.transport) . \(port.hostPort)")
                } else {
                    (anyMap(family), "\(port.transport) . \(port.hostPort)")
                }
            if result[map]?[key] == nil { result[map, default: [:]][key] = "\(port.podAddress) . \(port.containerPort)" }
            result[hairpinSet(family), default: [:]]["\(port.podAddress) . \(port.podAddress)"] = ""
        }
        return result
    }

    private static func anyMap(_ family: IPAddress.Family) -> NFName { family == .v4 ? "host-ports-ipv4" : "host-ports-ipv6" }
    private static func addressMap(_ family: IPAddress.Family) -> NFName { family == .v4 ? "host-address-ports-ipv4" : "host-address-ports-ipv6" }
    private static func hairpinSet(_ family: IPAddress.Family) -> NFName { family == .v4 ? "host-port-hairpin-ipv4" : "host-port-hairpin-ipv6" }

    private func declareMaps(in transaction: inout NFTransaction) {
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            transaction.addMap(Self.anyMap(family), "typeof meta l4proto . th dport : \(ip) daddr . th dport ;")
            transaction.addMap(Self.addressMap(family), "typeof \(ip) daddr . meta l4proto . th dport : \(ip) daddr . th dport ;")
            transaction.addSet(Self.hairpinSet(family), "typeof \(ip) saddr . \(ip) daddr ;")
        }
    }

    /// The bridge routes 127.0.0.0/8, so that node ports and host ports answer on the host's localhost; pods must not reach it that way.
    private func declareGuards(in transaction: inout NFTransaction) {
        transaction.addChain("raw-prerouting", hook: .init(.filter, .prerouting, priority: -300))
        transaction.addRule("raw-prerouting", "iifname \(configuration.bridge) ip daddr 127.0.0.0/8 drop")
        transaction.addRule("raw-prerouting", "iifname \(configuration.bridge) ip saddr 127.0.0.0/8 drop")
    }

    private func declareForwarding(in transaction: inout NFTransaction) {
        transaction.addChain("filter-forward", hook: .init(.filter, .forward, priority: 0))
        transaction.addRule("filter-forward", "iifname \(configuration.bridge) accept")
        transaction.addRule("filter-forward", "oifname \(configuration.bridge) accept")
    }

    private func declareHostPorts(in transaction: inout NFTransaction) {
        transaction.addChain("host-port-lookup")
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            transaction.addRule(
                "host-port-lookup",
                "meta l4proto { tcp, udp, sctp } dnat \(ip) to \(ip) daddr . meta l4proto . th dport map @\(Self.addressMap(family))")
            transaction.addRule(
                "host-port-lookup", "meta l4proto { tcp, udp, sctp } dnat \(ip) to meta l4proto . th dport map @\(Self.anyMap(family))")
        }
        transaction.addChain("nat-prerouting", hook: .init(.nat, .prerouting, priority: -99))
        transaction.addRule("nat-prerouting", "fib daddr type local jump host-port-lookup")
        transaction.addChain("nat-output", hook: .init(.nat, .output, priority: -99))
        transaction.addRule("nat-output", "fib daddr type local jump host-port-lookup")
    }

    private func declareMasquerading(in transaction: inout NFTransaction) {
        transaction.addChain("nat-postrouting", hook: .init(.nat, .postrouting, priority: 101))
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            transaction.addRule(
                "nat-postrouting", "ct status dnat \(ip) saddr . \(ip) daddr @\(Self.hairpinSet(family)) masquerade fully-random")
        }
        transaction.addRule("nat-postrouting", "oifname \(configuration.bridge) ip saddr 127.0.0.0/8 masquerade fully-random")
        for podCIDR in configuration.podCIDRs {
            let ip = podCIDR.family.keyword
            let multicast: NFText = podCIDR.family == .v4 ? "224.0.0.0/4" : "ff00::/8"
            let inside = configuration.clusterCIDRs.filter { $0.family == podCIDR.family } + [podCIDR]
            let kept = inside.disjoint.map { "\($0)" as NFText } + [multicast]
            transaction.addRule(
                "nat-postrouting", "\(ip) saddr \(podCIDR) \(ip) daddr != \(set: kept) oifname != \(configuration.bridge) masquerade fully-random")
        }
    }
}
