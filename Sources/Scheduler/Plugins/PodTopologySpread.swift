import Glibc
import ObjectModel

/// `whenUnsatisfiable: DoNotSchedule`: no value of the label may get further ahead of the one with the fewest pods than `maxSkew`.
struct PodTopologySpreadFilter: NodeFilter {
    private static let reason = "node(s) didn't match pod topology spread constraints"
    private static let tooSkewed = Rejection(.podTopologySpread, [reason], preemptionMayHelp: true)
    private static let missingLabel = Rejection(.podTopologySpread, ["\(reason) (missing required label)"], preemptionMayHelp: false)

    private struct Prepared {
        var column: Topologies.Column
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
            for case let node? in snapshot.slots {
                let value = Int(column.values[node.index])
                guard value >= 0, columns.allSatisfy({ $0.values[node.index] >= 0 }), constraint.counts(node, for: pod) else { continue }
                counts[value] += Int(perNode[node.index])
                isPresent[value] = true
            }
            let present = counts.indices.filter { isPresent[$0] }
            let fewest = present.count < constraint.minDomains ? 0 : present.map { counts[$0] }.min() ?? 0
            return Prepared(
                column: column, counts: counts, fewest: fewest, own: constraint.selector.matches(labels: pod.labels) ? 1 : 0,
                maxSkew: constraint.maxSkew)
        }
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        for constraint in constraints {
            let value = Int(constraint.column.values[node.index])
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
        var column: Topologies.Column
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
        func takesPart(_ node: NodeInfo) -> Bool { !needsAllLabels || columns.allSatisfy { $0.values[node.index] >= 0 } }
        let candidates = feasible.filter(takesPart)
        constraints = zip(wanted, columns).map { constraint, column in
            let perNode = snapshot.counts([PodSelection(constraint, pod)], withoutTerminating: true)
            if constraint.topologyKey == Topologies.hostname {
                return Prepared(
                    column: column, weight: log(Double(candidates.count + 2)), maxSkew: constraint.maxSkew, countsByValue: [], countsByNode: perNode)
            }
            var isCandidate = [Bool](repeating: false, count: column.valueCount)
            for node in candidates where column.values[node.index] >= 0 { isCandidate[Int(column.values[node.index])] = true }
            var counts = [Int](repeating: 0, count: column.valueCount)
            let isCounted = !constraint.honorsTaints && pod.nodeAffinity.demandsNothing
            for case let node? in snapshot.slots where perNode[node.index] > 0 && takesPart(node) && (isCounted || constraint.counts(node, for: pod))
            {
                let value = Int(column.values[node.index])
                if value >= 0, isCandidate[value] { counts[value] += Int(perNode[node.index]) }
            }
            return Prepared(
                column: column, weight: log(Double(isCandidate.count { $0 } + 2)), maxSkew: constraint.maxSkew, countsByValue: counts,
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

    private func ignores(_ node: NodeInfo) -> Bool { needsAllLabels && constraints.contains { $0.column.values[node.index] < 0 } }

    /// The number of pods that are there already, weighted: fewer is better until `normalize` turns it around.
    func score(_ node: NodeInfo) -> Int64 {
        if ignores(node) { return 0 }
        var score = 0.0
        for constraint in constraints {
            let value = Int(constraint.column.values[node.index])
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
    /// Whether the node's pods count (`nodeAffinityPolicy`, `nodeTaintsPolicy`).
    fileprivate func counts(_ node: NodeInfo, for pod: PodInfo) -> Bool {
        if honorsNodeAffinity, !pod.nodeAffinity.demandsNothing, !pod.nodeAffinity.allows(name: node.name, labels: node.labels) { return false }
        if honorsTaints, node.hardTaints.contains(where: { !pod.tolerations.tolerate($0) }) { return false }
        return true
    }
}
