import HostNetwork
import ObjectModel

/// The proxy's sets and maps: one per kind and address family, and one per transport protocol too where endpoints are in it.
///
/// nftables 1.0.6 forgets that the `th dport` of a map's data is any protocol's port when it reads the declaration back from the kernel, and then
/// refuses new rules that use the map ("conflicting protocols specified: tcp vs. th"). So a map of endpoints is of one protocol and says so.
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

    /// The protocol of a map of endpoints; nil for what serves all of them.
    var transport: TransportProtocol?

    init(_ kind: Kind, _ family: IPAddress.Family, _ transport: TransportProtocol? = nil) {
        self.kind = kind
        self.family = family
        self.transport = transport
    }

    static let all = Kind.allCases.flatMap { kind in
        IPAddress.Family.allCases.flatMap { family in kind.transports.map { ProxySet(kind, family, $0) } }
    }

    var name: NFName { NFName("\(kind.rawValue)-\(transport.map { "\($0.name)-" } ?? "")ipv\(family.rawValue)") ?? "invalid" }

    private var ip: NFText { family.keyword }

    private var port: NFText { transport.map { "\($0) dport" } ?? "th dport" }

    /// Adds the set or map to a table.
    func declare(in transaction: inout NFTransaction) {
        switch kind {
        case .services, .externalServices: transaction.addMap(name, "typeof \(ip) daddr . meta l4proto . th dport : verdict ;")
        case .nodePorts, .externalNodePorts: transaction.addMap(name, "typeof meta l4proto . th dport : verdict ;")
        case .backends, .externalBackends:
            transaction.addMap(name, "typeof \(ip) daddr . meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . \(port) ;")
        case .nodePortBackends, .externalNodePortBackends:
            transaction.addMap(name, "typeof meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . \(port) ;")
        case .guarded: transaction.addSet(name, "typeof \(ip) daddr . meta l4proto . th dport ;")
        case .allowed: transaction.addSet(name, "typeof \(ip) daddr . meta l4proto . th dport . \(ip) saddr ; flags interval ;")
        case .hairpin: transaction.addSet(name, "typeof \(ip) saddr . \(ip) daddr ;")
        }
    }
}

extension ProxySet.Kind {
    fileprivate var transports: [TransportProtocol?] {
        switch self {
        case .backends, .nodePortBackends, .externalBackends, .externalNodePortBackends: TransportProtocol.allCases
        case .services, .nodePorts, .externalServices, .externalNodePorts, .guarded, .allowed, .hairpin: [nil]
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
