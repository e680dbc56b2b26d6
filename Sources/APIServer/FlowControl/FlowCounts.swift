import Metrics
import Synchronization

/// What is counted of a flow schema's requests, without a lock: they are the server's hot path.
final class FlowCounts: Sendable {
    /// Requests that were let in.
    let dispatched = Atomic(0)

    /// Of those, the ones that are not over yet, and the seats that they hold beyond one each.
    let executing = Atomic(0)
    let furtherSeats = Atomic(0)

    /// Requests in the queues, and the seats that they wait for.
    let waiting = Atomic(0)
    let waitingSeats = Atomic(0)

    /// How often a request whose turn it was found too few seats free.
    let unaccommodated = Atomic(0)
    let refused: Mutex<[PriorityLevel.Refusal: Int]> = Mutex([:])

    /// Nanoseconds that requests waited for their seats, and those that waited in vain.
    let waited = HistogramCounts(bounds: FlowCounts.durations)
    let waitedInVain = HistogramCounts(bounds: FlowCounts.durations)

    /// How many requests were in a queue when another was put there, that one included.
    let queueLengths = HistogramCounts(bounds: FlowCounts.lengths)

    /// What requests were estimated at, beyond those at one seat.
    let wideEstimates = HistogramCounts(bounds: FlowCounts.seats)

    /// Those who may have heard of what was written.
    let watchers = HistogramCounts(bounds: FlowCounts.watchersOfWrites)

    /// Nanoseconds that requests held their seats, and watches until they had begun.
    let executed = HistogramCounts(bounds: FlowCounts.durations)
    let begun = HistogramCounts(bounds: FlowCounts.durations)

    private static let durations = durationsInSeconds.map { Int($0 * 1e9) }
    static let durationsInSeconds = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
    static let lengths = [0, 10, 25, 50, 100, 250, 500, 1000]
    static let seats = [1, 2, 4, 10]
    static let watchersOfWrites = [0, 1, 10, 100, 1000, 10000]

    func began(_ work: WorkEstimate) {
        dispatched.add(1, ordering: .relaxed)
        executing.add(1, ordering: .relaxed)
        if work.seats > 1 { furtherSeats.add(work.seats - 1, ordering: .relaxed) }
    }

    func ended(_ work: WorkEstimate, after nanoseconds: Int, isWatch: Bool) {
        executing.subtract(1, ordering: .relaxed)
        if work.seats > 1 { furtherSeats.subtract(work.seats - 1, ordering: .relaxed) }
        (isWatch ? begun : executed).observe(nanoseconds)
    }

    /// A request was put into a queue that is so long now.
    func queued(_ seats: Int, length: Int) {
        waiting.add(1, ordering: .relaxed)
        waitingSeats.add(seats, ordering: .relaxed)
        queueLengths.observe(length)
    }

    /// A request's wait ended, with its seats or without.
    func dequeued(_ seats: Int, after nanoseconds: Int, isAdmitted: Bool) {
        waiting.subtract(1, ordering: .relaxed)
        waitingSeats.subtract(seats, ordering: .relaxed)
        (isAdmitted ? waited : waitedInVain).observe(nanoseconds)
    }

    /// What requests were estimated at: nearly all of them at one seat, which nobody notes while they come.
    var estimates: HistogramReading {
        var reading = wideEstimates.reading()
        let refused = refused.withLock { $0.values.reduce(0, +) }
        let all = dispatched.load(ordering: .relaxed) + waiting.load(ordering: .relaxed) + refused
        let narrow = Double(max(0, all - Int(reading.counts.reduce(0, +))))
        reading.counts[0] += narrow
        reading.sum += narrow
        return reading
    }

    func count(_ refusal: PriorityLevel.Refusal) { refused.withLock { $0[refusal, default: 0] += 1 } }
}
