import Metrics
import Synchronization

/// `apiserver_flowcontrol_*`, read from the levels and schemas when someone asks.
enum FlowControlMetrics {
    static func register(_ metrics: MetricsRegistry, _ configuration: @escaping @Sendable () -> FlowConfiguration?) {
        let flow = ["priority_level", "flow_schema"]
        func bySchema(_ number: @escaping @Sendable (FlowSchema) -> Int) -> @Sendable () -> [([String], Double)] {
            { (configuration()?.schemas ?? []).map { ([$0.level.name, $0.schema.name], Double(number($0.schema))) } }
        }
        func byLevel(_ number: @escaping @Sendable (PriorityLevel) -> Int) -> @Sendable () -> [([String], Double)] {
            { (configuration()?.levels ?? []).map { ([$0.name], Double(number($0))) } }
        }
        metrics.counter("apiserver_flowcontrol_dispatched_requests_total", "Requests let in.", labels: flow)
            .read(from: bySchema { $0.dispatched.load(ordering: .relaxed) })
        metrics.counter("apiserver_flowcontrol_rejected_requests_total", "Requests turned away.", labels: flow + ["reason"]).read {
            (configuration()?.schemas ?? []).flatMap { pass in
                pass.schema.refused.withLock { $0 }.map { ([pass.level.name, pass.schema.name, $0.key.rawValue], Double($0.value)) }
            }
        }
        for (name, help) in [("requests", "Requests that hold a seat."), ("seats", "Seats that requests hold.")] {
            metrics.gauge("apiserver_flowcontrol_current_executing_\(name)", help, labels: flow)
                .read(from: bySchema { $0.executing.load(ordering: .relaxed) })
        }
        metrics.gauge("apiserver_flowcontrol_current_inqueue_requests", "Requests that wait for a seat.", labels: ["priority_level"])
            .read(from: byLevel { $0.occupancy.waiting })
        // No level lends its seats, so its share is what it has, at least and at most.
        for (name, help) in [
            ("nominal", "Seats that a level's shares come to."), ("current", "Seats of a level now."), ("lower", "Seats that a level has at least."),
            ("upper", "Seats that a level has at most."),
        ] {
            metrics.gauge("apiserver_flowcontrol_\(name)_limit_seats", help, labels: ["priority_level"]).read(from: byLevel { $0.settings.seats })
        }
    }
}
