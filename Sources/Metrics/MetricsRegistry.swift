import Synchronization

/// The metrics of one process, exposed in Prometheus's text format.
public final class MetricsRegistry: Sendable {
    private let families = Mutex<[any MetricFamily]>([])

    public init() {}

    /// A number that only grows, by labels.
    public func counter(_ name: String, _ help: String, labels: [String] = []) -> Counter {
        add(Counter(header: .init(name: name, help: help, kind: "counter", labels: labels)))
    }

    /// A number that rises and falls, by labels.
    public func gauge(_ name: String, _ help: String, labels: [String] = []) -> Gauge {
        add(Gauge(header: .init(name: name, help: help, kind: "gauge", labels: labels)))
    }

    /// A distribution, by labels. `buckets` are upper bounds, ascending.
    public func histogram(_ name: String, _ help: String, labels: [String] = [], buckets: [Double]) -> Histogram {
        add(Histogram(header: .init(name: name, help: help, kind: "histogram", labels: labels), buckets: buckets))
    }

    private func add<Family: MetricFamily>(_ family: Family) -> Family {
        families.withLock { $0.append(family) }
        return family
    }

    /// All metrics as text, families by name.
    public func exposition() -> String {
        let all = families.withLock { $0 }.sorted { $0.header.name < $1.header.name }
        var out = ""
        for family in all { family.write(into: &out) }
        return out
    }
}

/// All series of one metric.
protocol MetricFamily: Sendable {
    var header: MetricHeader { get }
    func write(into out: inout String)
}

/// What is said of a metric before its series.
struct MetricHeader: Sendable {
    var name: String
    var help: String
    var kind: String
    var labels: [String]

    func write(into out: inout String) {
        out += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    /// `name_suffix{a="b",…} value`.
    func writeSeries(suffix: String = "", _ values: [String], extra: (String, String)? = nil, _ value: String, into out: inout String) {
        out += name
        out += suffix
        var pairs = zip(labels, values).map { "\($0)=\"\(Self.escaped($1))\"" }
        if let extra { pairs.append("\(extra.0)=\"\(extra.1)\"") }
        if !pairs.isEmpty { out += "{" + pairs.joined(separator: ",") + "}" }
        out += " \(value)\n"
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == 0x0A }) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// `3`, not `3.0`.
    static func text(_ number: Double) -> String { Int64(exactly: number).map(String.init) ?? "\(number)" }
}
