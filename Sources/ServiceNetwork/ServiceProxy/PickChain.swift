import HostNetwork
import ObjectModel

/// A chain that sends a new connection to one of `count` endpoints. All ports with that many endpoints share it: which endpoints they are is
/// in the maps, so a change to a Service is a change of map elements and of nothing else.
struct PickChain: Hashable, Sendable {
    enum Treatment: String, Sendable {
        /// Within the cluster: the source stays, unless it is no pod.
        case cluster

        /// From outside, to an endpoint on any node: the source becomes this node, so that answers come back through it.
        case external

        /// From outside, to an endpoint on this node: the source stays.
        case local
    }

    enum Frontend: String, Sendable {
        case address = "ip"
        case nodePort = "nodeport"
    }

    var treatment: Treatment
    var frontend: Frontend
    var transport: TransportProtocol
    var family: IPAddress.Family
    var count: Int

    var name: NFName {
        NFName("pick-\(treatment.rawValue)-\(frontend.rawValue)-\(transport.name)-ipv\(family.rawValue)-\(count)") ?? "invalid"
    }

    /// The map that holds the endpoints.
    var backends: ProxySet {
        switch (treatment, frontend) {
        case (.local, .address): ProxySet(.externalBackends, family, transport)
        case (.local, .nodePort): ProxySet(.externalNodePortBackends, family, transport)
        case (_, .address): ProxySet(.backends, family, transport)
        case (_, .nodePort): ProxySet(.nodePortBackends, family, transport)
        }
    }

    func declare(in transaction: inout NFTransaction, clusterCIDRs: [CIDR]) {
        transaction.addChain(name)
        if let mark = treatment.mark(family: family, clusterCIDRs: clusterCIDRs) { transaction.addRule(name, mark) }
        let ip = family.keyword
        let key: NFText = frontend == .address ? "\(ip) daddr . meta l4proto . th dport" : "meta l4proto . th dport"
        transaction.addRule(
            name, "meta l4proto \(transport) dnat \(ip) to \(key) . numgen random mod \(count) map @\(backends.name)")
    }
}

extension PickChain.Treatment {
    /// Marks what has to be masqueraded on its way out. The bit is the one that Kubernetes uses everywhere.
    func mark(family: IPAddress.Family, clusterCIDRs: [CIDR]) -> NFText? {
        let set: NFText = "meta mark set meta mark or 0x4000"
        switch self {
        case .cluster:
            let pods = clusterCIDRs.filter { $0.family == family }.map { "\($0)" as NFText }
            return pods.isEmpty ? nil : "\(family.keyword) saddr != \(set: pods) \(set)"
        case .external: return set
        case .local: return nil
        }
    }
}
