import ClusterClient
import ObjectModel

/// Keeps pods with names and claims of their own, brought up and taken down in order.
public struct StatefulSetController: Controller {
    private let context: ControllerContext
    private let sets: Informer
    private let pods: Informer
    private let claims: Informer
    private let revisions: Informer
    private let recorder: EventRecorder
    private let references: Claims
    private let history: RevisionHistory
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        sets = context.informers.informer(.statefulSets)
        pods = context.informers.informer(.pods)
        claims = context.informers.informer(.persistentVolumeClaims)
        revisions = context.informers.informer(.controllerRevisions)
        recorder = context.recorder("statefulset-controller")
        references = Claims(client: context.client, owners: .statefulSets, owned: .pods)
        history = RevisionHistory(client: context.client, revisions: revisions, owners: .statefulSets, hashLabel: "controller.kubernetes.io/hash")
        pods.addControllerIndex()
        revisions.addControllerIndex()
        observe()
    }

    public func run() async {
        await context.loop("statefulset-controller", queue: queue, reconcile: reconcile).run(after: [sets, pods, claims, revisions])
    }

    private func observe() {
        sets.onChange { [queue] in queue.enqueue($0.object.key) }
        pods.onChange { [queue, sets] change in
            for pod in [change.old, change.new].compactMap(\.self) {
                if let owner = pod.controllerKey(kind: "StatefulSet") {
                    queue.enqueue(owner)
                } else if change.isNewOrphan {
                    for set in sets.list() where set.namespace == pod.namespace && StatefulSetPods(set: set).ordinal(of: pod) != nil {
                        queue.enqueue(set.key)
                    }
                }
            }
        }
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let set = sets.get(key) else { return nil }
        let model = StatefulSetPods(set: set)
        let owned = try await references.claim(for: set, selector: LabelSelector(set.spec["selector"]), from: pods) { model.ordinal(of: $0) != nil }
        let (update, all) = try await history.sync(set)
        let current = all.first { $0.name == set.status["currentRevision"].string } ?? update
        let plan = StatefulSetPlan(set, owned: owned, current: current.name, update: update.name, now: context.now())
        var failure: (any Error)?
        do {
            if !set.isBeingDeleted { try await keepClaims(of: owned, model) }
            // A set that keeps order takes its steps one by one; the others take theirs at once.
            let (_, refusal) = await slowStart(plan.steps.count) { try await perform(plan.steps[$0], set, current, update) }
            if let refusal { throw refusal }
        } catch {
            failure = error
        }
        try await write(plan.status(), for: set)
        if let failure {
            if isNamespaceTerminating(failure) { return nil }
            throw failure
        }
        let live = Set(owned.map(StatefulSetPods.revision) + [current.name, update.name])
        try await history.truncate(all, of: set, live: live, limit: set.spec["revisionHistoryLimit"].int ?? 10)
        return plan.timeToAvailability
    }

    // MARK: Steps

    private func perform(_ step: StatefulSetPlan.Step, _ set: Value, _ current: Value, _ update: Value) async throws {
        switch step {
        case .create(let ordinal, let revision):
            try await create(ordinal, set, revision == current.name ? current : update)
        case .delete(let pod): try await delete(pod, set)
        case .replace(let pod):
            let word = pod.phase == "Failed" ? "failed" : "terminated"
            let reason = pod.phase == "Failed" ? "RecreatingFailedPod" : "RecreatingTerminatedPod"
            recorder.event(set, .warning, reason, "StatefulSet \(set.key) is recreating \(word) Pod \(pod.name)")
            try await delete(pod, set)
        }
    }

    private func create(_ ordinal: Int, _ set: Value, _ revision: Value) async throws {
        let model = StatefulSetPods(set: set)
        let pod = model.pod(ordinal, template: RevisionHistory.template(of: revision), revision: revision.name)
        do {
            for claim in model.claims(ordinal) { try await create(claim, for: pod, set) }
            try await context.client.create(.pods, pod)
            recorder.event(set, .normal, "SuccessfulCreate", "create Pod \(pod.name) in StatefulSet \(set.name) successful")
        } catch let error as APIError where error.reason == .alreadyExists {
            // The copy is behind: the pod's arrival comes back here.
        } catch {
            recorder.event(set, .warning, "FailedCreate", "create Pod \(pod.name) in StatefulSet \(set.name) failed error: \(error)")
            throw error
        }
    }

    private func create(_ claim: Value, for pod: Value, _ set: Value) async throws {
        if let existing = claims.get(claim.key) {
            if !existing.isBeingDeleted { return }
            // The pod would wait for a claim that goes: its successor is made once it is gone.
            throw APIError(.conflict, "pvc \(claim.name) is being deleted")
        }
        let what = "Claim \(claim.name) Pod \(pod.name) in StatefulSet \(set.name)"
        do {
            try await context.client.create(.persistentVolumeClaims, claim)
            recorder.event(set, .normal, "SuccessfulCreate", "create \(what) success")
        } catch let error as APIError where error.reason == .alreadyExists {
        } catch {
            recorder.event(set, .warning, "FailedCreate", "create \(what) failed error: \(error)")
            throw error
        }
    }

    private func delete(_ pod: Value, _ set: Value) async throws {
        do {
            try await context.client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid)
            recorder.event(set, .normal, "SuccessfulDelete", "delete Pod \(pod.name) in StatefulSet \(set.name) successful")
        } catch {
            recorder.event(set, .warning, "FailedDelete", "delete Pod \(pod.name) in StatefulSet \(set.name) failed error: \(error)")
            throw error
        }
    }

    /// Gives the claims of `owned` pods to whom the retention policy says, before any pod goes.
    private func keepClaims(of owned: [Value], _ model: StatefulSetPods) async throws {
        for pod in owned where !model.set.spec["volumeClaimTemplates"].isEmpty {
            guard let ordinal = model.ordinal(of: pod) else { continue }
            for template in model.set.spec["volumeClaimTemplates"].array {
                let name = model.claimName(template, ordinal)
                guard var claim = claims.get(namespace: model.set.namespace, name: name), !claim.isBeingDeleted else { continue }
                let owners = model.owners(ofClaimWith: claim.ownerReferences, ordinal: ordinal, pod: pod)
                if Set(owners) == Set(claim.ownerReferences) { continue }
                claim.metadata["ownerReferences"] = owners.isEmpty ? .null : .array(owners)
                try await context.client.update(.persistentVolumeClaims, claim)
            }
        }
    }

    private func write(_ status: Value, for set: Value) async throws {
        if status.means(set.status) { return }
        var changed = set
        changed.status = status
        try await context.client.update(.statefulSets, changed, subresource: "status")
    }
}
