import ClusterClient
import HostNetwork
import ObjectModel

/// The Service `kube-system/kube-dns` through which pods reach cluster DNS, and this node's EndpointSlice of it: as they should be.
struct ClusterDNSService: Sendable {
    static let namespace = "kube-system"
    static let name = "kube-dns"

    var clusterIPs: [IPAddress]
    var nodeName: String

    /// Where this node's cluster DNS listens.
    var address: IPAddress
    var port: Int

    /// The name of this node's slice. A node's name is a DNS subdomain, so the whole is one too.
    var sliceName: String { "\(Self.name)-\(nodeName)" }

    var service: Value {
        [
            "apiVersion": "v1", "kind": "Service",
            "metadata": [
                "name": .string(Self.name), "namespace": .string(Self.namespace),
                "labels": ["k8s-app": .string(Self.name), "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"],
            ],
            "spec": [
                "type": "ClusterIP", "clusterIP": clusterIPs.first.map { .string("\($0)") } ?? nil,
                "clusterIPs": .array(clusterIPs.map { .string("\($0)") }),
                "ipFamilyPolicy": .string(clusterIPs.count > 1 ? "RequireDualStack" : "SingleStack"),
                "ports": [
                    ["name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53],
                    ["name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53],
                ],
            ],
        ]
    }

    var slice: Value {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "name": .string(sliceName), "namespace": .string(Self.namespace),
                "labels": [
                    "kubernetes.io/service-name": .string(Self.name), "endpointslice.kubernetes.io/managed-by": "cluster-dns.apus.dev",
                    "k8s-app": .string(Self.name),
                ],
            ],
            "addressType": .string(address.isIPv4 ? "IPv4" : "IPv6"),
            "ports": [
                ["name": "dns", "port": Value(port), "protocol": "UDP"], ["name": "dns-tcp", "port": Value(port), "protocol": "TCP"],
            ],
            "endpoints": [
                [
                    "addresses": [.string("\(address)")], "nodeName": .string(nodeName),
                    "conditions": ["ready": true, "serving": true, "terminating": false],
                ]
            ],
        ]
    }

    /// Creates what is missing and mends the slice. The Service is left as it is once it is there: it may be the user's.
    func ensure(_ client: Client) async throws {
        if try await client.find(.services, namespace: Self.namespace, name: Self.name) == nil {
            do { try await client.create(.services, service) } catch let error as APIError where error.reason == .alreadyExists {}
        }
        let wanted = slice
        guard var existing = try await client.find(.endpointSlices, namespace: Self.namespace, name: sliceName) else {
            do { try await client.create(.endpointSlices, wanted) } catch let error as APIError where error.reason == .alreadyExists {}
            return
        }
        guard Self.differs(existing, wanted) else { return }
        existing["ports"] = wanted["ports"]
        existing["endpoints"] = wanted["endpoints"]
        for (key, value) in wanted.metadata["labels"].fields { existing.metadata["labels"][key] = value }
        try await client.update(.endpointSlices, existing)
    }

    /// Removes both.
    static func remove(_ client: Client, nodeName: String) async throws {
        let service = ClusterDNSService(clusterIPs: [], nodeName: nodeName, address: .v4(0, 0, 0, 0), port: 0)
        try await client.delete(.endpointSlices, namespace: namespace, name: service.sliceName)
        try await client.delete(.services, namespace: namespace, name: name)
    }

    /// True where the slice says something else than it should; what the API adds does not count.
    static func differs(_ existing: Value, _ wanted: Value) -> Bool {
        let address = { (slice: Value) in slice["endpoints"].array.map { $0["addresses"].strings } }
        let ports = { (slice: Value) in Set(slice["ports"].array.map { "\($0["name"].string ?? "")/\($0["port"].int ?? 0)" }) }
        let label = { (slice: Value) in slice.labels["kubernetes.io/service-name"] }
        return address(existing) != address(wanted) || ports(existing) != ports(wanted) || label(existing) != label(wanted)
    }
}
