/// The affinity terms of the pods that run, each different one once, with the nodes where pods have it. The replicas of one workload share their terms:
/// a cycle asks about a few terms, not about ten thousand pods.
struct ExistingTerms {
    enum Kind { case required, preferred, requiredAnti, preferredAnti }

    struct Term: Hashable {
        var kind: Kind
        var weight: Int64
        var term: PodAffinityTerm
    }

    /// By term, then by `NodeInfo.index`: how many pods.
    private(set) var counts: [Term: [Int: Int]] = [:]

    /// Distinct terms of required anti-affinity.
    private(set) var requiredAntiCount = 0

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(_ pod: PodInfo, _ index: Int) {
        for term in pod.affinity.terms {
            if counts[term] == nil, term.kind == .requiredAnti { requiredAntiCount += 1 }
            counts[term, default: [:]][index, default: 0] += 1
        }
    }

    mutating func remove(_ pod: PodInfo, _ index: Int) {
        for term in pod.affinity.terms {
            guard let count = counts[term]?[index] else { continue }
            counts[term]?[index] = count > 1 ? count - 1 : nil
            if counts[term]?.isEmpty == true {
                counts[term] = nil
                if term.kind == .requiredAnti { requiredAntiCount -= 1 }
            }
        }
    }
}

extension PodAffinity {
    fileprivate var terms: [ExistingTerms.Term] {
        required.map { ExistingTerms.Term(kind: .required, weight: 1, term: $0) }
            + preferred.map { ExistingTerms.Term(kind: .preferred, weight: $0.weight, term: $0.term) }
            + requiredAnti.map { ExistingTerms.Term(kind: .requiredAnti, weight: 1, term: $0) }
            + preferredAnti.map { ExistingTerms.Term(kind: .preferredAnti, weight: $0.weight, term: $0.term) }
    }
}
