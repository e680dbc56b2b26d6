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
            let limits = part.split(separator: "-", omittingEmptySubsequences: false)
            if limits.count > 2 {
                return .failure(
                    Problem(
                        message:
                            "the fragment \"\(part)\" violates the requirement that an index interval can have at most two parts separated by '-'"))
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
            if let last, last >= first { return .failure(disorder(last, first)) }
            total += end - first + 1
            last = end
        }
        return .success(total)
    }

    private static func disorder(_ previous: Int64, _ current: Int64) -> Problem {
        Problem(message: "non-increasing order, previous: \(previous), current: \(current)")
    }
}
