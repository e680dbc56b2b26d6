/// Why no node takes a pod.
struct FitError {
    var nodeCount: Int

    /// What each node that was asked said.
    var rejections: [(node: NodeInfo, rejection: Rejection)] = []

    /// Why the nodes that were not asked are out of the question.
    var others: String?

    /// What making room led to; in front of it stands what upstream says of device claims, of which a pod without any has none.
    var preemption: String?

    var plugins: PluginSet {
        rejections.reduce(into: others == nil ? [] : PluginSet(.nodeAffinity)) { $0.insert(PluginSet($1.rejection.plugin)) }
    }

    /// `0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. …`, as upstream puts it.
    var message: String {
        if nodeCount == 0 { return "no nodes available to schedule pods" }
        var counts: [String: Int] = [:]
        for entry in rejections { for reason in entry.rejection.reasons { counts[reason, default: 0] += 1 } }
        if let others { counts[others, default: 0] += nodeCount - rejections.count }
        return Self.message(nodeCount, counts) + (preemption.map { " no new claims to deallocate, preemption: \($0)" } ?? "")
    }

    static func message(_ nodeCount: Int, _ counts: [String: Int]) -> String {
        let reasons = counts.filter { $0.value > 0 }.map { "\($0.value) \($0.key)" }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return "0/\(nodeCount) nodes are available:" + (reasons.isEmpty ? "" : " \(reasons.joined(separator: ", ")).")
    }
}
