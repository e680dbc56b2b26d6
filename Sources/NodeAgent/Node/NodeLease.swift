import ClusterClient
import ObjectModel

/// A node's heartbeat: a `Lease` in `kube-node-lease` whose `renewTime` moves.
struct NodeLease: Sendable {
    static let namespace = "kube-node-lease"

    let node: String

    /// How long the cluster takes the node for alive after a renewal.
    let duration: Duration

    /// The node that the lease belongs to; the lease goes when the node goes.
    var owner: (name: String, uid: String)?

    init(node: String, duration: Duration = .seconds(40), owner: (name: String, uid: String)? = nil) {
        self.node = node
        self.duration = duration
        self.owner = owner
    }

    /// Moves `renewTime`; makes the lease where there is none.
    func renew(_ client: Client, at now: Timestamp) async throws {
        let renewal: Value = ["spec": ["renewTime": .string(now.rfc3339Micro)]]
        do {
            try await client.patch(.leases, namespace: Self.namespace, name: node, .merge, renewal)
        } catch let error as APIError where error.reason == .notFound {
            try await client.create(.leases, object(at: now))
        }
    }

    func object(at now: Timestamp) -> Value {
        var metadata: Value = ["name": .string(node), "namespace": .string(Self.namespace)]
        if let owner {
            metadata["ownerReferences"] = [["apiVersion": "v1", "kind": "Node", "name": .string(owner.name), "uid": .string(owner.uid)]]
        }
        return [
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata,
            "spec": [
                "holderIdentity": .string(node), "leaseDurationSeconds": .integer(duration.components.seconds),
                "renewTime": .string(now.rfc3339Micro),
            ],
        ]
    }
}
