import Synchronization

/// A number that only grows, by labels.
public final class Counter: MetricFamily {
    let header: MetricHeader
    private let series = Mutex<[[String]: Double]>([:])
    private let source = Mutex<(@Sendable () -> [([String], Double)])?>(nil)

    init(header: MetricHeader) { self.header = header }

    /// Asks for the numbers when they are read, where someone counts already.
    public func read(from source: @escaping @Sendable () -> [([String], Double)]) { self.source.withLock { $0 = source } }

    /// Adds to the series with these label values, in the order in which the labels were declared.
    public func increment(_ values: [String] = [], by amount: Double = 1) { series.withLock { $0[values, default: 0] += amount } }

    func write(into out: inout String) {
        header.write(into: &out)
        let read = source.withLock { $0 }?() ?? []
        let told = series.withLock { $0 }.map { ($0.key, $0.value) }
        for (values, number) in (told + read).sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
            header.writeSeries(values, MetricHeader.text(number), into: &out)
        }
    }
}

/// A number that rises and falls, by labels.
public final class Gauge: MetricFamily {
    let header: MetricHeader
    private let series = Mutex<[[String]: Double]>([:])
    private let source = Mutex<(@Sendable () -> [([String], Double)])?>(nil)

    init(header: MetricHeader) { self.header = header }

    public func set(_ value: Double, _ values: [String] = []) { series.withLock { $0[values] = value } }

    public func add(_ amount: Double, _ values: [String] = []) { series.withLock { $0[values, default: 0] += amount } }

    /// Asks for the numbers when they are read, instead of being told of each change.
    public func read(from source: @escaping @Sendable () -> [([String], Double)]) { self.source.withLock { $0 = source } }

    func write(into out: inout String) {
        header.write(into: &out)
        let read = source.withLock { $0 }?() ?? []
        let told = series.withLock { $0 }.map { ($0.key, $0.value) }
        for (values, number) in (told + read).sorted(by: { $0.0.lexicographicallyPrecedes($1.0) }) {
            header.writeSeries(values, MetricHeader.text(number), into: &out)
        }
    }
}
