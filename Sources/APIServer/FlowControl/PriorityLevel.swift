import Synchronization

/// One priority level as it works: so many requests at a time have a seat, others wait in its queues or are turned away.
final class PriorityLevel: Sendable {
    /// `PriorityLevelConfigurationSpec`, with the seats that its shares come to.
    struct Settings: Sendable, Equatable {
        var seats = 0
        var isExempt = false

        /// Nil turns away what finds no seat.
        var queuing: Queuing?

        struct Queuing: Sendable, Equatable {
            var queues: Int
            var handSize: Int
            var lengthMax: Int
        }
    }

    /// Why a request was turned away, as the metric names it.
    enum Refusal: String, Sendable, CaseIterable {
        case noSeat = "concurrency-limit"
        case queueFull = "queue-full"
        case waitedTooLong = "time-out"
        case cancelled
    }

    enum Entry: Sendable {
        /// Has a seat, to be given back by `leave`.
        case admitted

        /// Waits: `wait` tells how it ends.
        case queued(UInt64)
        case refused(Refusal)
    }

    let name: String
    private let state: Mutex<State>

    fileprivate struct State {
        var settings: Settings
        var executing = 0
        var queues: FairQueues?
        var waiting: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
    }

    fileprivate enum Waiter {
        /// Nobody has asked yet.
        case queued
        case asked(CheckedContinuation<Refusal?, Never>)
        case over(Refusal?)
    }

    init(_ name: String, _ settings: Settings) {
        self.name = name
        state = Mutex(State(settings: settings, queues: Self.queues(settings)))
    }

    private static func queues(_ settings: Settings) -> FairQueues? {
        settings.queuing.map { FairQueues(queues: $0.queues, handSize: $0.handSize, lengthMax: $0.lengthMax) }
    }

    /// Takes on another configuration. What waits goes on waiting, in the new queues as far as there is room.
    func update(_ settings: Settings) {
        let ended = state.withLock { state in
            guard state.settings != settings else { return [Ending]() }
            let hadQueues = state.settings.queuing
            state.settings = settings
            var ended: [Ending] = []
            if hadQueues != settings.queuing {
                var old = state.queues
                state.queues = Self.queues(settings)
                while let request = old?.dequeue() {
                    if state.queues?.enqueue(request, flow: request &* 0x9E37_79B9_7F4A_7C15) ?? false { continue }
                    state.end(request, .queueFull, &ended)
                }
            }
            state.seatWaiting(&ended)
            return ended
        }
        for ending in ended { ending.tell() }
    }

    var settings: Settings { state.withLock { $0.settings } }

    /// Requests that have a seat, and those that wait for one.
    var occupancy: (executing: Int, waiting: Int) { state.withLock { ($0.executing, $0.queues?.count ?? 0) } }

    // MARK: Requests

    func enter(flow hash: @autoclosure () -> UInt64) -> Entry {
        let isAdmitted = state.withLock { state in
            guard state.settings.isExempt || state.executing < state.settings.seats else { return false }
            state.executing += 1
            return true
        }
        return isAdmitted ? .admitted : queue(hash())
    }

    private func queue(_ hash: UInt64) -> Entry {
        state.withLock { state in
            // A seat may have become free meanwhile.
            if state.executing < state.settings.seats {
                state.executing += 1
                return .admitted
            }
            guard state.queues != nil else { return .refused(.noSeat) }
            state.last += 1
            guard state.queues?.enqueue(state.last, flow: hash) ?? false else { return .refused(.queueFull) }
            state.waiting[state.last] = .queued
            return .queued(state.last)
        }
    }

    /// How a queued request's wait ends: nil with a seat. To be asked once.
    func wait(_ request: UInt64) async -> Refusal? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Refusal?? in
                    guard case .over(let verdict)? = state.waiting[request] else {
                        state.waiting[request] = .asked(continuation)
                        return nil
                    }
                    state.waiting[request] = nil
                    return .some(verdict)
                }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            giveUp(request, .cancelled)
        }
    }

    /// Ends a wait, if it hasn't ended.
    func giveUp(_ request: UInt64, _ reason: Refusal) {
        let ended = state.withLock { state in
            var ended: [Ending] = []
            switch state.waiting[request] {
            case .queued, .asked:
                state.queues?.remove(request)
                state.end(request, reason, &ended)
            case .over, nil: break
            }
            return ended
        }
        for ending in ended { ending.tell() }
    }

    /// Gives a seat back; whose turn it is gets it.
    func leave() {
        let ended = state.withLock { state in
            state.executing -= 1
            var ended: [Ending] = []
            if state.queues?.count ?? 0 > 0 { state.seatWaiting(&ended) }
            return ended
        }
        for ending in ended { ending.tell() }
    }

    /// An end of a wait that is told when the lock is free.
    fileprivate struct Ending {
        var continuation: CheckedContinuation<Refusal?, Never>
        var verdict: Refusal?

        func tell() { continuation.resume(returning: verdict) }
    }
}

extension PriorityLevel.State {
    fileprivate mutating func seatWaiting(_ ended: inout [PriorityLevel.Ending]) {
        while settings.isExempt || executing < settings.seats, let request = queues?.dequeue() {
            executing += 1
            end(request, nil, &ended)
        }
    }

    fileprivate mutating func end(_ request: UInt64, _ verdict: PriorityLevel.Refusal?, _ ended: inout [PriorityLevel.Ending]) {
        if case .asked(let continuation)? = waiting[request] {
            waiting[request] = nil
            ended.append(.init(continuation: continuation, verdict: verdict))
        } else {
            waiting[request] = .over(verdict)
        }
    }
}
