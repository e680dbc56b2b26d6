/// The completion indexes of an Indexed Job, and their text form: `1,3-5,7`, where three or more in a row are shortened to their ends.
///
/// Kept as ranges: `0-2147483646` is as short in memory as it is in a `successPolicy`.
struct CompletionIndexes: Equatable {
    /// In order; between two of them at least one index is missing.
    private var ranges: [ClosedRange<Int>] = []

    init(_ indexes: some Sequence<Int> = []) { self.init(ranges: indexes.map { $0...$0 }) }

    /// Reads the text form; what is not below `completions` or can't be read is left out.
    init(_ text: String, completions: Int) {
        var ranges: [ClosedRange<Int>] = []
        for part in text.split(separator: ",") {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0, first <= last else { continue }
            if first < completions { ranges.append(first...min(last, completions - 1)) }
        }
        self.init(ranges: ranges)
    }

    /// - Parameter ranges: in any order, and over each other.
    private init(ranges: [ClosedRange<Int>]) {
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound || range.lowerBound == last.upperBound + 1 {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
    }

    var count: Int { ranges.reduce(0) { $0 + $1.count } }

    func contains(_ index: Int) -> Bool {
        let place = firstRange(endingAtOrAfter: index)
        return place < ranges.count && ranges[place].contains(index)
    }

    /// False if it was there.
    mutating func insert(_ index: Int) -> Bool {
        let place = firstRange(endingAtOrAfter: index)
        if place < ranges.count, ranges[place].contains(index) { return false }
        let joinsBefore = place > 0 && ranges[place - 1].upperBound == index - 1
        let joinsAfter = place < ranges.count && ranges[place].lowerBound == index + 1
        let range = (joinsBefore ? ranges[place - 1].lowerBound : index)...(joinsAfter ? ranges[place].upperBound : index)
        ranges.replaceSubrange((joinsBefore ? place - 1 : place)..<(joinsAfter ? place + 1 : place), with: [range])
        return true
    }

    private func firstRange(endingAtOrAfter index: Int) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < index { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func union(_ other: some Sequence<Int>) -> CompletionIndexes { CompletionIndexes(ranges: ranges + other.map { $0...$0 }) }

    func intersection(_ other: CompletionIndexes) -> CompletionIndexes {
        var common: [ClosedRange<Int>] = []
        var (mine, theirs) = (0, 0)
        while mine < ranges.count, theirs < other.ranges.count {
            let (left, right) = (ranges[mine], other.ranges[theirs])
            if left.overlaps(right) { common.append(left.clamped(to: right)) }
            if left.upperBound < right.upperBound { mine += 1 } else { theirs += 1 }
        }
        return CompletionIndexes(ranges: common)
    }

    var text: String {
        ranges.map { range in
            switch range.count {
            case 1: "\(range.lowerBound)"
            case 2: "\(range.lowerBound),\(range.upperBound)"
            default: "\(range.lowerBound)-\(range.upperBound)"
            }
        }
        .joined(separator: ",")
    }
}
