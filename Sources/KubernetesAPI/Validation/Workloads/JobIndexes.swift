/// Indexes of a job as text: `1,3-5,7`.
enum JobIndexes {
    struct Problem: Error, Sendable {
        var message: String
    }

    /// How many there are.
    static func count(_ text: String, completions: Int64) -> Result<Int64, Problem> {
        if text.isEmpty { return .success(0) }
        var (last, total) = (Int64?.none, Int64(0))
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            switch interval(part, completions) {
            case .failure(let problem): return .failure(problem)
            case .success(let range):
                if let last, last >= range.lowerBound { return .failure(disorder(last, range.lowerBound)) }
                total += range.upperBound - range.lowerBound + 1
                last = range.upperBound
            }
        }
        return .success(total)
    }

    /// The first index that is in both. What can't be read is in neither.
    static func overlap(_ one: String, _ other: String, completions: Int64) -> Int64? {
        if one.isEmpty || other.isEmpty { return nil }
        func intervals(_ text: String) -> [ClosedRange<Int64>] {
            text.split(separator: ",", omittingEmptySubsequences: false).compactMap { try? interval($0, completions).get() }
        }
        var (left, right) = (intervals(one)[...], intervals(other)[...])
        while let first = left.first, let second = right.first {
            if first.overlaps(second) { return max(first.lowerBound, second.lowerBound) }
            if first.lowerBound <= second.lowerBound { left.removeFirst() } else { right.removeFirst() }
        }
        return nil
    }

    /// `4` or `3-5`.
    private static func interval(_ part: Substring, _ completions: Int64) -> Result<ClosedRange<Int64>, Problem> {
        let limits = part.split(separator: "-", omittingEmptySubsequences: false)
        if limits.count > 2 {
            return .failure(
                Problem(
                    message: "the fragment \"\(part)\" violates the requirement that an index interval can have at most two parts separated by '-'"))
        }
        var numbers: [Int64] = []
        for limit in limits {
            guard let number = Int64(limit) else {
                return .failure(Problem(message: "cannot convert string to integer for index: \"\(limit)\""))
            }
            if number >= completions { return .failure(Problem(message: "too large index: \"\(limit)\"")) }
            numbers.append(number)
        }
        let (first, end) = (numbers[0], numbers[numbers.count - 1])
        if numbers.count == 2, first >= end { return .failure(disorder(first, end)) }
        return .success(first...end)
    }

    private static func disorder(_ previous: Int64, _ current: Int64) -> Problem {
        Problem(message: "non-increasing order, previous: \(previous), current: \(current)")
    }
}
