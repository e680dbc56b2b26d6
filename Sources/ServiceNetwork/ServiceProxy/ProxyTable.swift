import HostNetwork
import ObjectModel

/// The parts of the proxy's table that no Service changes.
///
/// A new connection is looked up once, in prerouting or output; everything after its first packet follows connection tracking.
struct ProxyTable: Sendable {
    /// The proxy's own table.
    static let name: NFName = "apus"

    /// Answers that nobody is there: a reset, or ICMP's port unreachable.
    static let refuse: NFName = "refuse-connection"

    /// The networks that pods have in the whole cluster. Traffic to a cluster IP from elsewhere is masqueraded, so that it finds its way back.
    var clusterCIDRs: [CIDR]

    /// The networks that cluster IPs come from. Traffic to what no Service has there is refused rather than sent to the default gateway.
    var serviceCIDRs: [CIDR]

    func declare(in transaction: inout NFTransaction) {
        transaction.addTable()
        for set in ProxySet.all { set.declare(in: &transaction) }
        transaction.addChain(Self.refuse)
        transaction.addRule(Self.refuse, "meta l4proto tcp reject with tcp reset")
        transaction.addRule(Self.refuse, "reject with icmpx port-unreachable")
        declareExternal(in: &transaction)
        declareServices(in: &transaction)
        declareHooks(in: &transaction)
    }

    /// `externalTrafficPolicy: Local` for what is neither a pod nor this node.
    private func declareExternal(in transaction: inout NFTransaction) {
        transaction.addChain("from-outside")
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            transaction.addRule("from-outside", "\(ip) daddr . meta l4proto . th dport vmap @\(ProxySet(.externalServices, family).name)")
            transaction.addRule(
                "from-outside",
                "meta nfproto \(family.protocolName) fib daddr type local meta l4proto . th dport vmap @\(ProxySet(.externalNodePorts, family).name)")
        }
    }

    private func declareServices(in transaction: inout NFTransaction) {
        transaction.addChain("service-lookup")
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            let key: NFText = "\(ip) daddr . meta l4proto . th dport"
            let pods = clusterCIDRs.filter { $0.family == family }.map { "\($0)" as NFText }
            let isOutside: NFText =
                pods.isEmpty
                ? "meta nfproto \(family.protocolName) fib saddr type != local" : "\(ip) saddr != \(set: pods) fib saddr type != local"
            transaction.addRule(
                "service-lookup", "\(key) @\(ProxySet(.guarded, family).name) \(key) . \(ip) saddr != @\(ProxySet(.allowed, family).name) drop")
            transaction.addRule("service-lookup", "\(isOutside) jump from-outside")
            transaction.addRule("service-lookup", "\(key) vmap @\(ProxySet(.services, family).name)")
            transaction.addRule(
                "service-lookup",
                "meta nfproto \(family.protocolName) fib daddr type local meta l4proto . th dport vmap @\(ProxySet(.nodePorts, family).name)")
            let services = serviceCIDRs.filter { $0.family == family }.map { "\($0)" as NFText }
            if !services.isEmpty { transaction.addRule("service-lookup", "\(ip) daddr \(set: services) goto \(Self.refuse)") }
        }
    }

    private func declareHooks(in transaction: inout NFTransaction) {
        transaction.addChain("nat-prerouting", hook: .init(.nat, .prerouting, priority: -100))
        transaction.addRule("nat-prerouting", "jump service-lookup")
        transaction.addChain("nat-output", hook: .init(.nat, .output, priority: -100))
        transaction.addRule("nat-output", "jump service-lookup")
        transaction.addChain("nat-postrouting", hook: .init(.nat, .postrouting, priority: 100))
        for family in IPAddress.Family.allCases {
            let ip = family.keyword
            transaction.addRule(
                "nat-postrouting", "ct status dnat \(ip) saddr . \(ip) daddr @\(ProxySet(.hairpin, family).name) masquerade fully-random")
        }
        transaction.addRule("nat-postrouting", "meta mark & 0x4000 == 0x4000 meta mark set meta mark xor 0x4000 masquerade fully-random")
    }
}

extension IPAddress.Family {
    var protocolName: NFText { self == .v4 ? "ipv4" : "ipv6" }
}
