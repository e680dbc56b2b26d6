import ClusterClient
import ObjectModel

/// Watches over nodes: a node whose lease is not renewed is not known to be ready; what its conditions say becomes taints; its pods are marked not ready.
public struct NodeLifecycleController: Controller {
    private let context: ControllerContext
    private let nodes: Informer
    private let leases: Informer
    private let pods: Informer
    private let recorder: EventRecorder
    private let queue = WorkQueue()
    static let nodeIndex = "node"

    /// How old a node's last sign of life may be: upstream's `node-monitor-grace-period`, with its margin for leases.
    private static let grace = Duration.seconds(50)

    public init(_ context: ControllerContext) {
        self.context = context
        nodes = context.informers.informer(.nodes)
        leases = context.informers.informer(.leases)
        pods = context.informers.informer(.pods)
        recorder = context.recorder("node-controller")
        pods.addIndex(Self.nodeIndex) { [$0["spec"]["nodeName"].string ?? ""] }
        nodes.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.name) } }
    }

    public func run() async {
        await context.loop("node-lifecycle-controller", queue: queue, workers: 4, reconcile: reconcile).run(after: [nodes, leases, pods])
    }

    private func reconcile(_ name: String) async throws -> Duration? {
        guard var node = nodes.get(name) else { return nil }
        let left = timeLeft(node)
        if left <= .zero, Self.ready(node) != "Unknown" { node = try await markUnknown(node) }
        try await setTaints(node)
        if Self.ready(node) != "True" { try await markPods(of: name) }
        // The lease itself does not wake this loop: a healthy node costs one look a grace period.
        return max(left, .seconds(5))
    }

    private static func ready(_ node: Value) -> String {
        node["status"]["conditions"].array.first { $0["type"].string == "Ready" }?["status"].string ?? ""
    }

    /// Until the node counts as lost.
    private func timeLeft(_ node: Value) -> Duration {
        let lease = leases.get(namespace: "kube-node-lease", name: node.name)
        let ready = node["status"]["conditions"].array.first { $0["type"].string == "Ready" }
        let signs = [lease?["spec"]["renewTime"].string, ready?["lastHeartbeatTime"].string, node.metadata["creationTimestamp"].string]
        let last = signs.compactMap { $0.flatMap(Timestamp.init(rfc3339:)) }.max() ?? context.now()
        return last + Self.grace - context.now()
    }

    private func markUnknown(_ node: Value) async throws -> Value {
        var changed = node
        let time = context.now().rfc3339
        var conditions = changed["status"]["conditions"].array
        for type in ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"] {
            let index = conditions.firstIndex { $0["type"].string == type }
            var condition = index.map { conditions[$0] } ?? ["type": .string(type)]
            condition["status"] = "Unknown"
            condition["reason"] = index == nil ? "NodeStatusNeverUpdated" : "NodeStatusUnknown"
            condition["message"] = index == nil ? "Kubelet never posted node status." : "Kubelet stopped posting node status."
            condition["lastTransitionTime"] = .string(time)
            if let index { conditions[index] = condition } else { conditions.append(condition) }
        }
        changed["status"]["conditions"] = .array(conditions)
        recorder.event(node, .normal, "NodeNotReady", "Node \(node.name) status is now: NodeNotReady")
        return try await context.client.update(.nodes, changed, subresource: "status")
    }

    private func setTaints(_ node: Value) async throws {
        let taints = NodeTaints.wanted(for: node, now: context.now())
        guard taints != node["spec"]["taints"].array else { return }
        let spec = Fields([("taints", taints.isEmpty ? .null : .array(taints))])
        // The version guards taints that someone else sets at the same time.
        let patch: Value = ["metadata": ["resourceVersion": .string(node.resourceVersion)], "spec": .object(spec)]
        try await context.client.patch(.nodes, name: node.name, .merge, patch)
    }

    /// Pods of a node that is not ready are not ready either, so that Services pass them by.
    private func markPods(of node: String) async throws {
        for pod in pods.indexed(Self.nodeIndex, node) {
            var conditions = pod["status"]["conditions"].array
            guard let index = conditions.firstIndex(where: { $0["type"].string == "Ready" && $0["status"].string == "True" }) else { continue }
            conditions[index]["status"] = "False"
            conditions[index]["lastTransitionTime"] = .string(context.now().rfc3339)
            var changed = pod
            changed["status"]["conditions"] = .array(conditions)
            try await context.client.update(.pods, changed, subresource: "status")
            recorder.event(pod, .warning, "NodeNotReady", "Node is not ready")
        }
    }
}
