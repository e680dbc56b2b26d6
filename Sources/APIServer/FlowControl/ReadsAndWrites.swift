import Metrics
import Synchronization

/// How many requests that read and that write are under way or wait for seats, all levels together.
final class ReadsAndWrites: Sendable {
    enum Kind: String, CaseIterable { case readOnly, mutating }

    static let bounds = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]

    private let state: Mutex<State>

    private struct State {
        var readOnly = Requests()
        var mutating = Requests()
        var since: Int
    }

    private struct Requests {
        var executing = TimeAtNumbers(bounds: ReadsAndWrites.bounds)
        var waiting = TimeAtNumbers(bounds: ReadsAndWrites.bounds)

        /// The most at a time that were under way and that waited in the second that `second` is the number of, and in the one before.
        var peak = Numbers()
        var peakBefore = Numbers()
        var second = 0

        mutating func pass(_ elapsed: Int) {
            executing.pass(elapsed)
            waiting.pass(elapsed)
        }

        mutating func notePeak(_ now: Int) {
            let present = now / 1_000_000_000
            let numbers = Numbers(executing: executing.number, waiting: waiting.number)
            if present != second {
                peakBefore = present == second + 1 ? peak.max(numbers) : numbers
                peak = numbers
                second = present
            }
            peak = peak.max(numbers)
        }
    }

    struct Numbers: Sendable, Equatable {
        var executing = 0
        var waiting = 0

        func max(_ other: Numbers) -> Numbers {
            Numbers(executing: Swift.max(executing, other.executing), waiting: Swift.max(waiting, other.waiting))
        }
    }

    init(at now: Int = MonotonicTime.now) { state = Mutex(State(since: now)) }

    func change(_ kind: Kind, executing: Int = 0, waiting: Int = 0, at now: Int) {
        state.withLock { state in
            Self.advance(&state, to: now)
            func change(_ requests: inout Requests) {
                // The second that ends is closed with what was under way in it.
                requests.notePeak(now)
                requests.executing.number += executing
                requests.waiting.number += waiting
                requests.notePeak(now)
            }
            switch kind {
            case .readOnly: change(&state.readOnly)
            case .mutating: change(&state.mutating)
            }
        }
    }

    private static func advance(_ state: inout State, to now: Int) {
        let elapsed = now - state.since
        // Threads that come for the lock one after the other may have looked at the clock the other way round.
        guard elapsed > 0 else { return }
        state.since = now
        state.readOnly.pass(elapsed)
        state.mutating.pass(elapsed)
    }

    // MARK: Reading

    /// The most at a time of late: in the second that passes and the one before.
    func peak(_ kind: Kind, at now: Int = MonotonicTime.now) -> Numbers {
        state.withLock { state in
            func peak(_ requests: inout Requests) -> Numbers {
                requests.notePeak(now)
                return requests.peak.max(requests.peakBefore)
            }
            return kind == .readOnly ? peak(&state.readOnly) : peak(&state.mutating)
        }
    }

    /// For how many nanoseconds what part of the limit was under way, and waited.
    func reading(_ kind: Kind, at now: Int = MonotonicTime.now) -> (executing: HistogramReading, waiting: HistogramReading) {
        state.withLock { state in
            Self.advance(&state, to: now)
            func settled(_ requests: inout Requests, of limit: Int) -> (executing: HistogramReading, waiting: HistogramReading) {
                requests.executing.settle(of: limit)
                requests.waiting.settle(of: limit)
                return (requests.executing.settled, requests.waiting.settled)
            }
            return switch kind {
            case .readOnly: settled(&state.readOnly, of: FlowControl.Limits.readingMax)
            case .mutating: settled(&state.mutating, of: FlowControl.Limits.mutatingMax)
            }
        }
    }

    func register(_ metrics: MetricsRegistry) {
        metrics.gauge("apiserver_current_inflight_requests", "Requests under way, at most in the last second.", labels: ["request_kind"])
            .read { [self] in Kind.allCases.map { ([$0.rawValue], Double(peak($0).executing)) } }
        metrics.gauge("apiserver_current_inqueue_requests", "Requests that wait for seats, at most in the last second.", labels: ["request_kind"])
            .read { [self] in Kind.allCases.map { ([$0.rawValue], Double(peak($0).waiting)) } }
        metrics.histogram(
            "apiserver_flowcontrol_read_vs_write_current_requests", "Requests that held seats or waited for them, of the limit for their kind.",
            labels: ["phase", "request_kind"], buckets: Self.bounds
        ).read { [self] in
            Kind.allCases.flatMap { kind in
                let reading = reading(kind)
                return [(["executing", kind.rawValue], reading.executing), (["waiting", kind.rawValue], reading.waiting)]
            }
        }
    }
}

extension RequestInfo {
    var kind: ReadsAndWrites.Kind {
        switch verb {
        case "get", "list", "watch", "head", "options": .readOnly
        default: .mutating
        }
    }
}
