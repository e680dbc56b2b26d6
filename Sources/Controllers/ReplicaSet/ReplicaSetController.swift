import ClusterClient
import Logging
import ObjectModel

/// Keeps as many pods of a template as asked for. Serves ReplicaSets, and ReplicationControllers, which differ in the form of their selector.
public struct ReplicaSetController: Controller {
    /// What differs between the two kinds.
    public struct Kind: Sendable {
        let resource: Resource
        let component: String
        let selector: @Sendable (Value) throws -> LabelSelector

        public static let replicaSet = Kind(resource: .replicaSets, component: "replicaset-controller") { try LabelSelector($0.spec["selector"]) }

        public static let replicationController = Kind(resource: .replicationControllers, component: "replication-controller") {
            LabelSelector(matchLabels: $0.spec["selector"].stringMap)
        }
    }

    private let kind: Kind
    private let context: ControllerContext
    private let sets: Informer
    private let pods: Informer
    private let control: PodControl
    private let claims: Claims
    private let expectations = Expectations()
    private let queue = WorkQueue()

    /// Pods made or deleted in one reconcile, at most.
    static let burst = 500

    public init(_ kind: Kind = .replicaSet, _ context: ControllerContext) {
        self.kind = kind
        self.context = context
        sets = context.informers.informer(kind.resource)
        pods = context.informers.informer(.pods)
        control = PodControl(client: context.client, recorder: context.recorder(kind.component))
        claims = Claims(client: context.client, owners: kind.resource, owned: .pods)
        sets.addControllerIndex()
        pods.addControllerIndex()
        observe()
    }

    public func run() async {
        await context.loop(kind.component, queue: queue, workers: 8, reconcile: reconcile).run(after: [sets, pods])
    }

    // MARK: Events

    private func observe() {
        sets.onChange { [queue, expectations] change in
            // A set that was made anew under an old name starts without expectations.
            if change.new == nil { expectations.forget(change.object.key) }
            queue.enqueue(change.object.key)
        }
        pods.onChange { change in podChanged(change) }
    }

    private func podChanged(_ change: Informer.Change) {
        let pod = change.object
        let owner = key(of: pod)
        if let old = change.old, change.new != nil, old.controllerUID != pod.controllerUID, let previous = key(of: old) { queue.enqueue(previous) }
        if let owner {
            if change.old == nil { expectations.creationObserved(owner) }
            if change.new == nil || pod.isBeingDeleted { expectations.deletionObserved(owner, pod.uid) }
            queue.enqueue(owner)
        } else if change.isNewOrphan {
            // An orphan may be adopted by any set that matches it.
            for set in sets.list() where set.namespace == pod.namespace && (try? kind.selector(set).matches(pod)) == true { queue.enqueue(set.key) }
        }
    }

    /// The key of the set that controls a pod.
    private func key(of pod: Value) -> String? {
        guard let reference = pod.controllerReference, reference["kind"].string == kind.resource.kind,
            reference["apiVersion"].string?.split(separator: "/").first == kind.resource.apiVersion.split(separator: "/").first,
            let name = reference["name"].string
        else { return nil }
        return "\(pod.namespace)/\(name)"
    }

    // MARK: Reconciling

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let set = sets.get(key) else {
            expectations.forget(key)
            return nil
        }
        let mayAct = expectations.isSatisfied(key)
        let selector = try kind.selector(set)
        let claimed = try await claims.claim(for: set, selector: selector, from: pods) { !$0.isTerminalPod }
        let active = claimed.filter { !$0.isBeingDeleted }
        let terminating = claimed.filter(\.isBeingDeleted)
        var failure: (any Error)?
        if mayAct, !set.isBeingDeleted { failure = await scale(set, active) }
        let now = context.now()
        let status = ReplicaSetStatus.of(set, active: active, terminating: terminating, failure: failure, now: now)
        try await update(set, status)
        if let failure { throw failure }
        return active.compactMap { $0.timeToAvailability(minReadySeconds: set.spec["minReadySeconds"].int ?? 0, now: now) }.min()
    }

    /// Creates what is missing or deletes what is too much.
    private func scale(_ set: Value, _ active: [Value]) async -> (any Error)? {
        let difference = active.count - (set.spec["replicas"].int ?? 1)
        if difference < 0 { return await create(min(-difference, Self.burst), for: set) }
        if difference > 0 { return await delete(min(difference, Self.burst), of: active, for: set) }
        return nil
    }

    private func create(_ count: Int, for set: Value) async -> (any Error)? {
        let key = set.key
        let pod = PodControl.pod(from: set.spec["template"], owner: set, as: kind.resource)
        expectations.expectCreations(key, count)
        let (succeeded, failure) = await slowStart(count) { _ in try await control.create(pod, for: set) }
        if succeeded < count { expectations.creationObserved(key, count - succeeded) }
        if let failure, isNamespaceTerminating(failure) { return nil }
        return failure
    }

    private func delete(_ count: Int, of active: [Value], for set: Value) async -> (any Error)? {
        let key = set.key
        let victims = PodDeletionOrder(related: related(to: set, active), now: context.now()).first(count, of: active)
        expectations.expectDeletions(key, victims.map(\.uid))
        let failures = await concurrently(0..<victims.count) { index in
            do {
                try await control.delete(victims[index], for: set)
            } catch {
                expectations.deletionObserved(key, victims[index].uid)
                throw error
            }
        }
        return failures.first
    }

    /// The pods of all sets that the same Deployment controls: they crowd a node together.
    private func related(to set: Value, _ active: [Value]) -> [Value] {
        guard let owner = set.controllerUID else { return active }
        let siblings = sets.indexed(ControllerIndex.name, owner)
        return siblings.flatMap { $0.uid == set.uid ? active : pods.controlled(by: $0) }
    }

    private func update(_ set: Value, _ status: Value) async throws {
        var status = status
        if set.generation == (set.status["observedGeneration"].int ?? 0), status.means(set.status) { return }
        status.setCount("observedGeneration", set.generation)
        var changed = set
        changed.status = status
        do {
            try await context.client.update(kind.resource, changed, subresource: "status")
        } catch let error as APIError where error.reason == .conflict {
            // The set changed meanwhile: its status is still what was counted.
            guard var live = try await context.client.find(kind.resource, namespace: set.namespace, name: set.name), live.uid == set.uid else {
                return
            }
            live.status = status
            try await context.client.update(kind.resource, live, subresource: "status")
        } catch let error as APIError where error.reason == .notFound {}
    }
}
