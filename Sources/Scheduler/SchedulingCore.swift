import ObjectModel

/// All that the scheduler knows and decides, without doing anything: changes go in, plans come out.
final class SchedulingCore {
    /// What has happened.
    enum Input: Sendable {
        case pod(old: PodInfo?, new: PodInfo?)
        case node(old: Value?, new: Value?)
        case namespace(old: Value?, new: Value?)
        case service(old: Value?, new: Value?)
        case workload(old: Value?, new: Value?)
        case disruptionBudget(old: Value?, new: Value?)

        /// A pod could not be bound to the node it was placed on.
        case bindingFailed(PodInfo)
    }

    /// What is to be done.
    enum Plan: Sendable {
        case bind(PodInfo, node: String)

        /// Tell why the pod waits. `nominatedNode` is where room is being made for it by taking `victims` away; nil leaves it as it is.
        case report(PodInfo, message: String, nominatedNode: String?, victims: [PodInfo])

        var pod: PodInfo {
            switch self {
            case .bind(let pod, _), .report(let pod, _, _, _): pod
            }
        }
    }

    let snapshot = Snapshot()
    private(set) var queue = SchedulingQueue()
    private var planner: Planner
    private var random: any RandomNumberGenerator
    private let schedulerName: String

    /// Pods that were placed, but whose binding the API does not show yet.
    private var assumed: [String: PodInfo] = [:]

    init(schedulerName: String = "default-scheduler", random: any RandomNumberGenerator = FastRandom()) {
        self.schedulerName = schedulerName
        self.random = random
        planner = Planner(random: random)
    }

    // MARK: Changes

    func apply(_ input: Input, now: Duration) {
        switch input {
        case .pod(let old, let new): applyPod(old, new, now)
        case .node(let old, let new): applyNode(old, new, now)
        case .namespace(let old, let new):
            guard let name = (new ?? old)?.name else { return }
            snapshot.namespaces[name] = new
            if old?.metadata["labels"] != new?.metadata["labels"] {
                snapshot.counters.reset()
                wake(.namespaceChanged, now)
            }
        case .service(let old, let new):
            if let new { snapshot.owners.setService(new) } else if let old { snapshot.owners.removeService(namespace: old.namespace, name: old.name) }
        case .workload(let old, let new):
            if let new { snapshot.owners.setWorkload(new.kind, new) } else if let old { snapshot.owners.removeWorkload(old.kind, old.key) }
        case .disruptionBudget(let old, let new):
            guard let key = (new ?? old)?.key else { return }
            snapshot.disruptionBudgets[key] = new.map(DisruptionBudget.init)
        case .bindingFailed(let pod):
            guard assumed.removeValue(forKey: pod.uid) != nil else { return }
            snapshot.remove(pod.uid)
            queue.retry(pod.uid, now: now)
            wake(.podGone(pod), now)
        }
    }

    private func applyPod(_ old: PodInfo?, _ new: PodInfo?, _ now: Duration) {
        guard let new, !new.isFinished else {
            guard let pod = new ?? old else { return }
            queue.remove(pod.uid)
            assumed[pod.uid] = nil
            let hadRoom = !snapshot.nominated.isEmpty && snapshot.removeNomination(pod.uid)
            if snapshot.remove(pod.uid) != nil || hadRoom { wake(.podGone(pod), now) }
            return
        }
        if !new.nodeName.isEmpty { return applyPlaced(new, now) }
        guard new.schedulerName == schedulerName, assumed[new.uid] == nil else { return }
        if new.isTerminating {
            queue.remove(new.uid)
            snapshot.removeNomination(new.uid)
            return
        }
        if new.nominatedNodeName.isEmpty { snapshot.removeNomination(new.uid) } else { snapshot.nominate(new, to: new.nominatedNodeName) }
        queue.set(new, now: now)
    }

    private func applyPlaced(_ pod: PodInfo, _ now: Duration) {
        queue.remove(pod.uid)
        snapshot.removeNomination(pod.uid)
        let wasAssumed = assumed.removeValue(forKey: pod.uid) != nil
        let before = snapshot.remove(pod.uid)
        snapshot.add(pod, toNode: pod.nodeName)
        if wasAssumed || before == nil || before?.labels != pod.labels { wake(.podPlaced(pod), now) }
        if let before, before.requests != pod.requests || before.isTerminating != pod.isTerminating { wake(.podGone(before), now) }
    }

    private func applyNode(_ old: Value?, _ new: Value?, _ now: Duration) {
        guard let new else {
            guard let old else { return }
            snapshot.removeNode(old.name)
            wake(.nodeGone, now)
            return
        }
        let isNew = snapshot.node(named: new.name) == nil
        let changes = ClusterEvent.NodeChanges(old ?? .null, new)
        // Heartbeats say nothing that matters here.
        if !isNew, changes.isEmpty, old?.status["images"] == new.status["images"] { return }
        snapshot.setNode(new)
        guard let node = snapshot.node(named: new.name) else { return }
        if isNew { wake(.nodeAdded(node), now) } else if !changes.isEmpty { wake(.nodeChanged(node, changes), now) }
    }

    private func wake(_ event: ClusterEvent, _ now: Duration) {
        queue.wake(now: now) { event.mayHelp($0, rejectedBy: $1, snapshot) }
    }

    // MARK: Decisions

    /// Decides about the next pod; nil: none is due.
    func next(now: Duration) -> Plan? {
        guard let pod = queue.pop(now: now) else { return nil }
        switch planner.decide(pod, snapshot) {
        case .place(let node):
            // From here on it counts, so that the next pod does not take the same room.
            assumed[pod.uid] = pod
            snapshot.removeNomination(pod.uid)
            snapshot.add(pod, toNode: node.name)
            return .bind(pod, node: node.name)
        case .wait(let error):
            let plan = makeRoom(for: pod, error)
            queue.wait(pod.uid, rejectedBy: error.plugins, now: now)
            return plan
        }
    }

    /// How many pods wait, nodes are known, pods are placed, and placements the API does not show yet.
    var counts: (queue: [String: Int], nodes: Int, pods: Int, assumed: Int) {
        (queue.counts, snapshot.nodeCount, snapshot.podCount, assumed.count)
    }

    /// When there is something to decide next, if nothing changes; nil: never.
    func nextDeadline() -> Duration? { queue.nextDeadline() }

    private func makeRoom(for pod: PodInfo, _ error: FitError) -> Plan {
        var error = error
        guard error.nodeCount > 0 else { return .report(pod, message: error.message, nominatedNode: nil, victims: []) }
        let offset = error.rejections.isEmpty ? 0 : Int.random(in: 0..<error.rejections.count, using: &random)
        switch Preemption(pod, snapshot).plan(after: error, offset: offset) {
        case .make(let plan):
            snapshot.nominate(pod, to: plan.node.name)
            return .report(pod, message: error.message, nominatedNode: plan.node.name, victims: plan.victims)
        case .impossible(let why):
            error.preemption = why
            // The hope for a node that did not come true is given up, unless those who must go are on their way.
            let keeps = pod.nominatedNodeName.isEmpty || why.hasPrefix("not eligible due to a terminating pod")
            if !keeps { snapshot.removeNomination(pod.uid) }
            return .report(pod, message: error.message, nominatedNode: keeps ? nil : "", victims: [])
        }
    }
}

extension ClusterEvent.NodeChanges {
    init(_ old: Value, _ new: Value) {
        self = []
        if old.status["allocatable"] != new.status["allocatable"] { insert(.allocatable) }
        if old.metadata["labels"] != new.metadata["labels"] { insert(.labels) }
        if old.spec["taints"] != new.spec["taints"] || old.spec["unschedulable"] != new.spec["unschedulable"] { insert(.taints) }
    }
}
