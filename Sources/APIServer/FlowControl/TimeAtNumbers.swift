import Metrics

/// How long a number stood at each of its values.
struct TimeAtNumbers: Sendable {
    /// Nanoseconds by value since the last settlement; the last place is for all values beyond.
    private var times: [Int] = [0]
    private(set) var settled: HistogramReading
    private let bounds: [Double]
    private static let numberMax = 4095

    init(bounds: [Double]) {
        self.bounds = bounds
        settled = HistogramReading(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0)
    }

    var number = 0 {
        didSet {
            number = min(max(0, number), Self.numberMax)
            if number >= times.count { times += Array(repeating: 0, count: number + 1 - times.count) }
        }
    }

    mutating func pass(_ elapsed: Int) { times[number] += elapsed }

    /// Turns times at numbers into times at parts of a whole.
    mutating func settle(of whole: Int) {
        for (number, time) in times.enumerated() where time > 0 {
            let part = Double(number) / Double(max(1, whole))
            settled.counts[bounds.firstIndex { part <= $0 } ?? bounds.count] += Double(time)
            settled.sum += part * Double(time)
            times[number] = 0
        }
    }
}
