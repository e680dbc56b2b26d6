import ObjectModel

/// The next steps of a StatefulSet, as a function of its pods (upstream's `updateStatefulSet`).
struct StatefulSetPlan {
    enum Step: Equatable {
        case create(ordinal: Int, revision: String)
        case delete(Value)

        /// A pod that failed or finished: deleted, to be made again.
        case replace(Value)
    }

    private(set) var steps: [Step] = []
    let pods: StatefulSetPods
    let current: String
    let update: String
    private let byOrdinal: [Int: Value]
    private let now: Timestamp

    /// - Parameters:
    ///   - current: the name of the revision that pods had before the update under way.
    ///   - update: the name of the revision that they are to have.
    init(_ set: Value, owned: [Value], current: String, update: String, now: Timestamp) {
        pods = StatefulSetPods(set: set)
        self.current = current
        self.update = update
        self.now = now
        let pods = pods
        byOrdinal = Dictionary(owned.compactMap { pod in pods.ordinal(of: pod).map { ($0, pod) } }, uniquingKeysWith: { first, _ in first })
        if !set.isBeingDeleted { plan() }
    }

    private mutating func plan() {
        if planReplicas(), planCondemned() { planUpdate() }
    }

    // MARK: Pods that are to be there

    /// False where the rest has to wait.
    private mutating func planReplicas() -> Bool {
        var goesOn = true
        for ordinal in pods.ordinals {
            guard let pod = byOrdinal[ordinal] else {
                steps.append(.create(ordinal: ordinal, revision: revision(for: ordinal)))
                if pods.isOrdered { return false }
                continue
            }
            if pod.isTerminalPod, !pod.isBeingDeleted {
                steps.append(.replace(pod))
                if pods.isOrdered { return false }
                goesOn = false
                continue
            }
            // In order: each waits for the one before it.
            if pods.isOrdered, pod.isBeingDeleted || !isAvailable(pod) { return false }
        }
        return goesOn
    }

    /// New pods below the partition have the former template. (Where updates wait for a deletion by hand, a new pod has the new one.)
    private func revision(for ordinal: Int) -> String { pods.isRolling && ordinal < pods.start + pods.partition ? current : update }

    // MARK: Pods that are too many

    private mutating func planCondemned() -> Bool {
        let condemned = byOrdinal.filter { !pods.ordinals.contains($0.key) }.sorted { $0.key > $1.key }.map(\.value)
        let firstUnhealthy = unhealthy.first
        for pod in condemned {
            if pod.isBeingDeleted {
                if pods.isOrdered { return false }
                continue
            }
            if pods.isOrdered, !isAvailable(pod), pod.uid != firstUnhealthy?.uid { return false }
            steps.append(.delete(pod))
            if pods.isOrdered { return false }
        }
        return true
    }

    private var unhealthy: [Value] {
        byOrdinal.sorted { $0.key < $1.key }.map(\.value).filter { !isReady($0) || $0.isBeingDeleted }
    }

    // MARK: Pods with another template

    private mutating func planUpdate() {
        guard pods.isRolling else { return }
        let candidates = pods.ordinals.reversed().filter { $0 >= pods.start + pods.partition }
        var budget = pods.maxUnavailable - candidates.count { ordinal in byOrdinal[ordinal].map { $0.isBeingDeleted || !isAvailable($0) } ?? true }
        for ordinal in candidates {
            guard let pod = byOrdinal[ordinal], !pod.isBeingDeleted else { continue }
            let isOld = StatefulSetPods.revision(pod) != update
            // A pod that is down costs no availability.
            if isOld, !isAvailable(pod) {
                steps.append(.delete(pod))
                return
            }
            if isOld, budget > 0 {
                steps.append(.delete(pod))
                budget -= 1
            }
            if budget <= 0 { return }
        }
    }

    // MARK: Health and counts

    private func isReady(_ pod: Value) -> Bool { pod.phase == "Running" && pod.isReadyPod }

    private func isAvailable(_ pod: Value) -> Bool { pod.phase == "Running" && pod.isAvailablePod(minReadySeconds: pods.minReadySeconds, now: now) }

    /// The status that follows from the pods, before the steps.
    func status() -> Value {
        let set = pods.set
        let all = Array(byOrdinal.values)
        let alive = all.filter { !$0.isBeingDeleted }
        var status = set.status
        status["replicas"] = Value(all.count)
        status.setCount("readyReplicas", all.count(where: isReady))
        status["availableReplicas"] = Value(all.count(where: isAvailable))
        status.setCount("currentReplicas", alive.count { StatefulSetPods.revision($0) == current })
        status.setCount("updatedReplicas", alive.count { StatefulSetPods.revision($0) == update })
        status["currentRevision"] = .string(current)
        status["updateRevision"] = .string(update)
        status["observedGeneration"] = Value(set.generation)
        if status["collisionCount"].isNull { status["collisionCount"] = 0 }
        let wanted = pods.replicas
        if pods.isRolling, status["updatedReplicas"].int ?? 0 == wanted, status["readyReplicas"].int ?? 0 == wanted, all.count == wanted {
            // The update is through: what was new is current.
            status.setCount("currentReplicas", wanted)
            status["currentRevision"] = .string(update)
        }
        return status
    }

    /// When the next ready pod becomes available.
    var timeToAvailability: Duration? { byOrdinal.values.compactMap { $0.timeToAvailability(minReadySeconds: pods.minReadySeconds, now: now) }.min() }
}
