import ClusterClient
import ObjectModel

/// Deletes pods that nobody else would: those of nodes that are gone, those that were to end before they had a node, and the oldest of too many that ended.
public struct PodCollector: Controller {
    private let context: ControllerContext
    private let pods: Informer
    private let nodes: Informer
    private let queue = WorkQueue()

    /// Pods that ended and are kept, at most: upstream's `terminated-pod-gc-threshold`.
    private static let endedMax = 12_500

    /// One key stands for the cluster: there is one thing to look at.
    private static let everything = "pods"

    public init(_ context: ControllerContext) {
        self.context = context
        pods = context.informers.informer(.pods)
        nodes = context.informers.informer(.nodes)
        let queue = queue
        nodes.onChange { change in if change.new == nil { queue.enqueue(Self.everything) } }
        pods.onChange { change in
            guard let pod = change.new else { return }
            let node = pod["spec"]["nodeName"].string ?? ""
            if pod.isBeingDeleted && node.isEmpty || Self.hasEnded(pod) { queue.enqueue(Self.everything) }
        }
    }

    public func run() async {
        await queue.add(Self.everything)
        await context.loop("pod-garbage-collector-controller", queue: queue, workers: 1, reconcile: reconcile).run(after: [pods, nodes])
    }

    private func reconcile(_ key: String) async throws -> Duration? {
        let all = pods.list()
        var ended: [Value] = []
        for pod in all {
            let node = pod["spec"]["nodeName"].string ?? ""
            if node.isEmpty {
                if pod.isBeingDeleted { try await delete(pod) }
            } else if nodes.get(node) == nil, try await context.client.find(.nodes, name: node) == nil {
                try await context.client.markDisrupted(
                    pod, reason: "DeletionByPodGC", message: "PodGC: node no longer exists", isFailed: true, now: context.now())
                try await delete(pod)
            } else if Self.hasEnded(pod), !pod.isBeingDeleted {
                ended.append(pod)
            }
        }
        if ended.count > Self.endedMax {
            let oldest = ended.sorted { ($0.metadata["creationTimestamp"].string ?? "") < ($1.metadata["creationTimestamp"].string ?? "") }
            for pod in oldest.prefix(ended.count - Self.endedMax) { try await delete(pod) }
        }
        return nil
    }

    private static func hasEnded(_ pod: Value) -> Bool { ["Succeeded", "Failed"].contains(pod["status"]["phase"].string ?? "") }

    private func delete(_ pod: Value) async throws {
        try await context.client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid, gracePeriod: .zero)
    }
}
