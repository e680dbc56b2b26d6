/// Those who wait at a priority level: their places in its queues, and who is to be told how a wait ends.
struct WaitingRequests: Sendable {
    private var queues: FairQueues
    private var waiters: [UInt64: Waiter] = [:]
    private var last: UInt64 = 0

    /// A request that waits, and what counts it.
    private struct Waiter {
        var stage = Stage.queued
        let counts: FlowCounts
        let since: Int

        enum Stage {
            /// Nobody has asked yet.
            case queued
            case asked(CheckedContinuation<PriorityLevel.Refusal?, Never>)
            case over(PriorityLevel.Refusal?)
        }
    }

    /// An end of a wait, to be told when the level's lock is free.
    struct Ending {
        fileprivate var continuation: CheckedContinuation<PriorityLevel.Refusal?, Never>
        fileprivate var verdict: PriorityLevel.Refusal?

        func tell() { continuation.resume(returning: verdict) }
    }

    init(_ settings: PriorityLevel.Settings.Queuing) { queues = Self.queues(settings) }

    private static func queues(_ settings: PriorityLevel.Settings.Queuing) -> FairQueues {
        FairQueues(queues: settings.queues, handSize: settings.handSize, lengthMax: settings.lengthMax)
    }

    var count: Int { queues.count }

    /// What all wait for together.
    var seats: Int { queues.seats }

    /// The request whose turn it is.
    var next: FairQueues.Request? { queues.next }

    /// The request whose turn it is doesn't fit into what is free.
    func countUnaccommodated(_ request: FairQueues.Request) { waiters[request.id]?.counts.unaccommodated.add(1, ordering: .relaxed) }

    /// Gives a request a place; nil where there is none.
    mutating func enqueue(_ seats: Int, _ counts: FlowCounts, flow hash: UInt64, at now: Int) -> UInt64? {
        last += 1
        guard let length = queues.enqueue(last, seats: seats, flow: hash) else { return nil }
        counts.queued(seats, length: length)
        waiters[last] = Waiter(counts: counts, since: now)
        return last
    }

    /// Ends the wait of the request whose turn it is; nil for the ending where nobody has asked yet.
    mutating func admitNext(at now: Int) -> (seats: Int, ending: Ending?)? {
        queues.dequeue().map { ($0.seats, end($0, nil, at: now)) }
    }

    /// What becomes of the wait, if that is known; else `continuation` will be told. To be asked once.
    mutating func ask(_ request: UInt64, _ continuation: CheckedContinuation<PriorityLevel.Refusal?, Never>) -> PriorityLevel.Refusal?? {
        guard case .over(let verdict)? = waiters[request]?.stage else {
            waiters[request]?.stage = .asked(continuation)
            return nil
        }
        waiters[request] = nil
        return .some(verdict)
    }

    /// Ends a wait, if it hasn't ended.
    mutating func giveUp(_ request: UInt64, _ reason: PriorityLevel.Refusal, at now: Int) -> Ending? {
        switch waiters[request]?.stage {
        case .queued, .asked: queues.remove(request).flatMap { end(.init(id: request, seats: $0), reason, at: now) }
        case .over, nil: nil
        }
    }

    /// Moves everyone into other queues, as far as there is room.
    mutating func move(to settings: PriorityLevel.Settings.Queuing?, at now: Int) -> [Ending] {
        var old = queues
        queues = Self.queues(settings ?? .init(queues: 1, handSize: 1, lengthMax: 0))
        var ended: [Ending] = []
        while let request = old.dequeue() {
            let hash = request.id &* 0x9E37_79B9_7F4A_7C15
            if queues.enqueue(request.id, seats: request.seats, flow: hash) != nil { continue }
            if let ending = end(request, .queueFull, at: now) { ended.append(ending) }
        }
        return ended
    }

    private mutating func end(_ request: FairQueues.Request, _ verdict: PriorityLevel.Refusal?, at now: Int) -> Ending? {
        guard let waiter = waiters[request.id] else { return nil }
        waiter.counts.dequeued(request.seats, after: now - waiter.since, isAdmitted: verdict == nil)
        guard case .asked(let continuation) = waiter.stage else {
            waiters[request.id]?.stage = .over(verdict)
            return nil
        }
        waiters[request.id] = nil
        return Ending(continuation: continuation, verdict: verdict)
    }
}
