import Metrics
import Synchronization

/// `apiserver_flowcontrol_*`, read from the levels and schemas when someone asks.
struct FlowControlMetrics {
    private let configuration: @Sendable () -> FlowConfiguration?
    private let fraction: @Sendable () -> Double

    /// - Parameters:
    ///   - configuration: what is in force.
    ///   - fraction: what part of their targets the levels have.
    init(_ configuration: @escaping @Sendable () -> FlowConfiguration?, _ fraction: @escaping @Sendable () -> Double) {
        self.configuration = configuration
        self.fraction = fraction
    }

    private static let flow = ["priority_level", "flow_schema"]

    func register(_ metrics: MetricsRegistry) {
        registerRequests(metrics)
        registerDistributions(metrics)
        registerSeats(metrics)
        registerVirtualTime(metrics)
        registerUtilization(metrics)
    }

    // MARK: By flow schema

    private func bySchema<Number: Sendable>(_ number: @escaping @Sendable (FlowCounts) -> Number) -> @Sendable () -> [([String], Number)] {
        { [configuration] in (configuration()?.schemas ?? []).map { ([$0.level.name, $0.schema.name], number($0.schema.counts)) } }
    }

    private func registerRequests(_ metrics: MetricsRegistry) {
        func counter(_ name: String, _ help: String, _ number: @escaping @Sendable (FlowCounts) -> Int) {
            metrics.counter("apiserver_flowcontrol_\(name)", help, labels: Self.flow).read(from: bySchema { Double(number($0)) })
        }
        func gauge(_ name: String, _ help: String, _ number: @escaping @Sendable (FlowCounts) -> Int) {
            metrics.gauge("apiserver_flowcontrol_\(name)", help, labels: Self.flow).read(from: bySchema { Double(number($0)) })
        }
        counter("dispatched_requests_total", "Requests let in.") { $0.dispatched.load(ordering: .relaxed) }
        counter("request_dispatch_no_accommodation_total", "Times that a request whose turn it was found too few seats free.") {
            $0.unaccommodated.load(ordering: .relaxed)
        }
        metrics.counter("apiserver_flowcontrol_rejected_requests_total", "Requests turned away.", labels: Self.flow + ["reason"])
            .read { [configuration] in
                (configuration()?.schemas ?? []).flatMap { pass in
                    pass.schema.counts.refused.withLock { $0 }.map { ([pass.level.name, pass.schema.name, $0.key.rawValue], Double($0.value)) }
                }
            }
        gauge("current_executing_requests", "Requests that hold seats.") { $0.executing.load(ordering: .relaxed) }
        gauge("current_executing_seats", "Seats that requests hold.") {
            $0.executing.load(ordering: .relaxed) + $0.furtherSeats.load(ordering: .relaxed)
        }
        gauge("current_inqueue_requests", "Requests that wait for seats.") { $0.waiting.load(ordering: .relaxed) }
        gauge("current_inqueue_seats", "Seats that requests wait for.") { $0.waitingSeats.load(ordering: .relaxed) }
    }

    private func registerDistributions(_ metrics: MetricsRegistry) {
        func histogram(
            _ name: String, _ help: String, _ bounds: [Double], _ further: String..., read: @escaping @Sendable () -> [([String], HistogramReading)]
        ) {
            metrics.histogram("apiserver_flowcontrol_\(name)", help, labels: Self.flow + further, buckets: bounds).read(from: read)
        }
        let nanosecond = 1e-9
        let seconds = FlowCounts.durationsInSeconds
        histogram("request_execution_seconds", "Time that requests held their seats, watches until they had begun.", seconds, "type") {
            [configuration] in
            (configuration()?.schemas ?? []).flatMap { pass in
                let (labels, counts) = ([pass.level.name, pass.schema.name], pass.schema.counts)
                return [
                    (labels + ["regular"], counts.executed.reading(unit: nanosecond)), (labels + ["watch"], counts.begun.reading(unit: nanosecond)),
                ]
            }
        }
        histogram("request_wait_duration_seconds", "Time that requests waited in their queue.", seconds, "execute") { [configuration] in
            (configuration()?.schemas ?? []).filter(\.level.hasQueues).flatMap { pass in
                let (labels, counts) = ([pass.level.name, pass.schema.name], pass.schema.counts)
                // Those who were let in at once are not told apart while they come.
                let waited = counts.waited.reading(unit: nanosecond)
                let unhindered = max(0, counts.dispatched.load(ordering: .relaxed) - Int(waited.counts.reduce(0, +)))
                return [
                    (labels + ["true"], counts.waited.reading(unit: nanosecond, zeros: unhindered)),
                    (labels + ["false"], counts.waitedInVain.reading(unit: nanosecond)),
                ]
            }
        }
        histogram(
            "request_queue_length_after_enqueue", "Requests in a queue when another was put there, that one included.",
            FlowCounts.lengths.map(Double.init), read: bySchema { $0.queueLengths.reading() })
        histogram(
            "watch_count_samples", "Watches that could hear of a write.", FlowCounts.watchersOfWrites.map(Double.init),
            read: bySchema {
                $0.watchers.reading()
            })
        histogram(
            "work_estimated_seats", "Seats that requests were estimated at.", FlowCounts.seats.map(Double.init),
            read: bySchema {
                $0.estimates
            })
    }

    // MARK: By priority level

    private func registerSeats(_ metrics: MetricsRegistry) {
        func seats(_ name: String, _ help: String, _ number: @escaping @Sendable (PriorityLevel) -> Double) {
            metrics.gauge("apiserver_flowcontrol_\(name)", help, labels: ["priority_level"])
                .read { [configuration] in (configuration()?.levels ?? []).map { ([$0.name], number($0)) } }
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
        metrics.gauge("apiserver_flowcontrol_seat_fair_frac", "What part of their targets the levels have.").read { [fraction] in [([], fraction())] }
    }

    /// In seat-seconds of virtual time: progress is R, a start is S. Nothing is told of a dispatch before the first.
    private func registerVirtualTime(_ metrics: MetricsRegistry) {
        func gauge(_ name: String, _ help: String, labels: [String] = [], _ series: @escaping @Sendable (FairQueues.Dispatch) -> [([String], Double)])
        {
            metrics.gauge("apiserver_flowcontrol_\(name)", help, labels: ["priority_level"] + labels).read { [configuration] in
                (configuration()?.levels ?? []).flatMap { level in
                    (level.lastDispatch.map(series) ?? []).map { ([level.name] + $0.0, $0.1 * 1e-9) }
                }
            }
        }
        @Sendable func bounds(_ bounds: FairQueues.Bounds) -> [([String], Double)] { [(["min"], bounds.min), (["max"], bounds.max)] }
        metrics.gauge("apiserver_flowcontrol_current_r", "R when a level's queues changed last.", labels: ["priority_level"])
            .read { [configuration] in (configuration()?.levels ?? []).map { ([$0.name], $0.progress * 1e-9) } }
        gauge("dispatch_r", "R when a request was let in last.") { [([], $0.progress)] }
        gauge("latest_s", "S of the request that was let in last.") { [([], $0.start)] }
        gauge("next_s_bounds", "The least and the greatest S of the requests that are first in their queues.", labels: ["bound"]) {
            bounds($0.starts)
        }
        gauge(
            "next_discounted_s_bounds",
            "The least and the greatest S of the requests that are first in their queues, less their queues' work under way.",
            labels: ["bound"]
        ) { bounds($0.discountedStarts) }
    }

    /// Every nanosecond is an observation.
    private func registerUtilization(_ metrics: MetricsRegistry) {
        func histogram(
            _ name: String, _ help: String, _ bounds: [Double], labels: [String] = ["phase", "priority_level"],
            _ series: @escaping @Sendable (PriorityLevel) -> [([String], HistogramReading)]
        ) {
            metrics.histogram("apiserver_flowcontrol_\(name)", help, labels: labels, buckets: bounds)
                .read { [configuration] in (configuration()?.levels ?? []).flatMap(series) }
        }
        histogram("priority_level_seat_utilization", "What part of a level's seats was taken.", Utilization.seatBounds) {
            [(["executing", $0.name], $0.utilization().seats)]
        }
        histogram(
            "priority_level_request_utilization", "Requests that held seats, of a level's seats, and that waited, of the places in its queues.",
            Utilization.requestBounds
        ) {
            let utilization = $0.utilization()
            return [(["executing", $0.name], utilization.requests), (["waiting", $0.name], utilization.waiting)]
        }
        histogram(
            "demand_seats", "Seats that requests held or waited for, of a level's seats.", Utilization.demandBounds, labels: ["priority_level"]
        ) { [([$0.name], $0.utilization().demand)] }
    }
}
