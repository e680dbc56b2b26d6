import HostNetwork
import ObjectModel

/// What the proxy reads from a Service. Addresses that are none, and ports outside of the range, are left out: they can name nobody.
struct ProxiedService: Sendable, Equatable {
    struct Port: Sendable, Equatable {
        var name: String
        var transport: TransportProtocol
        var port: UInt16

        /// Nil where the Service has none.
        var nodePort: UInt16?
    }

    var namespace: String
    var name: String

    /// RFC 3339, which orders as text. Of two Services that claim the same address and port, the older one keeps it.
    var creationTimestamp: String
    var ports: [Port]
    var clusterIPs: [IPAddress]
    var externalIPs: [IPAddress]
    var loadBalancerIPs: [IPAddress]

    /// Who may reach the load balancer's addresses; empty means everyone.
    var loadBalancerSourceRanges: [CIDR]
    var internalTrafficPolicyIsLocal: Bool
    var externalTrafficPolicyIsLocal: Bool

    /// Where a load balancer asks whether this node has endpoints (`externalTrafficPolicy: Local`); nil where nobody does.
    var healthCheckNodePort: UInt16?

    /// How long a client stays with its endpoint under `sessionAffinity: ClientIP`; nil means not at all.
    var affinityTimeoutSeconds: Int?

    /// Nil where the proxy has nothing to do: headless, ExternalName, or another proxy's.
    init?(_ service: Value) {
        let spec = service.spec
        guard spec["type"].string != "ExternalName", service.labels["service.kubernetes.io/service-proxy-name"] == nil else { return nil }
        var addresses = spec["clusterIPs"].strings
        if addresses.isEmpty, let first = spec["clusterIP"].string { addresses = [first] }
        clusterIPs = addresses.compactMap { IPAddress($0) }
        guard !clusterIPs.isEmpty else { return nil }
        namespace = service.namespace
        name = service.name
        creationTimestamp = service.metadata["creationTimestamp"].string ?? ""
        ports = spec["ports"].array.compactMap(Port.init)
        externalIPs = spec["externalIPs"].strings.compactMap { IPAddress($0) }
        let isLoadBalancer = spec["type"].string == "LoadBalancer"
        loadBalancerIPs =
            isLoadBalancer
            ? service.status["loadBalancer"]["ingress"].array
                .filter { $0["ipMode"].string ?? "VIP" == "VIP" }
                .compactMap { $0["ip"].string.flatMap { IPAddress($0) } }
            : []
        loadBalancerSourceRanges = isLoadBalancer ? spec["loadBalancerSourceRanges"].strings.compactMap { CIDR($0.trimmed) } : []
        internalTrafficPolicyIsLocal = spec["internalTrafficPolicy"].string == "Local"
        externalTrafficPolicyIsLocal = spec["externalTrafficPolicy"].string == "Local"
        healthCheckNodePort =
            isLoadBalancer && externalTrafficPolicyIsLocal
            ? spec["healthCheckNodePort"].int.flatMap(UInt16.init(exactly:)).flatMap { $0 > 0 ? $0 : nil } : nil
        affinityTimeoutSeconds =
            spec["sessionAffinity"].string == "ClientIP" ? spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"].int ?? 10800 : nil
    }
}

extension ProxiedService.Port {
    fileprivate init?(_ port: Value) {
        guard let transport = TransportProtocol(api: port["protocol"].string ?? "TCP"), let number = port["port"].int.flatMap(UInt16.init(exactly:)),
            number > 0
        else { return nil }
        name = port["name"].string ?? ""
        self.transport = transport
        self.port = number
        nodePort = port["nodePort"].int.flatMap(UInt16.init(exactly:)).flatMap { $0 > 0 ? $0 : nil }
    }
}

extension String {
    /// Without the spaces around it, which the API lets `loadBalancerSourceRanges` have.
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
