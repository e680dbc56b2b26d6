/// Those who wait at a priority level, wherever they stand in its queues: who is to be told how a wait ends.
struct WaitingRequests: Sendable {
    private var waiters: [UInt64: Waiter] = [:]
    private var last: UInt64 = 0

    /// A request that waits, and what counts it.
    private struct Waiter {
        var stage = Stage.queued
        let seats: Int
        let counts: FlowCounts
        let since: Int

        enum Stage {
            /// Nobody has asked yet.
            case queued
            case asked(CheckedContinuation<PriorityLevel.Verdict, Never>)
            case over(PriorityLevel.Verdict)
        }
    }

    /// An end of a wait, to be told when the level's lock is free.
    struct Ending {
        fileprivate var continuation: CheckedContinuation<PriorityLevel.Verdict, Never>
        fileprivate var verdict: PriorityLevel.Verdict

        func tell() { continuation.resume(returning: verdict) }
    }

    /// What the next request is called.
    var nextID: UInt64 { last + 1 }

    /// The next request waits, in a queue that is so long now.
    mutating func add(_ seats: Int, _ counts: FlowCounts, length: Int, at now: Int) {
        last += 1
        counts.queued(seats, length: length)
        waiters[last] = Waiter(seats: seats, counts: counts, since: now)
    }

    /// The request whose turn it is doesn't fit into what is free.
    func countUnaccommodated(_ request: UInt64) { waiters[request]?.counts.unaccommodated.add(1, ordering: .relaxed) }

    /// Whether its wait hasn't ended.
    func isWaiting(_ request: UInt64) -> Bool {
        switch waiters[request]?.stage {
        case .queued, .asked: true
        case .over, nil: false
        }
    }

    /// What becomes of the wait, if that is known; else `continuation` will be told. To be asked once.
    mutating func ask(_ request: UInt64, _ continuation: CheckedContinuation<PriorityLevel.Verdict, Never>) -> PriorityLevel.Verdict? {
        guard case .over(let verdict)? = waiters[request]?.stage else {
            waiters[request]?.stage = .asked(continuation)
            return nil
        }
        waiters[request] = nil
        return verdict
    }

    /// Ends a wait, with its seats where nothing is said against it; nil where nobody has asked yet.
    mutating func end(_ request: UInt64, _ refusal: PriorityLevel.Refusal?, at now: Int) -> Ending? {
        guard let waiter = waiters[request] else { return nil }
        let verdict = refusal.map { PriorityLevel.Verdict.refused($0) } ?? .admitted(at: now)
        waiter.counts.dequeued(waiter.seats, after: now - waiter.since, isAdmitted: refusal == nil)
        guard case .asked(let continuation) = waiter.stage else {
            waiters[request]?.stage = .over(verdict)
            return nil
        }
        waiters[request] = nil
        return Ending(continuation: continuation, verdict: verdict)
    }
}
