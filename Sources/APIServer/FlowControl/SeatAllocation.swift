/// Who lends seats to whom: what each level may use until it is looked at again. Upstream's rule.
///
/// A level keeps what its peak was, as far as that is its own, and what it does not lend in any case. What is left goes to all in proportion to what they
/// asked for of late, within what each may borrow.
struct SeatAllocation: Equatable {
    struct Level {
        var isExempt = false

        /// Its share of all seats; what of that it keeps in any case; what it may have with all that it borrows.
        var nominal: Int
        var lower: Int
        var upper: Int

        /// What its requests held or waited for, at most, since it was last looked at.
        var peak: Int

        /// What they held and waited for of late.
        var demand: Double

        /// What it has whoever else wants it.
        var kept: Int { max(lower, min(nominal, peak)) }
        var target: Double { max(Double(kept), demand) }
    }

    private(set) var seats: [Int]

    /// By what the targets were multiplied; 0 where there is not even as much as the levels keep.
    private(set) var fraction = 0.0

    init(_ levels: [Level]) {
        seats = levels.map(\.kept)
        let limited = levels.indices.filter { !levels[$0].isExempt }
        // Requests of an exempt level have what they want; what it keeps is not the others'.
        let exempt = levels.filter(\.isExempt).reduce(0) { $0 + $1.kept }
        let left = levels.reduce(0) { $0 + $1.nominal } - exempt
        let (lowers, kept) = limited.reduce((0, 0)) { ($0.0 + levels[$1].lower, $0.1 + levels[$1].kept) }
        if left <= lowers {
            for index in limited { seats[index] = levels[index].lower }
        } else if left <= kept {
            let part = Double(left - lowers) / Double(kept - lowers)
            for index in limited {
                let level = levels[index]
                seats[index] = level.lower + Int((part * Double(level.kept - level.lower)).rounded())
            }
        } else {
            fraction = Self.fraction(limited.map { levels[$0] }, of: Double(left))
            for index in limited { seats[index] = Int(Self.share(levels[index], fraction).rounded()) }
        }
    }

    /// Who asked for nothing is counted as if it had asked for next to nothing: what nobody wants is not left lying.
    private static let targetMin = 0.001

    private static func share(_ level: Level, _ fraction: Double) -> Double {
        min(Double(max(level.kept, level.upper)), max(Double(level.kept), max(level.target, targetMin) * fraction))
    }

    /// The number by which targets must be multiplied so that all get what there is together.
    private static func fraction(_ levels: [Level], of all: Double) -> Double {
        func sum(_ fraction: Double) -> Double { levels.reduce(0) { $0 + share($1, fraction) } }
        var (low, high) = (0.0, 1.0)
        // Where all are at their upper limits, nothing gives the whole.
        while sum(high) < all, high < 1e9 { high *= 2 }
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if sum(middle) < all { low = middle } else { high = middle }
        }
        return high
    }
}
