/// Finds the node for a pod: the pure core. It reads a snapshot and says where the pod should go; nothing is changed.
struct Planner {
    /// What a cycle comes to.
    enum Decision {
        case place(NodeInfo)
        case wait(FitError)
    }

    /// In a large cluster, enough good nodes are as good as all of them.
    private static let sampledNodesMin = 100

    /// Where the search begins, so that all nodes get their turn.
    private var nextStart = 0
    private var random: any RandomNumberGenerator

    // Used again and again, so that a cycle does not allocate them.
    private var feasible: [NodeInfo] = []
    private var totals: [Int64] = []
    private var scores: [Int64] = []

    init(random: any RandomNumberGenerator = FastRandom()) { self.random = random }

    mutating func decide(_ pod: PodInfo, _ snapshot: Snapshot) -> Decision {
        guard snapshot.nodeCount > 0 else { return .wait(FitError(nodeCount: 0)) }
        // Where room was made for the pod, it goes if it can.
        if !pod.nominatedNodeName.isEmpty, let node = snapshot.node(named: pod.nominatedNodeName), Fit(pod, snapshot).rejection(of: node) == nil {
            return .place(node)
        }
        if let error = search(pod, snapshot) { return .wait(error) }
        defer { feasible.removeAll(keepingCapacity: true) }
        if feasible.count == 1 { return .place(feasible[0]) }
        return .place(best(pod, snapshot))
    }

    // MARK: Filtering

    /// Gathers feasible nodes, or tells why there are none.
    private mutating func search(_ pod: PodInfo, _ snapshot: Snapshot) -> FitError? {
        feasible.removeAll(keepingCapacity: true)
        let fit = Fit(pod, snapshot)
        var error = FitError(nodeCount: snapshot.nodeCount)
        let all = snapshot.nodes
        var nodes = all
        if let names = pod.nodeAffinity.names {
            nodes = names.sorted().compactMap { snapshot.node(named: $0) }
            error.others = "node(s) didn't satisfy plugin(s) [\(Plugin.nodeAffinity.name)]"
        }
        let wanted = error.others == nil ? Self.sampleSize(nodes.count) : nodes.count
        var visited = 0
        while visited < nodes.count, feasible.count < wanted {
            var index = visited
            if error.others == nil {
                index += nextStart
                if index >= nodes.count { index %= nodes.count }
            }
            let node = nodes[index]
            visited += 1
            if let rejection = fit.rejection(of: node) {
                error.rejections.append((node, rejection))
            } else {
                feasible.append(node)
            }
        }
        if error.others == nil { nextStart = (nextStart + visited) % nodes.count }
        return feasible.isEmpty ? error : nil
    }

    /// As upstream: half of the nodes less one percent per 125, but five percent and a hundred at least.
    static func sampleSize(_ count: Int) -> Int {
        if count < sampledNodesMin { return count }
        return max(sampledNodesMin, count * max(5, 50 - count / 125) / 100)
    }

    // MARK: Scoring

    private mutating func best(_ pod: PodInfo, _ snapshot: Snapshot) -> NodeInfo {
        totals.removeAll(keepingCapacity: true)
        totals.append(contentsOf: repeatElement(0, count: feasible.count))
        for preference in Self.preferences(pod, snapshot, feasible) {
            scores.removeAll(keepingCapacity: true)
            for node in feasible { scores.append(preference.score(node)) }
            preference.normalize(&scores, feasible)
            let weight = preference.weight
            for index in scores.indices { totals[index] += scores[index] * weight }
        }
        var best = 0
        var ties = 1
        for index in 1..<totals.count {
            if totals[index] > totals[best] {
                best = index
                ties = 1
            } else if totals[index] == totals[best] {
                // Each of the equal ones ends up chosen with the same probability.
                ties += 1
                if Int.random(in: 0..<ties, using: &random) == 0 { best = index }
            }
        }
        return feasible[best]
    }

    static func preferences(_ pod: PodInfo, _ snapshot: Snapshot, _ feasible: [NodeInfo]) -> [any NodeScore] {
        var result: [any NodeScore] = [LeastAllocatedScore(pod), TaintTolerationScore(pod)]
        if let balanced = BalancedAllocationScore(pod) { result.append(balanced) }
        if let affinity = NodeAffinityScore(pod) { result.append(affinity) }
        if let images = ImageLocalityScore(pod, snapshot) { result.append(images) }
        if let spread = PodTopologySpreadScore(pod, snapshot, feasible) { result.append(spread) }
        if let company = InterPodAffinityScore(pod, snapshot) { result.append(company) }
        return result
    }
}
