import Metrics
import Synchronization

/// `apiserver_flowcontrol_*`, read from the levels and schemas when someone asks.
enum FlowControlMetrics {
    static func register(
        _ metrics: MetricsRegistry, _ configuration: @escaping @Sendable () -> FlowConfiguration?, _ fraction: @escaping @Sendable () -> Double
    ) {
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
        for (name, help) in [("requests", "Requests that wait for a seat."), ("seats", "Seats that requests wait for.")] {
            metrics.gauge("apiserver_flowcontrol_current_inqueue_\(name)", help, labels: ["priority_level"])
                .read(from: byLevel { $0.occupancy.waiting })
        }
        func seats(_ name: String, _ help: String, _ number: @escaping @Sendable (PriorityLevel) -> Double) {
            metrics.gauge("apiserver_flowcontrol_\(name)", help, labels: ["priority_level"])
                .read { (configuration()?.levels ?? []).map { ([$0.name], number($0)) } }
        }
        seats("nominal_limit_seats", "Seats that a level's shares come to.") { Double($0.settings.seats) }
        seats("lower_limit_seats", "Seats that a level has when it lends all that it lends.") { Double($0.settings.seatsMin) }
        seats("upper_limit_seats", "Seats that a level has with all that it may borrow.") { Double($0.settings.seatsMax) }
        seats("current_limit_seats", "Seats that a level has now.") { Double($0.limit) }
        // Of the last look; 0 while nobody borrows.
        seats("demand_seats_high_watermark", "Seats that requests held or waited for, at most.") { Double($0.need.observed.peak) }
        seats("demand_seats_average", "Seats that requests held or waited for, on average.") { $0.need.observed.average }
        seats("demand_seats_stdev", "How far from the average that went.") { $0.need.observed.deviation }
        seats("demand_seats_smoothed", "Seats that requests held or waited for of late.") { $0.need.smoothed }
        seats("target_seats", "Seats that a level should have if there are enough.") { $0.need.target }
        metrics.gauge("apiserver_flowcontrol_seat_fair_frac", "What part of their targets the levels have.").read { [([], fraction())] }
    }
}
