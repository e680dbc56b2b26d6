import Synchronization

/// One series of a histogram of whole numbers, such as nanoseconds, that many threads tell of: no lock, no look-up of labels, no allocation.
public final class HistogramCounts: Sendable {
    /// The buckets' upper bounds, ascending, `boundsMax` of them at most.
    public let bounds: [Int]
    public static let boundsMax = 31

    /// By bucket; behind them what lies beyond the last bound.
    private let counts = InlineArray<32, Atomic<Int>> { _ in Atomic(0) }
    private let sum = Atomic(0)

    public init(bounds: [Int]) {
        precondition(bounds.count <= Self.boundsMax, "\(bounds.count) bounds are too many")
        self.bounds = bounds
    }

    public func observe(_ value: Int) {
        var bucket = 0
        while bucket < bounds.count, value > bounds[bucket] { bucket += 1 }
        counts[bucket].add(1, ordering: .relaxed)
        sum.add(value, ordering: .relaxed)
    }

    /// What was observed so far.
    /// - Parameters:
    ///   - unit: what one of the numbers stands for in the metric's unit: `1e-9` where nanoseconds are told as seconds.
    ///   - zeros: further observations of nothing, which are counted elsewhere.
    public func reading(unit: Double = 1, zeros: Int = 0) -> HistogramReading {
        var reading = HistogramReading(counts: (0...bounds.count).map { Double(counts[$0].load(ordering: .relaxed)) }, sum: 0)
        reading.counts[0] += Double(zeros)
        reading.sum = Double(sum.load(ordering: .relaxed)) * unit
        return reading
    }
}

/// One series of a histogram as someone else has counted it.
public struct HistogramReading: Sendable, Equatable {
    /// Observations in each bucket alone, one more than there are bounds. They may be weighted, by the time that a number stood at its value.
    public var counts: [Double]
    public var sum: Double

    public init(counts: [Double], sum: Double) {
        self.counts = counts
        self.sum = sum
    }

    /// Takes another series' observations on, which has the same bounds.
    public mutating func add(_ other: HistogramReading) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sum += other.sum
    }
}
