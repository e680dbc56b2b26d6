import ClusterClient
import ObjectModel

/// Deletes pods from nodes whose `NoExecute` taints they do not tolerate, or no longer.
public struct TaintEvictionController: Controller {
    private let context: ControllerContext
    private let nodes: Informer
    private let pods: Informer
    private let recorder: EventRecorder
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        nodes = context.informers.informer(.nodes)
        pods = context.informers.informer(.pods)
        recorder = context.recorder("taint-eviction-controller")
        let (queue, pods) = (queue, pods)
        pods.addIndex(NodeLifecycleController.nodeIndex) { [$0["spec"]["nodeName"].string ?? ""] }
        pods.onChange { change in
            guard let pod = change.new, let node = pod["spec"]["nodeName"].string, change.old?["spec"]["nodeName"].string != node else { return }
            queue.enqueue(pod.key)
        }
        nodes.onChange { change in
            guard let node = change.new, change.old?["spec"]["taints"] != node["spec"]["taints"] else { return }
            for pod in pods.indexed(NodeLifecycleController.nodeIndex, node.name) { queue.enqueue(pod.key) }
        }
    }

    public func run() async {
        await context.loop("taint-eviction-controller", queue: queue, workers: 4, reconcile: reconcile).run(after: [nodes, pods])
    }

    private func reconcile(_ key: String) async throws -> Duration? {
        guard let pod = pods.get(key), !pod.isBeingDeleted, let node = nodes.get(pod["spec"]["nodeName"].string ?? "") else { return nil }
        let taints = node["spec"]["taints"].array.filter { $0["effect"].string == "NoExecute" }
        guard !taints.isEmpty, let tolerated = NodeTaints.toleratedTime(pod, taints) else { return nil }
        let since = taints.compactMap { $0["timeAdded"].string.flatMap(Timestamp.init(rfc3339:)) }.min() ?? context.now()
        let left = since + tolerated - context.now()
        if left > .zero { return left }
        recorder.event(pod, .normal, "TaintManagerEviction", "Marking for deletion Pod \(pod.key)")
        try await context.client.markDisrupted(
            pod, reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint", now: context.now())
        try await context.client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid)
        return nil
    }
}
