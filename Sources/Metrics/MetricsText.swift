/// Metrics that are read when they are asked for, and kept by nobody: written one family after another in Prometheus's text format.
public struct MetricsText: Sendable {
    public private(set) var text = ""

    public init() {}

    public enum Kind: String, Sendable { case counter, gauge }

    /// One number of a family. The labels' names are the family's; without a moment it is told for the time of asking.
    public struct Sample: Sendable {
        public var values: [String]
        public var number: Double

        /// Milliseconds since 1970.
        public var milliseconds: Int64?

        public init(_ values: [String] = [], _ number: Double, at milliseconds: Int64? = nil) {
            self.values = values
            self.number = number
            self.milliseconds = milliseconds
        }
    }

    /// Writes a family; one without samples is left out.
    public mutating func add(_ kind: Kind, _ name: String, _ help: String, labels: [String] = [], _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        let header = MetricHeader(name: name, help: help, kind: kind.rawValue, labels: labels)
        header.write(into: &text)
        for sample in samples {
            let moment = sample.milliseconds.map { " \($0)" } ?? ""
            header.writeSeries(sample.values, MetricHeader.text(sample.number) + moment, into: &text)
        }
    }
}
