import ObjectModel

/// The service by which pods find the API server, and where it leads. Their addresses are this cluster's, so they are made, not embedded.
public enum KubernetesService {
    /// - Parameters:
    ///   - address: the first address of the service range.
    ///   - port: the port that the API server listens on.
    public static func service(address: String, port: Int) -> Value {
        [
            "apiVersion": "v1", "kind": "Service",
            "metadata": ["name": "kubernetes", "namespace": "default", "labels": ["component": "apiserver", "provider": "kubernetes"]],
            "spec": [
                "type": "ClusterIP", "clusterIP": .string(address), "clusterIPs": [.string(address)], "ipFamilyPolicy": "SingleStack",
                "ipFamilies": [.string(address.contains(":") ? "IPv6" : "IPv4")], "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [["name": "https", "port": 443, "protocol": "TCP", "targetPort": Value(port)]],
            ],
        ]
    }

    /// - Parameter addresses: those at which API servers answer.
    public static func endpoints(addresses: [String], port: Int) -> Value {
        [
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": [
                "name": "kubernetes", "namespace": "default", "labels": ["endpointslice.kubernetes.io/skip-mirror": "true"],
            ],
            "subsets": [
                [
                    "addresses": .array(addresses.sorted().map { ["ip": .string($0)] }),
                    "ports": [["name": "https", "port": Value(port), "protocol": "TCP"]],
                ]
            ],
        ]
    }

    public static func endpointSlice(addresses: [String], port: Int) -> Value {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": ["name": "kubernetes", "namespace": "default", "labels": ["kubernetes.io/service-name": "kubernetes"]],
            "addressType": .string(addresses.first?.contains(":") == true ? "IPv6" : "IPv4"),
            "endpoints": .array(addresses.sorted().map { ["addresses": [.string($0)], "conditions": ["ready": true]] }),
            "ports": [["name": "https", "port": Value(port), "protocol": "TCP"]],
        ]
    }
}
