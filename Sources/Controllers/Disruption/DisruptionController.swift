import ClusterClient
import ObjectModel

/// Says how many pods of each PodDisruptionBudget may be evicted: what the eviction subresource decides by.
public struct DisruptionController: Controller {
    private let context: ControllerContext
    private let budgets: Informer
    private let pods: Informer
    private let owners: [Informer]
    private let recorder: EventRecorder
    private let queue = WorkQueue()

    /// How long an evicted pod may take to go before it counts as staying.
    static let deletionTimeout = Duration.seconds(120)
    private static let byNamespace = "namespace"

    public init(_ context: ControllerContext) {
        self.context = context
        budgets = context.informers.informer(.podDisruptionBudgets)
        pods = context.informers.informer(.pods)
        owners = [.replicationControllers, .replicaSets, .deployments, .statefulSets].map { context.informers.informer($0) }
        recorder = context.recorder("controllermanager")
        budgets.addIndex(Self.byNamespace) { [$0.namespace] }
        EndpointIndex.addPodIndexes(to: pods)
        observe()
    }

    public func run() async {
        await context.loop("disruption", queue: queue, reconcile: reconcile).run(after: [budgets, pods] + owners)
    }

    private func observe() {
        budgets.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.key) } }
        pods.onChange { [queue, budgets] change in
            let present = budgets.indexed(Self.byNamespace, change.object.namespace)
            if present.isEmpty { return }
            // Only what decides who counts as healthy, and as whose.
            if let old = change.old, let new = change.new, Facts(old) == Facts(new) { return }
            for budget in present
            where [change.old, change.new].compactMap(\.self).contains(where: { Self.covers(budget, $0) }) {
                queue.enqueue(budget.key)
            }
        }
        for owner in owners {
            owner.onChange { [queue, budgets] change in
                if let old = change.old, let new = change.new, old.spec["replicas"] == new.spec["replicas"] { return }
                for budget in budgets.indexed(Self.byNamespace, change.object.namespace) { queue.enqueue(budget.key) }
            }
        }
    }

    private struct Facts: Equatable {
        let labels: Value
        let isReady: Bool
        let isBeingDeleted: Bool
        let owner: String?

        init(_ pod: Value) {
            labels = pod.metadata["labels"]
            isReady = pod.isReadyPod
            isBeingDeleted = pod.isBeingDeleted
            owner = pod.controllerUID
        }
    }

    /// An absent selector covers nothing, an empty one everything in the namespace.
    private static func covers(_ budget: Value, _ pod: Value) -> Bool {
        guard budget.spec["selector"].isObject, let selector = try? LabelSelector(budget.spec["selector"]) else { return false }
        return selector.matches(pod)
    }

    // MARK: Reconciling

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let budget = budgets.get(key) else { return nil }
        let covered = EndpointIndex.pods(in: budget.namespace, matching: budget.spec["selector"], from: pods)
        if covered.isEmpty { recorder.event(budget, .normal, "NoPods", "No matching pods found") }
        let now = context.now()
        do {
            let (expected, unmanaged) = try await expectedPods(budget, covered)
            if unmanaged > 0 {
                let selector = (try? LabelSelector(budget.spec["selector"]))?.description ?? ""
                recorder.event(
                    budget, .warning, "UnmanagedPods",
                    "Pods selected by this PodDisruptionBudget (selector: \(selector)) were found to be unmanaged. As a result, the status of the "
                        + "PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set "
                        + "\".spec.minAvailable\" field of the PDB to an integer value.")
            }
            let plan = DisruptionPlan(budget, pods: covered, expected: expected, now: now)
            for pod in plan.overdue {
                recorder.event(pod, .warning, "NotDeleted", "Pod was expected by PDB \(key) to be deleted but it wasn't")
            }
            try await write(plan.status, for: budget)
            return plan.recheck
        } catch let error as DisruptionPlan.Unknown {
            recorder.event(
                budget, .warning, "CalculateExpectedPodCountFailed", "Failed to calculate the number of expected pods: \(error.description)")
            try await write(DisruptionPlan.failed(budget, error, now: now), for: budget)
            return nil
        }
    }

    private func write(_ status: Value, for budget: Value) async throws {
        if status.means(budget.status) { return }
        var changed = budget
        changed.status = status
        try await context.client.update(.podDisruptionBudgets, changed, subresource: "status")
    }

    // MARK: Scales

    /// How many pods the owners of those covered ask for together; and how many pods have no owner.
    private func expectedPods(_ budget: Value, _ covered: [Value]) async throws -> (expected: Int, unmanaged: Int) {
        // A number of pods that must stay says all that is needed.
        if budget.spec["maxUnavailable"].isNull, budget.spec["minAvailable"].int != nil { return (covered.count, 0) }
        var scales: [String: Int] = [:]
        var unmanaged = 0
        for pod in covered {
            guard let reference = pod.controllerReference, let uid = reference["uid"].string else {
                unmanaged += 1
                continue
            }
            if scales[uid] != nil { continue }
            let (owner, replicas) = try await scale(of: reference, pod, known: scales)
            scales[uid] = 0
            scales[owner] = replicas
        }
        return (scales.values.reduce(0, +), unmanaged)
    }

    /// The uid of what scales a pod, and its replicas: its controller, or the Deployment above that.
    private func scale(of reference: Value, _ pod: Value, known: [String: Int]) async throws -> (String, Int) {
        let (kind, name, uid) = (reference["kind"].string ?? "", reference["name"].string ?? "", reference["uid"].string ?? "")
        if let owner = find(kind, pod.namespace, name, uid) {
            if kind == "ReplicaSet", let above = owner.controllerReference, above["kind"].string == "Deployment",
                let deployment = find("Deployment", pod.namespace, above["name"].string ?? "", above["uid"].string ?? "")
            {
                return (deployment.uid, deployment.spec["replicas"].int ?? 1)
            }
            return (uid, owner.spec["replicas"].int ?? 1)
        }
        if let scale = try await scaleSubresource(of: reference, pod.namespace), scale.uid == uid { return (uid, scale.spec["replicas"].int ?? 0) }
        throw DisruptionPlan.Unknown(description: "\(reference["apiVersion"].string ?? ""), Kind=\(kind) does not implement the scale subresource")
    }

    /// The scale of anything else that has one, found through discovery.
    private func scaleSubresource(of reference: Value, _ namespace: String) async throws -> Value? {
        let version = reference["apiVersion"].string ?? ""
        let base = version.contains("/") ? "/apis/\(version)" : "/api/\(version)"
        do {
            let known = try await context.client.object(APIRequest(.get, base))["resources"].array
            let plural = known.first { $0["kind"] == reference["kind"] && $0["name"].string?.contains("/") == false }?["name"].string
            guard let plural, known.contains(where: { $0["name"].string == "\(plural)/scale" }) else { return nil }
            let path = "\(base)/namespaces/\(namespace)/\(plural)/\(reference["name"].string ?? "")/scale"
            return try await context.client.object(APIRequest(.get, path))
        } catch let error as APIError where error.reason == .notFound {
            return nil
        }
    }

    private func find(_ kind: String, _ namespace: String, _ name: String, _ uid: String) -> Value? {
        owners.first { $0.resource.kind == kind }?.get(namespace: namespace, name: name).flatMap { $0.uid == uid ? $0 : nil }
    }
}
