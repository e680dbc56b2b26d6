import ClusterClient
import ObjectModel

/// Publishes the cluster's certificate authority to every namespace as the ConfigMap `kube-root-ca.crt`, which pods mount beside their token.
public struct RootCAController: Controller {
    private let context: ControllerContext
    private let certificatePEM: String
    private let namespaces: Informer
    private let maps: Informer
    private let queue = WorkQueue()

    private static let mapName = "kube-root-ca.crt"
    private static let description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."

    /// - Parameter certificatePEM: the authority's certificate.
    public init(_ context: ControllerContext, certificatePEM: String) {
        self.context = context
        self.certificatePEM = certificatePEM
        namespaces = context.informers.informer(.namespaces)
        maps = context.informers.informer(.configMaps, fieldSelector: "metadata.name=\(Self.mapName)")
        namespaces.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.name) } }
        maps.onChange { [queue] change in queue.enqueue(change.object.namespace) }
    }

    public func run() async {
        await context.loop("root-ca-certificate-publisher", queue: queue, workers: 2, reconcile: reconcile).run(after: [namespaces, maps])
    }

    private func reconcile(_ name: String) async throws -> Duration? {
        guard let namespace = namespaces.get(name), namespace["status"]["phase"].string == "Active", !namespace.isBeingDeleted else { return nil }
        guard var map = maps.get(namespace: name, name: Self.mapName) else {
            let map: Value = [
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": [
                    "name": .string(Self.mapName), "namespace": .string(name),
                    "annotations": ["kubernetes.io/description": .string(Self.description)],
                ], "data": ["ca.crt": .string(certificatePEM)],
            ]
            try await context.client.createUnlessTerminating(.configMaps, map)
            return nil
        }
        let data: Value = ["ca.crt": .string(certificatePEM)]
        guard map["data"] != data else { return nil }
        map["data"] = data
        try await context.client.update(.configMaps, map)
        return nil
    }
}
