import ObjectModel

/// Required pod affinity and anti-affinity, the pod's own and that of pods which are there already.
struct InterPodAffinityFilter: NodeFilter {
    private static let noCompany = Rejection(.interPodAffinity, ["node(s) didn't match pod affinity rules"], preemptionMayHelp: false)
    private static let unwanted = Rejection(.interPodAffinity, ["node(s) didn't match pod anti-affinity rules"], preemptionMayHelp: true)
    private static let unwelcome = Rejection(.interPodAffinity, ["node(s) didn't satisfy existing pods anti-affinity rules"], preemptionMayHelp: true)

    /// How many pods there are per value of a label.
    private struct Tally {
        var column: Topologies.Column
        var counts: [Int]

        init(_ column: Topologies.Column) {
            self.column = column
            counts = [Int](repeating: 0, count: column.valueCount)
        }

        init(_ column: Topologies.Column, perNode: [Int32]) {
            self.init(column)
            for index in perNode.indices where perNode[index] > 0 { add(Int(perNode[index]), index) }
        }

        mutating func add(_ count: Int, _ index: Int) {
            let value = Int(column.values[index])
            if value >= 0 { counts[value] += count }
        }

        /// nil: the node does not have the label.
        func count(_ node: NodeInfo) -> Int? {
            let value = Int(column.values[node.index])
            return value < 0 ? nil : counts[value]
        }
    }

    private let company: [Tally]
    private let strangers: [Tally]
    private let guarded: [Tally]

    /// No pod anywhere is the company that the pod wants, except the pod itself: the first of its kind may go anywhere.
    private let isFirstOfItsKind: Bool

    init?(_ pod: PodInfo, _ snapshot: Snapshot) {
        let affinity = pod.affinity
        if affinity.required.isEmpty, affinity.requiredAnti.isEmpty, snapshot.existingTerms.requiredAntiCount == 0 { return nil }
        func column(_ key: String) -> Topologies.Column { snapshot.topologies.column(key, snapshot.slots) }

        // Wanted company must match all terms at once.
        let wanted = affinity.required.map(\.pods)
        company = affinity.required.map { Tally(column($0.topologyKey), perNode: snapshot.counts(wanted, withoutTerminating: false)) }
        isFirstOfItsKind = company.allSatisfy { $0.counts.allSatisfy { $0 == 0 } } && wanted.allSatisfy { $0.matches(pod, snapshot.namespaceLabels) }
        strangers = affinity.requiredAnti.map {
            Tally(column($0.topologyKey), perNode: snapshot.counts([$0.pods], withoutTerminating: false))
        }

        var guarded: [String: Tally] = [:]
        if snapshot.existingTerms.requiredAntiCount > 0 {
            for (existing, nodes) in snapshot.existingTerms.counts
            where existing.kind == .requiredAnti && existing.term.pods.matches(pod, snapshot.namespaceLabels) {
                let key = existing.term.topologyKey
                var tally = guarded.removeValue(forKey: key) ?? Tally(column(key))
                for (index, count) in nodes { tally.add(count, index) }
                guarded[key] = tally
            }
        }
        self.guarded = Array(guarded.values)
        if company.isEmpty, strangers.isEmpty, self.guarded.isEmpty { return nil }
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        for tally in company {
            guard let count = tally.count(node) else { return Self.noCompany }
            if count == 0, !isFirstOfItsKind { return Self.noCompany }
        }
        if strangers.contains(where: { ($0.count(node) ?? 0) > 0 }) { return Self.unwanted }
        if guarded.contains(where: { ($0.count(node) ?? 0) > 0 }) { return Self.unwelcome }
        return nil
    }
}

/// Preferred pod affinity and anti-affinity, in both directions. Required affinity of pods that are there counts a little too: they like company.
struct InterPodAffinityScore: NodeScore {
    let weight: Int64 = 2

    private struct Sum {
        var column: Topologies.Column
        var values: [Int64]

        mutating func add(_ amount: Int64, _ index: Int) {
            let value = Int(column.values[index])
            if value >= 0 { values[value] += amount }
        }
    }

    private let sums: [Sum]

    init?(_ pod: PodInfo, _ snapshot: Snapshot) {
        let affinity = pod.affinity
        if affinity.preferred.isEmpty, affinity.preferredAnti.isEmpty, snapshot.existingTerms.isEmpty { return nil }
        // A handful of labels: found by comparing, and added to in place.
        var sums: [Sum] = []
        func position(_ key: String) -> Int {
            if let position = sums.firstIndex(where: { $0.column.key == key }) { return position }
            let column = snapshot.topologies.column(key, snapshot.slots)
            sums.append(Sum(column: column, values: [Int64](repeating: 0, count: column.valueCount)))
            return sums.count - 1
        }
        func count(_ entry: PodAffinity.Weighted, _ sign: Int64) {
            let perNode = snapshot.counts([entry.term.pods], withoutTerminating: false)
            let sum = position(entry.term.topologyKey)
            for index in perNode.indices where perNode[index] > 0 { sums[sum].add(sign * entry.weight * Int64(perNode[index]), index) }
        }
        for entry in affinity.preferred { count(entry, 1) }
        for entry in affinity.preferredAnti { count(entry, -1) }
        for (existing, nodes) in snapshot.existingTerms.counts
        where existing.kind != .requiredAnti && existing.term.pods.matches(pod, snapshot.namespaceLabels) {
            let weight = existing.kind == .preferredAnti ? -existing.weight : existing.weight
            let sum = position(existing.term.topologyKey)
            for (index, count) in nodes { sums[sum].add(weight * Int64(count), index) }
        }
        if sums.isEmpty { return nil }
        self.sums = sums
    }

    func score(_ node: NodeInfo) -> Int64 {
        sums.reduce(0) { total, sum in
            let value = Int(sum.column.values[node.index])
            return value < 0 ? total : total + sum.values[value]
        }
    }

    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo]) {
        guard let lowest = scores.min(), let highest = scores.max() else { return }
        for index in scores.indices {
            scores[index] = highest == lowest ? 0 : Int64(Double(Score.max) * Double(scores[index] - lowest) / Double(highest - lowest))
        }
    }
}
