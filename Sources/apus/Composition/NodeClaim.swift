import ClusterClient
import ObjectModel

/// A node's place in its cluster, taken before its network is set up: the Node object, with the block of pod addresses in it.
struct NodeClaim {
    private let client: Client
    private let name: String
    private let wanted: CIDR?
    private let cluster: CIDR

    init(_ client: Client, _ node: Settings.Node) {
        (self.client, name, wanted, cluster) = (client, node.name, node.podCIDR, node.clusterCIDR)
    }

    /// The block that the node has, or else the first that no other has. For the one who knows that nobody else gives out blocks at the same time.
    func takeFree() async throws -> CIDR {
        let nodes = try await client.list(.nodes).items
        if let own = nodes.first(where: { $0.name == name }), let held = try held(own) { return held }
        let taken = nodes.filter { $0.name != name }.flatMap(PodBlocks.held(by:))
        guard let block = wanted ?? PodBlocks.free(of: cluster, taken: taken)?.block else {
            throw Failure("all of --cluster-cidr \(cluster) is taken by other nodes: give this one a block with --pod-cidr")
        }
        return try await register(block)
    }

    /// The block that the node has, or that the cluster gives it: it alone knows what others get at the same time.
    func obtain(within timeout: Duration = .seconds(60)) async throws -> CIDR {
        if let wanted { return try await register(wanted) }
        try await ensureNode([:])
        return try await withThrowingTaskGroup(of: CIDR?.self) { group in
            group.addTask { try await given() }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let block = try await group.next() ?? nil else {
                throw Failure(
                    "the cluster gave this node no block of pod addresses within \(timeout.components.seconds) s: `kubectl describe node \(name)` may tell why; or give it one with --pod-cidr"
                )
            }
            return block
        }
    }

    // MARK: Parts

    private func given() async throws -> CIDR {
        while true {
            let node = try await client.get(.nodes, name: name)
            if let block = try held(node) { return block }
            let events = try await client.watch(.nodes, fieldSelector: "metadata.name=\(name)", resourceVersion: node.resourceVersion)
            for try await event in events where event.kind == .modified || event.kind == .added {
                if let block = try held(event.object) { return block }
            }
            try Task.checkCancellation()
        }
    }

    /// The block in the object, if it is one that this node can use.
    private func held(_ node: Value) throws -> CIDR? {
        guard let block = PodBlocks.held(by: node).first else { return nil }
        if let wanted, wanted != block {
            throw Failure(
                "node \(name) has \(block) already, not --pod-cidr \(wanted): leave it out, or delete the node first (kubectl delete node \(name))")
        }
        guard cluster.contains(block.network), cluster.contains(block.last) else {
            throw Failure("node \(name) has \(block), which is not within --cluster-cidr \(cluster): give the block that the server was started with")
        }
        return block
    }

    private func register(_ block: CIDR) async throws -> CIDR {
        let spec: Value = ["podCIDR": .string(block.description), "podCIDRs": [.string(block.description)]]
        let node = try await ensureNode(spec)
        if let held = try held(node) { return held }
        try await client.patch(.nodes, name: name, .merge, ["spec": spec])
        return block
    }

    @discardableResult private func ensureNode(_ spec: Value) async throws -> Value {
        do {
            return try await client.create(.nodes, ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name)], "spec": spec])
        } catch let error as APIError where error.reason == .alreadyExists {
            return try await client.get(.nodes, name: name)
        }
    }
}
