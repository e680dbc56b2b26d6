import Glibc
import ObjectModel

/// `whenUnsatisfiable: DoNotSchedule`: no value of the label may get further ahead of the one with the fewest pods than `maxSkew`.
struct PodTopologySpreadFilter: NodeFilter {
    private static let reason = "node(s) didn't match pod topology spread constraints"
    private static let tooSkewed = Rejection(.podTopologySpread, [reason], preemptionMayHelp: true)
    private static let missingLabel = Rejection(.podTopologySpread, ["\(reason) (missing required label)"], preemptionMayHelp: false)

    private struct Prepared {
        /// The number of each node's value, by `NodeInfo.index`.
        var values: [Int32]
        var counts: [Int]
        var fewest: Int
        var own: Int
        var maxSkew: Int
    }

    private let constraints: [Prepared]

    init?(_ pod: PodInfo, _ snapshot: Snapshot) {
        let required = pod.spreadConstraints.filter(\.isRequired)
        if required.isEmpty { return nil }
        let columns = required.map { snapshot.topologies.column($0.topologyKey, snapshot.slots) }
        constraints = zip(required, columns).map { constraint, column in
            let perNode = snapshot.counts([PodSelection(constraint, pod)], withoutTerminating: true)
            var counts = [Int](repeating: 0, count: column.valueCount)
            var isPresent = [Bool](repeating: false, count: column.valueCount)
            let values = column.values
            let countsAll = constraint.countsAllNodes(for: pod)
            for index in values.indices {
                let value = Int(values[index])
                guard value >= 0, columns.count == 1 || columns.allSatisfy({ $0.values[index] >= 0 }) else { continue }
                if !countsAll, !constraint.counts(snapshot.slots[index], for: pod) { continue }
                counts[value] += Int(perNode[index])
                isPresent[value] = true
            }
            let present = counts.indices.filter { isPresent[$0] }
            let fewest = present.count < constraint.minDomains ? 0 : present.map { counts[$0] }.min() ?? 0
            return Prepared(
                values: values, counts: counts, fewest: fewest, own: constraint.selector.matches(labels: pod.labels) ? 1 : 0,
                maxSkew: constraint.maxSkew)
        }
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        for constraint in constraints {
            let value = Int(constraint.values[node.index])
            if value < 0 { return Self.missingLabel }
            if constraint.counts[value] + constraint.own - constraint.fewest > constraint.maxSkew { return Self.tooSkewed }
        }
        return nil
    }
}

/// `whenUnsatisfiable: ScheduleAnyway`, and for pods without constraints the system's own: replicas of one workload spread over nodes and zones.
struct PodTopologySpreadScore: NodeScore {
    let weight: Int64 = 2

    private struct Prepared {
        /// The number of each node's value, by `NodeInfo.index`.
        var values: [Int32]
        var weight: Double
        var maxSkew: Int

        /// By value; empty where every node is a value of its own.
        var countsByValue: [Int]
        var countsByNode: [Int32]
    }

    private let constraints: [Prepared]

    /// Nodes that lack a label that the pod's own constraints name do not take part.
    private let needsAllLabels: Bool

    init?(_ pod: PodInfo, _ snapshot: Snapshot, _ feasible: [NodeInfo]) {
        let wanted = Self.constraints(pod, snapshot)
        if wanted.isEmpty { return nil }
        let needsAllLabels = !pod.spreadConstraints.isEmpty
        self.needsAllLabels = needsAllLabels
        let columns = wanted.map { snapshot.topologies.column($0.topologyKey, snapshot.slots) }
        func takesPart(_ index: Int) -> Bool { !needsAllLabels || columns.allSatisfy { $0.values[index] >= 0 } }
        let candidates = feasible.map(\.index).filter(takesPart)
        constraints = zip(wanted, columns).map { constraint, column in
            let perNode = snapshot.counts([PodSelection(constraint, pod)], withoutTerminating: true)
            if constraint.topologyKey == Topologies.hostname {
                return Prepared(
                    values: column.values, weight: log(Double(candidates.count + 2)), maxSkew: constraint.maxSkew, countsByValue: [],
                    countsByNode: perNode)
            }
            var isCandidate = [Bool](repeating: false, count: column.valueCount)
            let values = column.values
            for index in candidates where values[index] >= 0 { isCandidate[Int(values[index])] = true }
            var counts = [Int](repeating: 0, count: column.valueCount)
            let countsAll = constraint.countsAllNodes(for: pod)
            for index in values.indices where perNode[index] > 0 && values[index] >= 0 && isCandidate[Int(values[index])] && takesPart(index) {
                if countsAll || constraint.counts(snapshot.slots[index], for: pod) { counts[Int(values[index])] += Int(perNode[index]) }
            }
            return Prepared(
                values: values, weight: log(Double(isCandidate.count { $0 } + 2)), maxSkew: constraint.maxSkew, countsByValue: counts,
                countsByNode: [])
        }
    }

    private static func constraints(_ pod: PodInfo, _ snapshot: Snapshot) -> [TopologySpreadConstraint] {
        if !pod.spreadConstraints.isEmpty { return pod.spreadConstraints.filter { !$0.isRequired } }
        guard let selector = snapshot.owners.selector(for: pod) else { return [] }
        return [
            TopologySpreadConstraint(maxSkew: 3, topologyKey: Topologies.hostname, selector: selector),
            TopologySpreadConstraint(maxSkew: 5, topologyKey: Topologies.zone, selector: selector),
        ]
    }

    private func ignores(_ node: NodeInfo) -> Bool { needsAllLabels && constraints.contains { $0.values[node.index] < 0 } }

    /// The number of pods that are there already, weighted: fewer is better until `normalize` turns it around.
    func score(_ node: NodeInfo) -> Int64 {
        if ignores(node) { return 0 }
        var score = 0.0
        for constraint in constraints {
            let value = Int(constraint.values[node.index])
            guard value >= 0 else { continue }
            let count = constraint.countsByValue.isEmpty ? Int(constraint.countsByNode[node.index]) : constraint.countsByValue[value]
            score += Double(count) * constraint.weight + Double(constraint.maxSkew - 1)
        }
        return Int64(score.rounded())
    }

    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo]) {
        let ignored = needsAllLabels ? nodes.map(ignores) : []
        func isIgnored(_ index: Int) -> Bool { needsAllLabels && ignored[index] }
        var lowest = Int64.max
        var highest: Int64 = 0
        for index in scores.indices where !isIgnored(index) {
            lowest = min(lowest, scores[index])
            highest = max(highest, scores[index])
        }
        for index in scores.indices {
            if isIgnored(index) {
                scores[index] = 0
            } else {
                scores[index] = highest == 0 ? Score.max : Score.max * (highest + lowest - scores[index]) / highest
            }
        }
    }
}

extension PodSelection {
    fileprivate init(_ constraint: TopologySpreadConstraint, _ pod: PodInfo) {
        self.init(namespaces: [pod.namespace], namespaceSelector: nil, selector: constraint.selector)
    }
}

extension TopologySpreadConstraint {
    /// No need to ask node by node.
    fileprivate func countsAllNodes(for pod: PodInfo) -> Bool { !honorsTaints && (!honorsNodeAffinity || pod.nodeAffinity.demandsNothing) }

    /// Whether the node's pods count (`nodeAffinityPolicy`, `nodeTaintsPolicy`).
    fileprivate func counts(_ node: NodeInfo?, for pod: PodInfo) -> Bool {
        guard let node else { return false }
        if honorsNodeAffinity, !pod.nodeAffinity.demandsNothing, !pod.nodeAffinity.allows(name: node.name, labels: node.labels) { return false }
        if honorsTaints, node.hardTaints.contains(where: { !pod.tolerations.tolerate($0) }) { return false }
        return true
    }
}
