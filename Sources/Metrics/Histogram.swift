import Synchronization

/// A distribution, by labels.
public final class Histogram: MetricFamily {
    let header: MetricHeader
    private let buckets: [Double]
    private let series = Mutex<[[String]: Series]>([:])
    private let source = Mutex<(@Sendable () -> [([String], HistogramReading)])?>(nil)

    private struct Series {
        var counts: [UInt64]
        var count: UInt64 = 0
        var sum = 0.0

        mutating func add(_ value: Double, bucket: Int?) {
            if let bucket { counts[bucket] += 1 }
            count += 1
            sum += value
        }
    }

    init(header: MetricHeader, buckets: [Double]) {
        self.header = header
        self.buckets = buckets
    }

    /// Counts one observation. Durations are in seconds.
    public func observe(_ value: Double, _ values: [String] = []) {
        let bucket = buckets.firstIndex { value <= $0 }
        // In place: to take a series out and put it back would look it up three times.
        series.withLock { $0[values, default: Series(counts: Array(repeating: 0, count: buckets.count))].add(value, bucket: bucket) }
    }

    public func observe(_ duration: Duration, _ values: [String] = []) {
        observe(Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18, values)
    }

    /// Asks for the series when they are read, where someone counts already.
    public func read(from source: @escaping @Sendable () -> [([String], HistogramReading)]) { self.source.withLock { $0 = source } }

    func write(into out: inout String) {
        header.write(into: &out)
        let read = source.withLock { $0 }?() ?? []
        let told = series.withLock { $0 }.map { values, entry in
            let beyond = entry.count - entry.counts.reduce(0, +)
            return (values, HistogramReading(counts: (entry.counts + [beyond]).map { Double($0) }, sum: entry.sum))
        }
        for (values, reading) in (told + read).sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
            var below = 0.0
            for (bound, count) in zip(buckets, reading.counts) {
                below += count
                header.writeSeries(suffix: "_bucket", values, extra: ("le", MetricHeader.text(bound)), MetricHeader.text(below), into: &out)
            }
            let count = MetricHeader.text(reading.counts.reduce(0, +))
            header.writeSeries(suffix: "_bucket", values, extra: ("le", "+Inf"), count, into: &out)
            header.writeSeries(suffix: "_sum", values, MetricHeader.text(reading.sum), into: &out)
            header.writeSeries(suffix: "_count", values, count, into: &out)
        }
    }
}
