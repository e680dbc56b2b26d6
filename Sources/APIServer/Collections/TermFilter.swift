/// Which terms some objects have, in about a byte each: a Bloom filter. It says "none" surely and "perhaps" rightly 49 times in 50, so that a
/// selection passes over chunks that have nothing for it.
struct TermFilter: Sendable {
    private var words: [UInt64]
    private let mask: Int

    init(_ terms: [Term]) {
        var bits = 64
        while bits < terms.count * 8 { bits *= 2 }
        words = Array(repeating: 0, count: bits / 64)
        mask = bits - 1
        for term in terms {
            for shift in Self.shifts { set((term.hash >> shift) & mask) }
        }
    }

    func mayContain(_ term: Term) -> Bool { Self.shifts.allSatisfy { isSet((term.hash >> $0) & mask) } }

    /// Which bits of a term's hash choose the three bits that stand for it.
    private static let shifts = [0, 20, 40]

    private mutating func set(_ bit: Int) { words[bit >> 6] |= 1 << UInt64(bit & 63) }

    private func isSet(_ bit: Int) -> Bool { words[bit >> 6] & (1 << UInt64(bit & 63)) != 0 }
}

/// Something that a selection may demand of an object: that a label is there, or that a label or field has a value. Known by its hash.
struct Term: Sendable {
    let hash: Int

    static func label(_ key: String) -> Term { Term(0, key, "") }
    static func label(_ key: String, _ value: String) -> Term { Term(1, key, value) }
    static func field(_ name: String, _ value: String) -> Term { Term(2, name, value) }

    private init(_ kind: UInt8, _ name: String, _ value: String) {
        var hasher = Hasher()
        hasher.combine(kind)
        hasher.combine(name)
        hasher.combine(value)
        hash = hasher.finalize()
    }
}

extension ObjectIndex {
    /// What selections may find the object by. A field that is empty is as good as absent.
    var terms: [Term] {
        labels.flatMap { [Term.label($0.key), .label($0.key, $0.value)] } + fields.filter { !$0.value.isEmpty }.map { Term.field($0.key, $0.value) }
    }
}

extension Selection {
    /// For each condition that only some terms can meet, those terms: an object must have one of every row.
    var demands: [[Term]] {
        var demands: [[Term]] = []
        for requirement in labels?.requirements ?? [] {
            switch requirement.operator {
            case .in, .equals, .doubleEquals: demands.append(requirement.values.map { .label(requirement.key, $0) })
            case .exists, .greaterThan, .lessThan: demands.append([.label(requirement.key)])
            case .notIn, .notEquals, .doesNotExist: break
            }
        }
        for requirement in fields?.requirements ?? [] where requirement.isEqual && !requirement.value.isEmpty {
            demands.append([.field(requirement.field, requirement.value)])
        }
        return demands
    }
}
