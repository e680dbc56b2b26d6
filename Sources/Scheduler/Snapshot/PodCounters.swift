import ObjectModel

/// How many pods of some kind run on each node, for the kinds that were asked for lately. Counted once, then kept up to date with every pod that
/// comes or goes: the replicas of one workload ask the same question ten thousand times.
final class PodCounters {
    /// Pods that match all selections.
    struct Question: Hashable {
        var selections: [PodSelection]

        /// Spreading leaves out pods that are on their way out; affinity counts them.
        var withoutTerminating: Bool

        func matches(_ pod: PodInfo, _ namespaceLabels: (String) -> Value) -> Bool {
            if withoutTerminating, pod.isTerminating { return false }
            return selections.allSatisfy { $0.matches(pod, namespaceLabels) }
        }
    }

    private final class Counter {
        var counts: [Int32]
        var lastUse: Int
        init(counts: [Int32], lastUse: Int) {
            self.counts = counts
            self.lastUse = lastUse
        }
    }

    /// Questions that are kept answered.
    private static let countersMax = 64

    private var counters: [Question: Counter] = [:]
    private var uses = 0
    private var size = 0

    func counts(_ question: Question, _ slots: [NodeInfo?], _ namespaceLabels: (String) -> Value) -> [Int32] {
        uses += 1
        if let counter = counters[question] {
            counter.lastUse = uses
            return counter.counts
        }
        if counters.count >= Self.countersMax, let oldest = counters.min(by: { $0.value.lastUse < $1.value.lastUse }) { counters[oldest.key] = nil }
        var counts = [Int32](repeating: 0, count: size)
        for case let node? in slots {
            for pod in node.pods where question.matches(pod, namespaceLabels) { counts[node.index] += 1 }
        }
        counters[question] = Counter(counts: counts, lastUse: uses)
        return counts
    }

    func count(_ pod: PodInfo, _ index: Int, _ step: Int32, _ namespaceLabels: (String) -> Value) {
        for (question, counter) in counters where question.matches(pod, namespaceLabels) { counter.counts[index] += step }
    }

    func resize(_ size: Int) {
        self.size = size
        for counter in counters.values { while counter.counts.count < size { counter.counts.append(0) } }
    }

    /// Forgets all answers, because the labels of a namespace changed.
    func reset() { counters = [:] }
}
