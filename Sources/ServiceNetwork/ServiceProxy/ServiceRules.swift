import HostNetwork
import ObjectModel

/// What one Service asks of the packet filter: a pure function of the Service, its EndpointSlices and the node.
struct ServiceRules: Sendable, Equatable {
    /// An address (nil means any of the node's) and port that the Service answers on over UDP.
    struct UDPFrontend: Hashable, Sendable {
        var address: IPAddress?
        var port: UInt16
    }

    struct UDPEndpoint: Hashable, Sendable {
        var address: IPAddress
        var port: UInt16
    }

    /// Elements with what they map to; a set's element maps to nothing.
    var elements: [ProxyElement: NFText] = [:]
    var pickChains: Set<PickChain> = []
    var affinity: [AffinityPort] = []

    /// Who may answer a tracked UDP flow: it outlives its endpoint unless it is forgotten.
    var udp: [UDPFrontend: Set<UDPEndpoint>] = [:]

    /// What a load balancer is told that asks at `healthCheckNodePort`.
    struct HealthCheck: Sendable, Equatable {
        var port: UInt16
        var namespace: String
        var name: String

        /// Addresses of this node that answer for the Service.
        var localEndpoints: Int
    }

    var healthCheck: HealthCheck?

    init() {}

    init(_ service: ProxiedService, slices: [Value], node: ProxyNode) {
        var local: Set<IPAddress> = []
        for port in service.ports {
            for family in IPAddress.Family.allCases where service.clusterIPs.contains(where: { $0.family == family }) {
                let endpoints = EndpointSelection.endpoints(of: port, family: family, in: slices, nodeName: node.name)
                let selection = EndpointSelection(endpoints, node: node)
                local.formUnion(selection.local.map(\.address))
                var builder = PortRules(service: service, port: port, family: family, selection: selection)
                builder.build()
                merge(builder.rules)
            }
        }
        healthCheck = service.healthCheckNodePort.map {
            HealthCheck(port: $0, namespace: service.namespace, name: service.name, localEndpoints: local.count)
        }
    }

    private mutating func merge(_ other: ServiceRules) {
        elements.merge(other.elements) { first, _ in first }
        pickChains.formUnion(other.pickChains)
        affinity += other.affinity
        udp.merge(other.udp) { $0.union($1) }
    }
}

/// The rules of one port in one address family.
private struct PortRules {
    let service: ProxiedService
    let port: ProxiedService.Port
    let family: IPAddress.Family
    let selection: EndpointSelection
    var rules = ServiceRules()

    private enum Frontend {
        case address(IPAddress)
        case nodePort(UInt16)
    }

    mutating func build() {
        for address in service.clusterIPs where address.family == family {
            let endpoints = service.internalTrafficPolicyIsLocal ? selection.local : selection.cluster
            add(.address(address), .cluster, endpoints)
        }
        for address in service.externalIPs + service.loadBalancerIPs where address.family == family { addExternal(.address(address)) }
        if let nodePort = port.nodePort { addExternal(.nodePort(nodePort)) }
        if !service.loadBalancerSourceRanges.isEmpty { guardLoadBalancer() }
        for endpoint in selection.cluster + selection.local where endpoint.isLocal {
            rules.elements[ProxyElement(set: ProxySet(.hairpin, family), key: "\(endpoint.address) . \(endpoint.address)")] = ""
        }
    }

    private mutating func addExternal(_ frontend: Frontend) {
        guard service.externalTrafficPolicyIsLocal else { return add(frontend, .external, selection.cluster) }
        // Pods and the node itself are not "outside": they reach every endpoint, as through the cluster IP.
        add(frontend, .cluster, selection.cluster)
        add(frontend, .local, selection.local)
    }

    private mutating func add(_ frontend: Frontend, _ treatment: PickChain.Treatment, _ endpoints: [ServiceEndpoint]) {
        let isLocal = treatment == .local
        let key: NFText
        let set: ProxySet
        let pick: PickChain
        switch frontend {
        case .address(let address):
            key = "\(address) . \(port.transport) . \(port.port)"
            set = ProxySet(isLocal ? .externalServices : .services, family)
            pick = PickChain(treatment: treatment, frontend: .address, transport: port.transport, family: family, count: endpoints.count)
            note(udp: .init(address: address, port: port.port), endpoints)
        case .nodePort(let number):
            key = "\(port.transport) . \(number)"
            set = ProxySet(isLocal ? .externalNodePorts : .nodePorts, family)
            pick = PickChain(treatment: treatment, frontend: .nodePort, transport: port.transport, family: family, count: endpoints.count)
            note(udp: .init(address: nil, port: number), endpoints)
        }
        let element = ProxyElement(set: set, key: key)
        guard rules.elements[element] == nil else { return }  // an address given twice, say as external IP and of the load balancer
        if selection.isEmpty {
            rules.elements[element] = "goto \(ProxyTable.refuse)"
        } else if endpoints.isEmpty {
            rules.elements[element] = "drop"
        } else if let chain = affinityChain(treatment, endpoints) {
            rules.elements[element] = "goto \(chain)"
        } else {
            rules.elements[element] = "goto \(pick.name)"
            rules.pickChains.insert(pick)
            for (index, endpoint) in endpoints.enumerated() {
                rules.elements[ProxyElement(set: pick.backends, key: "\(key) . \(index)")] = "\(endpoint.address) . \(endpoint.port)"
            }
        }
    }

    /// The chain of this port's affinity for a treatment, made on first use; nil where clients are free.
    private mutating func affinityChain(_ treatment: PickChain.Treatment, _ endpoints: [ServiceEndpoint]) -> NFName? {
        guard let timeout = service.affinityTimeoutSeconds else { return nil }
        var affinity =
            rules.affinity.first
            ?? AffinityPort(
                namespace: service.namespace, service: service.name, transport: port.transport, port: port.port, family: family,
                timeoutSeconds: timeout, entrances: [])
        if !affinity.entrances.contains(where: { $0.treatment == treatment && $0.endpoints == endpoints }) {
            // One treatment goes to one list of endpoints; only a cluster IP with `internalTrafficPolicy: Local` beside an external address would
            // need two, and there the chain without affinity serves.
            guard !affinity.entrances.contains(where: { $0.treatment == treatment }) else { return nil }
            affinity.entrances.append(.init(treatment: treatment, endpoints: endpoints))
        }
        guard let chain = affinity.chain(treatment) else { return nil }
        rules.affinity = [affinity]
        return chain
    }

    private mutating func guardLoadBalancer() {
        for address in service.loadBalancerIPs where address.family == family {
            let key: NFText = "\(address) . \(port.transport) . \(port.port)"
            rules.elements[ProxyElement(set: ProxySet(.guarded, family), key: key)] = ""
            for range in service.loadBalancerSourceRanges.filter({ $0.family == family }).disjoint {
                rules.elements[ProxyElement(set: ProxySet(.allowed, family), key: "\(key) . \(range)")] = ""
            }
        }
    }

    private mutating func note(udp frontend: ServiceRules.UDPFrontend, _ endpoints: [ServiceEndpoint]) {
        guard port.transport == .udp else { return }
        rules.udp[frontend, default: []].formUnion(endpoints.map { .init(address: $0.address, port: $0.port) })
    }
}
