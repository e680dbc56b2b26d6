import Synchronization

/// One priority level as it works: so many requests at a time have a seat, others wait in its queues or are turned away.
final class PriorityLevel: Sendable {
    /// `PriorityLevelConfigurationSpec`, with the seats that its shares come to.
    struct Settings: Sendable, Equatable {
        var seats = 0

        /// What is left when it has lent all that it lends, and what it has with all that it may borrow.
        var seatsMin = 0
        var seatsMax = Int.max
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

        /// The seats that it has now, what it borrows and lends counted in.
        var limit: Int
        var executing = 0
        var queues: FairQueues?
        var waiting: [UInt64: Waiter] = [:]
        var last: UInt64 = 0

        /// While seats are lent, and only then: it takes a look at the clock for each request.
        var demand: SeatDemand?
        var need = Need()

        var wanted: Int { executing + (queues?.count ?? 0) }

        mutating func noteDemand() {
            guard demand != nil else { return }
            let wanted = wanted
            demand?.change(to: wanted, at: .now)
        }
    }

    /// What a level's requests held and waited for when it was looked at last.
    struct Need: Sendable, Equatable {
        var observed = SeatDemand.Observation()

        /// Follows a rise at once and a fall slowly.
        var smoothed = 0.0
        var target = 0.0
    }

    fileprivate enum Waiter {
        /// Nobody has asked yet.
        case queued
        case asked(CheckedContinuation<Refusal?, Never>)
        case over(Refusal?)
    }

    init(_ name: String, _ settings: Settings) {
        self.name = name
        state = Mutex(State(settings: settings, limit: settings.seats, queues: Self.queues(settings)))
    }

    private static func queues(_ settings: Settings) -> FairQueues? {
        settings.queuing.map { FairQueues(queues: $0.queues, handSize: $0.handSize, lengthMax: $0.lengthMax) }
    }

    /// Takes on another configuration. What waits goes on waiting, in the new queues as far as there is room.
    func update(_ settings: Settings) {
        let ended = state.withLock { state in
            guard state.settings != settings else { return [Ending]() }
            let hadQueues = state.settings.queuing
            if settings.seats != state.settings.seats { state.limit = settings.seats }
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

    /// The seats that it has now.
    var limit: Int { state.withLock { $0.limit } }
    var need: Need { state.withLock { $0.need } }

    /// Requests that have a seat, and those that wait for one.
    var occupancy: (executing: Int, waiting: Int) { state.withLock { ($0.executing, $0.queues?.count ?? 0) } }

    // MARK: Requests

    func enter(flow hash: @autoclosure () -> UInt64) -> Entry {
        let isAdmitted = state.withLock { state in
            guard state.settings.isExempt || state.executing < state.limit else { return false }
            state.executing += 1
            state.noteDemand()
            return true
        }
        return isAdmitted ? .admitted : queue(hash())
    }

    private func queue(_ hash: UInt64) -> Entry {
        state.withLock { state in
            // A seat may have become free meanwhile.
            defer { state.noteDemand() }
            if state.executing < state.limit {
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
                state.noteDemand()
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
            state.noteDemand()
            return ended
        }
        for ending in ended { ending.tell() }
    }

    // MARK: Lending

    /// Begins to keep account of what its requests want.
    func watchDemand(at now: ContinuousClock.Instant) {
        state.withLock { if $0.demand == nil { $0.demand = SeatDemand($0.wanted, at: now) } }
    }

    /// How much of the old a fall leaves in what is smoothed: upstream's, for looks ten seconds apart.
    private static let smoothing = 0.977

    /// What its requests wanted since the last look.
    func lookAtDemand(at now: ContinuousClock.Instant) -> SeatAllocation.Level {
        state.withLock { state in
            let observed = state.demand?.observe(at: now) ?? SeatDemand.Observation()
            let smoothed = max(observed.envelope, Self.smoothing * state.need.smoothed + (1 - Self.smoothing) * observed.envelope)
            let settings = state.settings
            let level = SeatAllocation.Level(
                isExempt: settings.isExempt, nominal: settings.seats, lower: settings.seatsMin, upper: settings.seatsMax, peak: observed.peak,
                demand: smoothed)
            state.need = Need(observed: observed, smoothed: smoothed, target: level.target)
            return level
        }
    }

    /// Has so many seats from now on.
    func setLimit(_ seats: Int) {
        let ended = state.withLock { state in
            state.limit = seats
            var ended: [Ending] = []
            state.seatWaiting(&ended)
            return ended
        }
        for ending in ended { ending.tell() }
    }

    /// Has its own seats again, and keeps no account.
    func endLending() {
        let seats = state.withLock { state in
            state.demand = nil
            state.need = Need()
            return state.settings.seats
        }
        setLimit(seats)
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
        while settings.isExempt || executing < limit, let request = queues?.dequeue() {
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
