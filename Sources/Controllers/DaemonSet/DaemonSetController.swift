import ClusterClient
import ObjectModel

/// Keeps one pod on every node that fits.
public struct DaemonSetController: Controller {
    private let context: ControllerContext
    private let sets: Informer
    private let pods: Informer
    private let nodes: Informer
    private let revisions: Informer
    private let recorder: EventRecorder
    private let control: PodControl
    private let references: Claims
    private let history: RevisionHistory
    private let expectations = Expectations()
    private let backoff = FailedPodBackoff()
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        sets = context.informers.informer(.daemonSets)
        pods = context.informers.informer(.pods)
        nodes = context.informers.informer(.nodes)
        revisions = context.informers.informer(.controllerRevisions)
        recorder = context.recorder("daemonset-controller")
        control = PodControl(client: context.client, recorder: recorder)
        references = Claims(client: context.client, owners: .daemonSets, owned: .pods)
        history = RevisionHistory(client: context.client, revisions: revisions, owners: .daemonSets, hashLabel: DaemonSetPlan.revisionLabel)
        pods.addControllerIndex()
        revisions.addControllerIndex()
        observe()
    }

    public func run() async {
        await context.loop("daemonset-controller", queue: queue, reconcile: reconcile).run(after: [sets, pods, nodes, revisions])
    }

    private func observe() {
        sets.onChange { [queue, expectations, backoff] change in
            if change.new == nil {
                expectations.forget(change.object.key)
                backoff.forget(change.object)
            }
            queue.enqueue(change.object.key)
        }
        nodes.onChange { [queue, sets] change in
            // Only what decides where pods may be.
            if let old = change.old, let new = change.new, old.metadata["labels"] == new.metadata["labels"], old.spec["taints"] == new.spec["taints"]
            {
                return
            }
            for set in sets.list() { queue.enqueue(set.key) }
        }
        pods.onChange { change in podChanged(change) }
    }

    private func podChanged(_ change: Informer.Change) {
        let pod = change.object
        if let old = change.old, let owner = old.controllerKey(kind: "DaemonSet"), owner != pod.controllerKey(kind: "DaemonSet") {
            queue.enqueue(owner)
        }
        if let owner = pod.controllerKey(kind: "DaemonSet") {
            if change.old == nil { expectations.creationObserved(owner) }
            if change.new == nil || pod.isBeingDeleted { expectations.deletionObserved(owner, pod.uid) }
            queue.enqueue(owner)
        } else if change.isNewOrphan {
            for set in sets.list() where set.namespace == pod.namespace && (try? LabelSelector(set.spec["selector"]).matches(pod)) == true {
                queue.enqueue(set.key)
            }
        }
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let set = sets.get(key) else {
            expectations.forget(key)
            return nil
        }
        if set.spec["selector"].fields.isEmpty {
            recorder.event(set, .warning, "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.")
            return nil
        }
        let mayAct = expectations.isSatisfied(key)
        let owned = try await references.claim(for: set, selector: LabelSelector(set.spec["selector"]), from: pods)
        let (revision, all) = try await history.sync(set)
        let hash = history.hash(revision)
        let plan = DaemonSetPlan(set, owned: owned, nodes: nodes.list(), hash: hash, now: context.now())
        let (failure, wait) = mayAct && !set.isBeingDeleted ? await carryOut(plan, set, hash) : (nil, nil)
        try await write(plan.status(), for: set)
        if let failure {
            if isNamespaceTerminating(failure) { return nil }
            throw failure
        }
        let live = Set(owned.compactMap { $0.metadata["labels"][DaemonSetPlan.revisionLabel].string } + [hash])
        try await history.truncate(all, of: set, live: live, limit: set.spec["revisionHistoryLimit"].int ?? 10)
        return [wait, plan.timeToAvailability].compactMap(\.self).min()
    }

    /// Returns what went wrong, and after what time a failed pod may go that may not yet.
    private func carryOut(_ plan: DaemonSetPlan, _ set: Value, _ hash: String) async -> (failure: (any Error)?, wait: Duration?) {
        let key = set.key
        var wait: Duration?
        let finished = plan.finished.filter { pod in
            guard pod.phase == "Failed", let left = backoff.wait(set, node: pod.nodeName, now: context.now()) else { return true }
            wait = min(wait ?? left, left)
            return false
        }
        for pod in finished {
            let isFailed = pod.phase == "Failed"
            let (word, verb) = isFailed ? ("failed", "kill") : ("succeeded", "delete")
            let message = "Found \(word) daemon pod \(pod.key) on node \(pod.nodeName), will try to \(verb) it"
            recorder.event(set, isFailed ? .warning : .normal, isFailed ? "FailedDaemonPod" : "SucceededDaemonPod", message)
        }
        let victims = Array((plan.deletes + finished).prefix(ReplicaSetController.burst))
        let creates = Array(plan.creates.prefix(ReplicaSetController.burst))
        expectations.expectDeletions(key, victims.map(\.uid))
        expectations.expectCreations(key, creates.count)
        let (succeeded, failure) = await slowStart(creates.count) { index in
            try await control.create(DaemonSetPlan.pod(of: set, on: creates[index], hash: hash), for: set)
        }
        if succeeded < creates.count { expectations.creationObserved(key, creates.count - succeeded) }
        let failures = await concurrently(0..<victims.count) { index in
            do {
                try await control.delete(victims[index], for: set)
            } catch {
                expectations.deletionObserved(key, victims[index].uid)
                throw error
            }
        }
        return (failure ?? failures.first, wait)
    }

    private func write(_ status: Value, for set: Value) async throws {
        if status.means(set.status) { return }
        var changed = set
        changed.status = status
        try await context.client.update(.daemonSets, changed, subresource: "status")
    }
}
