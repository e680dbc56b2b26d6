/// Finds pods of lower priority whose going would make room. Reads the snapshot; tries things out on it, but leaves it as it was.
struct Preemption {
    /// Whom to send away, and where.
    struct Plan {
        var node: NodeInfo

        /// The most important first.
        var victims: [PodInfo]
        var violations: Int
    }

    enum Outcome {
        case make(Plan)

        /// In upstream's words.
        case impossible(String)
    }

    private let pod: PodInfo
    private let snapshot: Snapshot

    init(_ pod: PodInfo, _ snapshot: Snapshot) {
        self.pod = pod
        self.snapshot = snapshot
    }

    /// - Parameter offset: where the search begins, so that it is not always the same nodes whose pods go.
    func plan(after error: FitError, offset: Int) -> Outcome {
        if pod.neverPreempts { return .impossible("not eligible due to preemptionPolicy=Never.") }
        if isUnderway(error) { return .impossible("not eligible due to a terminating pod on the nominated node.") }
        let hopeful = error.rejections.filter(\.rejection.preemptionMayHelp).map(\.node)
        var failures = ["Preemption is not helpful for scheduling": error.nodeCount - hopeful.count]
        var plans: [Plan] = []
        let plansMax = max(100, error.nodeCount / 10)
        for step in 0..<hopeful.count {
            let node = hopeful[(offset + step) % hopeful.count]
            switch victims(on: node) {
            case .success(let plan): plans.append(plan)
            case .failure(let failure): for reason in failure.reasons { failures[reason, default: 0] += 1 }
            }
            if plans.count >= plansMax, plans.contains(where: { $0.violations == 0 }) { break }
        }
        if let best = plans.dropFirst().reduce(plans.first, { Self.better($0, $1) }) { return .make(best) }
        return .impossible(FitError.message(error.nodeCount, failures))
    }

    /// Room is being made already, and those who must go are on their way.
    private func isUnderway(_ error: FitError) -> Bool {
        guard !pod.nominatedNodeName.isEmpty, let node = snapshot.node(named: pod.nominatedNodeName) else { return false }
        if error.rejections.contains(where: { $0.node === node && !$0.rejection.preemptionMayHelp }) { return false }
        return node.pods.contains { $0.isTerminating && $0.priority < pod.priority && $0.isBeingPreempted }
    }

    // MARK: One node

    private struct Failure: Error { var reasons: [String] }

    /// The fewest and least important pods that must leave the node.
    private func victims(on node: NodeInfo) -> Result<Plan, Failure> {
        let candidates = node.pods.filter { $0.priority < pod.priority }.sorted { $0.isMoreImportant(than: $1) }
        if candidates.isEmpty { return .failure(Failure(reasons: ["No preemption victims found for incoming pod"])) }
        for candidate in candidates { snapshot.remove(candidate.uid) }
        var victims: [PodInfo] = []
        defer { for victim in victims { snapshot.add(victim, toNode: node.name) } }
        if let rejection = Fit(pod, snapshot).rejection(of: node) {
            victims = candidates
            return .failure(Failure(reasons: rejection.reasons))
        }
        let violating = violations(candidates)
        var count = 0
        for candidate in candidates.filter({ violating.contains($0.uid) }) + candidates.filter({ !violating.contains($0.uid) }) {
            snapshot.add(candidate, toNode: node.name)
            if Fit(pod, snapshot).rejection(of: node) == nil { continue }
            snapshot.remove(candidate.uid)
            victims.append(candidate)
            if violating.contains(candidate.uid) { count += 1 }
        }
        return .success(Plan(node: node, victims: victims.sorted { $0.isMoreImportant(than: $1) }, violations: count))
    }

    /// The pods that some disruption budget would miss.
    private func violations(_ pods: [PodInfo]) -> Set<String> {
        var result: Set<String> = []
        var budgets = Array(snapshot.disruptionBudgets.values)
        for pod in pods where !pod.labels.fields.isEmpty {
            for index in budgets.indices where budgets[index].covers(pod) {
                budgets[index].disruptionsAllowed -= 1
                if budgets[index].disruptionsAllowed < 0 { result.insert(pod.uid) }
            }
        }
        return result
    }

    // MARK: Choosing

    /// Of two plans the one that does less harm: fewer budgets broken, a less important first victim, less importance in all, fewer victims, and then
    /// the one whose most important victims have run for the shortest time.
    private static func better(_ left: Plan?, _ right: Plan) -> Plan {
        guard let left else { return right }
        let a = left.harm
        let b = right.harm
        if a != b { return b < a ? right : left }
        return right.latestStart > left.latestStart ? right : left
    }
}

extension Preemption.Plan {
    fileprivate var harm: (Int, Int, Int, Int) {
        // Priorities may be negative; counted from the lowest, every victim adds up.
        let sum = victims.reduce(0) { $0 + $1.priority + Int(Int32.max) + 1 }
        return (violations, victims.first?.priority ?? Int.min, sum, victims.count)
    }

    /// When the first of the most important victims started.
    fileprivate var latestStart: String {
        let highest = victims.first?.priority
        return victims.filter { $0.priority == highest }.map(\.startTime).min() ?? ""
    }
}

extension PodInfo {
    /// By priority, then by age. RFC 3339 times in UTC sort as text.
    fileprivate func isMoreImportant(than other: PodInfo) -> Bool {
        priority != other.priority ? priority > other.priority : startTime < other.startTime
    }

    fileprivate var isBeingPreempted: Bool {
        object.status["conditions"].array.contains { $0["type"].string == "DisruptionTarget" && $0["reason"].string == "PreemptionByScheduler" }
    }
}
