import ClusterClient
import ObjectModel

/// Takes back the `DisruptionTarget` condition of pods that were to be deleted and weren't, so that nobody counts their end as a disruption later.
public struct StaleDisruptionController: Controller {
    private let context: ControllerContext
    private let pods: Informer
    private let queue = WorkQueue()

    /// How long a pod may have the condition without being deleted.
    static let timeout = Duration.seconds(120)

    public init(_ context: ControllerContext) {
        self.context = context
        pods = context.informers.informer(.pods)
        pods.onChange { [queue] change in
            if let pod = change.new, Self.mayBecomeStale(pod) { queue.enqueue(pod.key) }
        }
    }

    public func run() async {
        await context.loop("stale-pod-disruption", queue: queue, workers: 1, reconcile: reconcile).run(after: [pods])
    }

    /// A kubelet that ends a pod takes as long as the pod does; its condition stands.
    static func mayBecomeStale(_ pod: Value) -> Bool {
        guard !pod.isBeingDeleted, !pod.isTerminalPod, let condition = pod.condition("DisruptionTarget") else { return false }
        return condition["status"].string == "True" && condition["reason"].string != "TerminationByKubelet"
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard var pod = pods.get(key), Self.mayBecomeStale(pod) else { return nil }
        let now = context.now()
        let since = pod.condition("DisruptionTarget")?["lastTransitionTime"].timestamp ?? now
        let left = since + Self.timeout - now
        if left > .zero { return left }
        let conditions = pod.status["conditions"].array.map { condition -> Value in
            guard condition["type"].string == "DisruptionTarget" else { return condition }
            return [
                "type": "DisruptionTarget", "status": "False", "lastTransitionTime": .string(now.rfc3339),
                "observedGeneration": condition["observedGeneration"],
            ]
        }
        pod.status["conditions"] = .array(conditions)
        try await context.client.update(.pods, pod, subresource: "status")
        return nil
    }
}
