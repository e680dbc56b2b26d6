import Synchronization

/// A distribution, by labels.
public final class Histogram: MetricFamily {
    let header: MetricHeader
    private let buckets: [Double]
    private let series = Mutex<[[String]: Series]>([:])

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

    func write(into out: inout String) {
        header.write(into: &out)
        for (values, entry) in series.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            var below: UInt64 = 0
            for (bound, count) in zip(buckets, entry.counts) {
                below += count
                header.writeSeries(suffix: "_bucket", values, extra: ("le", MetricHeader.text(bound)), "\(below)", into: &out)
            }
            header.writeSeries(suffix: "_bucket", values, extra: ("le", "+Inf"), "\(entry.count)", into: &out)
            header.writeSeries(suffix: "_sum", values, MetricHeader.text(entry.sum), into: &out)
            header.writeSeries(suffix: "_count", values, "\(entry.count)", into: &out)
        }
    }
}
