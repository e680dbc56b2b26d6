/// `spec.unschedulable`: a cordoned node takes only pods that tolerate it.
struct NodeUnschedulableFilter: NodeFilter {
    private static let rejection = Rejection(.nodeUnschedulable, ["node(s) were unschedulable"], preemptionMayHelp: false)

    /// nil: the pod tolerates it.
    init?(_ pod: PodInfo) { if pod.tolerations.tolerate(.unschedulable) { return nil } }

    func rejection(of node: NodeInfo) -> Rejection? { node.room.isUnschedulable ? Self.rejection : nil }
}

/// The node's taints against the pod's tolerations.
struct TaintTolerationFilter: NodeFilter {
    private static let rejection = Rejection(.taintToleration, ["node(s) had untolerated taint(s)"], preemptionMayHelp: false)
    private let tolerations: [Toleration]

    init(_ pod: PodInfo) { tolerations = pod.tolerations }

    func rejection(of node: NodeInfo) -> Rejection? {
        guard node.room.hasHardTaints else { return nil }
        for taint in node.hardTaints where !tolerations.tolerate(taint) { return Self.rejection }
        return nil
    }
}

/// Prefers nodes without taints of effect `PreferNoSchedule` that the pod does not tolerate.
struct TaintTolerationScore: NodeScore {
    let weight: Int64 = 3
    private let tolerations: [Toleration]

    init(_ pod: PodInfo) { tolerations = pod.tolerations.filter { $0.effect == nil || $0.effect == .preferNoSchedule } }

    func score(_ node: NodeInfo) -> Int64 {
        guard node.room.hasSoftTaints else { return 0 }
        return Int64(node.softTaints.count { !tolerations.tolerate($0) })
    }

    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo]) { Score.scaleToMaximum(&scores, reversed: true) }
}

/// `spec.nodeSelector` and required node affinity.
struct NodeAffinityFilter: NodeFilter {
    private static let rejection = Rejection(.nodeAffinity, ["node(s) didn't match Pod's node affinity/selector"], preemptionMayHelp: false)
    private let affinity: NodeAffinity

    /// nil: the pod demands nothing.
    init?(_ pod: PodInfo) {
        if pod.nodeAffinity.demandsNothing { return nil }
        affinity = pod.nodeAffinity
    }

    func rejection(of node: NodeInfo) -> Rejection? { affinity.allows(name: node.name, labels: node.labels) ? nil : Self.rejection }
}

/// Preferred node affinity: the weights of the terms that match.
struct NodeAffinityScore: NodeScore {
    let weight: Int64 = 2
    private let preferred: [(weight: Int64, term: NodeSelectorTerm)]

    init?(_ pod: PodInfo) {
        preferred = pod.nodeAffinity.preferred
        if preferred.isEmpty { return nil }
    }

    func score(_ node: NodeInfo) -> Int64 {
        // Other than among requirements, a term without conditions matches every node.
        preferred.reduce(0) { sum, entry in
            let matches = entry.term.expressions.isEmpty && entry.term.fields.isEmpty || entry.term.matches(name: node.name, labels: node.labels)
            return matches ? sum + entry.weight : sum
        }
    }

    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo]) { Score.scaleToMaximum(&scores, reversed: false) }
}

/// Ports of the node that the pod wants and others have.
struct NodePortsFilter: NodeFilter {
    private static let rejection = Rejection(.nodePorts, ["node(s) didn't have free ports for the requested pod ports"], preemptionMayHelp: true)
    private let ports: [HostPort]

    init?(_ pod: PodInfo) {
        ports = pod.ports
        if ports.isEmpty { return nil }
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        ports.contains { wanted in node.ports.contains { $0.conflicts(wanted) } } ? Self.rejection : nil
    }
}
