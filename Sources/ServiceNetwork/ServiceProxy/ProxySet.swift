import HostNetwork
import ObjectModel

/// The proxy's sets and maps: one per kind and address family.
struct ProxySet: Hashable, Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Address, protocol and port of a Service → the chain that picks an endpoint.
        case services

        /// Protocol and port of a NodePort → the same.
        case nodePorts = "nodeports"

        /// As `services`, for traffic from outside under `externalTrafficPolicy: Local`.
        case externalServices = "external-services"

        /// As `nodePorts`, for traffic from outside under `externalTrafficPolicy: Local`.
        case externalNodePorts = "external-nodeports"

        /// Address, protocol, port and a number below the count of endpoints → an endpoint.
        case backends

        case nodePortBackends = "nodeport-backends"

        /// As `backends`, of the endpoints on this node.
        case externalBackends = "external-backends"

        case externalNodePortBackends = "external-nodeport-backends"

        /// Load balancer addresses that only some may reach.
        case guarded

        /// Who may: address, protocol, port and client's network.
        case allowed

        /// An endpoint's address twice: traffic that a pod sends to itself through its Service.
        case hairpin
    }

    var kind: Kind
    var family: IPAddress.Family

    init(_ kind: Kind, _ family: IPAddress.Family) {
        self.kind = kind
        self.family = family
    }

    static let all = Kind.allCases.flatMap { kind in IPAddress.Family.allCases.map { ProxySet(kind, $0) } }

    var name: NFName { NFName("\(kind.rawValue)-ipv\(family.rawValue)") ?? "invalid" }

    private var ip: NFText { family.keyword }

    /// Adds the set or map to a table.
    func declare(in transaction: inout NFTransaction) {
        switch kind {
        case .services, .externalServices: transaction.addMap(name, "typeof \(ip) daddr . meta l4proto . th dport : verdict ;")
        case .nodePorts, .externalNodePorts: transaction.addMap(name, "typeof meta l4proto . th dport : verdict ;")
        case .backends, .externalBackends:
            transaction.addMap(name, "typeof \(ip) daddr . meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . th dport ;")
        case .nodePortBackends, .externalNodePortBackends:
            transaction.addMap(name, "typeof meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . th dport ;")
        case .guarded: transaction.addSet(name, "typeof \(ip) daddr . meta l4proto . th dport ;")
        case .allowed: transaction.addSet(name, "typeof \(ip) daddr . meta l4proto . th dport . \(ip) saddr ; flags interval ;")
        case .hairpin: transaction.addSet(name, "typeof \(ip) saddr . \(ip) daddr ;")
        }
    }
}

extension IPAddress.Family {
    /// nftables' word for the family's header.
    var keyword: NFText { self == .v4 ? "ip" : "ip6" }
}

/// One element of a set or a map's key.
struct ProxyElement: Hashable, Sendable {
    var set: ProxySet
    var key: NFText
}
