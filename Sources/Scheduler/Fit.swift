/// All rules made ready for one pod.
struct Fit {
    private let pod: PodInfo
    private let snapshot: Snapshot
    private let filters: [any NodeFilter]

    init(_ pod: PodInfo, _ snapshot: Snapshot) {
        self.pod = pod
        self.snapshot = snapshot
        filters = Self.filters(pod, snapshot)
    }

    private static func filters(_ pod: PodInfo, _ snapshot: Snapshot) -> [any NodeFilter] {
        var filters: [any NodeFilter] = []
        if let filter = NodeUnschedulableFilter(pod) { filters.append(filter) }
        filters.append(TaintTolerationFilter(pod))
        if let filter = NodeAffinityFilter(pod) { filters.append(filter) }
        if let filter = NodePortsFilter(pod) { filters.append(filter) }
        filters.append(NodeResourcesFitFilter(pod))
        if let filter = PodTopologySpreadFilter(pod, snapshot) { filters.append(filter) }
        if let filter = InterPodAffinityFilter(pod, snapshot) { filters.append(filter) }
        return filters
    }

    /// Why the node does not take the pod, by the first rule that says so; nil: it does.
    ///
    /// Room that is being made on the node for others of the same or a higher priority counts as taken. The pod must fit without them too: they may
    /// never come, and it may want their company.
    func rejection(of node: NodeInfo) -> Rejection? {
        if !snapshot.nominated.isEmpty, let rejection = rejectionBesideNominated(node) { return rejection }
        return Self.rejection(of: node, filters)
    }

    private static func rejection(of node: NodeInfo, _ filters: [any NodeFilter]) -> Rejection? {
        for filter in filters { if let rejection = filter.rejection(of: node) { return rejection } }
        return nil
    }

    private func rejectionBesideNominated(_ node: NodeInfo) -> Rejection? {
        let others = (snapshot.nominated[node.name] ?? []).filter {
            $0.uid != pod.uid && $0.priority >= pod.priority && snapshot.nodeName(ofPod: $0.uid) == nil
        }
        if others.isEmpty { return nil }
        for other in others { snapshot.add(other, toNode: node.name) }
        defer { for other in others { snapshot.remove(other.uid) } }
        return Self.rejection(of: node, Self.filters(pod, snapshot))
    }
}
