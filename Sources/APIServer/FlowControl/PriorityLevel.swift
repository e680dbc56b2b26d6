import Synchronization

/// One priority level as it works: so many seats at a time are taken, who finds too few of them waits in its queues or is turned away.
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

        /// The seats of all levels together.
        var allSeats = 0

        struct Queuing: Sendable, Equatable {
            var queues: Int
            var handSize: Int
            var lengthMax: Int
        }

        /// What one request may take, at most: where others queue, no large part of all.
        var seatsOfRequestMax: Int {
            guard !isExempt, let queuing else { return WorkEstimator.seatsMax }
            let part = min(Int((Double(seats) * 0.15).rounded(.up)), seats / max(1, queuing.handSize))
            return min(WorkEstimator.seatsMax, max(1, part))
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
        /// Has its seats, to be given back by `leave`.
        case admitted

        /// Waits: `wait` tells how it ends.
        case queued(UInt64)
        case refused(Refusal)
    }

    let name: String
    private let deadlines: Deadlines
    private let state: Mutex<State>

    fileprivate struct State {
        var settings: Settings

        /// The seats that it has now, what it borrows and lends counted in.
        var limit: Int

        /// Requests that have seats, and all seats that are taken: theirs and the lingering ones.
        var executing = 0
        var taken = 0

        /// Seats of requests that are over, the first to be free first.
        var lingering: [(until: Int, seats: Int)] = []

        /// A deadline is set for the first of them.
        var isFreeing = false
        var queues: FairQueues?
        var waiting: [UInt64: Waiter] = [:]
        var last: UInt64 = 0
        var utilization: Utilization

        /// While seats are lent, and only then: it takes a look at the clock for each request.
        var demand: SeatDemand?
        var need = Need()
    }

    /// What a level's requests held and waited for when it was looked at last.
    struct Need: Sendable, Equatable {
        var observed = SeatDemand.Observation()

        /// Follows a rise at once and a fall slowly.
        var smoothed = 0.0
        var target = 0.0
    }

    /// A request that waits, and what counts it.
    fileprivate struct Waiter {
        var stage = Stage.queued
        let counts: FlowCounts
        let since: Int

        enum Stage {
            /// Nobody has asked yet.
            case queued
            case asked(CheckedContinuation<Refusal?, Never>)
            case over(Refusal?)
        }
    }

    init(_ name: String, _ settings: Settings, _ deadlines: Deadlines, at now: Int = MonotonicTime.now) {
        self.name = name
        self.deadlines = deadlines
        state = Mutex(
            State(
                settings: settings, limit: settings.seats, queues: Self.queues(settings),
                utilization: Utilization(settings.capacity(limit: settings.seats), at: now)))
    }

    private static func queues(_ settings: Settings) -> FairQueues? {
        settings.queuing.map { FairQueues(queues: $0.queues, handSize: $0.handSize, lengthMax: $0.lengthMax) }
    }

    /// Takes on another configuration. What waits goes on waiting, in the new queues as far as there is room.
    func update(_ settings: Settings, at now: Int = MonotonicTime.now) {
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
                    let hash = request.id &* 0x9E37_79B9_7F4A_7C15
                    if state.queues?.enqueue(request.id, seats: request.seats, flow: hash) != nil { continue }
                    state.end(request, .queueFull, &ended, at: now)
                }
            }
            state.utilization.change(settings.capacity(limit: state.limit), at: now)
            state.seatWaiting(&ended, at: now)
            return ended
        }
        for ending in ended { ending.tell() }
    }

    var settings: Settings { state.withLock { $0.settings } }
    var hasQueues: Bool { settings.queuing != nil && !settings.isExempt }

    /// The seats that it has now.
    var limit: Int { state.withLock { $0.limit } }
    var need: Need { state.withLock { $0.need } }

    func utilization(at now: Int = MonotonicTime.now) -> Utilization.Reading {
        state.withLock { state in
            state.settle(at: now)
            return state.utilization.read(at: now)
        }
    }

    // MARK: Requests

    /// Takes the seats that a request needs, or a place in a queue.
    func enter(_ work: WorkEstimate, counting counts: FlowCounts, flow hash: @autoclosure () -> UInt64, at now: Int) -> Entry {
        let isAdmitted = state.withLock { state in
            state.settle(at: now)
            guard state.hasRoom(work.seats) else { return false }
            state.take(work.seats)
            state.note(at: now)
            return true
        }
        return isAdmitted ? .admitted : queue(work.seats, counts, hash(), at: now)
    }

    private func queue(_ seats: Int, _ counts: FlowCounts, _ hash: UInt64, at now: Int) -> Entry {
        let (entry, ended, lingers) = state.withLock { state -> (Entry, [Ending], Bool) in
            defer { state.note(at: now) }
            // There may be room meanwhile.
            if state.hasRoom(seats) {
                state.take(seats)
                return (.admitted, [], false)
            }
            guard state.queues != nil else { return (.refused(.noSeat), [], false) }
            state.last += 1
            guard let length = state.queues?.enqueue(state.last, seats: seats, flow: hash) else { return (.refused(.queueFull), [], false) }
            counts.queued(seats, length: length)
            state.waiting[state.last] = Waiter(counts: counts, since: now)
            // What was next may need more seats than are free, and this one not.
            var ended: [Ending] = []
            let entry = Entry.queued(state.last)
            state.seatWaiting(&ended, at: now)
            return (entry, ended, !state.lingering.isEmpty)
        }
        for ending in ended { ending.tell() }
        if lingers { freeLingering(at: now) }
        return entry
    }

    /// How a queued request's wait ends: nil with its seats. To be asked once.
    func wait(_ request: UInt64) async -> Refusal? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { state -> Refusal?? in
                    guard case .over(let verdict)? = state.waiting[request]?.stage else {
                        state.waiting[request]?.stage = .asked(continuation)
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
        let now = MonotonicTime.now
        let ended = state.withLock { state in
            var ended: [Ending] = []
            switch state.waiting[request]?.stage {
            case .queued, .asked:
                if let seats = state.queues?.remove(request) { state.end(.init(id: request, seats: seats), reason, &ended, at: now) }
                // It may have been the one that the others waited behind.
                state.seatWaiting(&ended, at: now)
                state.note(at: now)
            case .over, nil: break
            }
            return ended
        }
        for ending in ended { ending.tell() }
    }

    /// Gives a request's seats back, or lets them linger; whose turn it is gets what is free.
    func leave(_ work: WorkEstimate, at now: Int) {
        let (ended, isAwaited) = state.withLock { state -> ([Ending], Bool) in
            state.executing -= 1
            let lingers = work.afterwards > 0 && !state.settings.isExempt
            if lingers { state.linger(work.seats, until: now + work.afterwards) } else { state.taken -= work.seats }
            state.settle(at: now)
            var ended: [Ending] = []
            if state.isAwaited { state.seatWaiting(&ended, at: now) }
            state.note(at: now)
            return (ended, lingers && state.isAwaited)
        }
        for ending in ended { ending.tell() }
        if isAwaited { freeLingering(at: now) }
    }

    /// Sees to it that somebody who waits gets the seats that linger.
    private func freeLingering(at now: Int, isDue: Bool = false) {
        let (ended, next) = state.withLock { state -> ([Ending], Int?) in
            if isDue { state.isFreeing = false }
            var ended: [Ending] = []
            state.settle(at: now)
            state.seatWaiting(&ended, at: now)
            state.note(at: now)
            guard state.isAwaited, !state.isFreeing, let next = state.lingering.first else { return (ended, nil) }
            state.isFreeing = true
            return (ended, next.until - now)
        }
        for ending in ended { ending.tell() }
        guard let next else { return }
        _ = deadlines.add(.nanoseconds(next)) { [weak self] in self?.freeLingering(at: MonotonicTime.now, isDue: true) }
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
        let now = MonotonicTime.now
        let ended = state.withLock { state in
            state.limit = seats
            state.utilization.change(state.settings.capacity(limit: seats), at: now)
            var ended: [Ending] = []
            state.seatWaiting(&ended, at: now)
            state.note(at: now)
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

extension PriorityLevel.Settings {
    /// By what its use is measured when it has so many seats.
    fileprivate func capacity(limit: Int) -> Utilization.Capacity {
        let places = queuing.map { max(1, $0.lengthMax) * max(1, $0.queues) } ?? 1
        return .init(seats: limit > 0 ? limit : max(1, Int((Double(allSeats) / 10).rounded())), places: places)
    }
}

extension PriorityLevel.State {
    fileprivate var wanted: Int { taken + (queues?.seats ?? 0) }

    /// Whether a request that comes now gets its seats at once. Who waits goes first.
    fileprivate func hasRoom(_ seats: Int) -> Bool { settings.isExempt || !isAwaited && fits(seats) }

    fileprivate var isAwaited: Bool { (queues?.count ?? 0) > 0 }

    /// One that needs more than there is may have the whole level to itself.
    private func fits(_ seats: Int) -> Bool { taken < limit && (taken == 0 || taken + seats <= limit) }

    fileprivate mutating func take(_ seats: Int) {
        executing += 1
        taken += seats
    }

    fileprivate mutating func linger(_ seats: Int, until: Int) {
        let place = lingering.lastIndex { $0.until <= until }.map { $0 + 1 } ?? 0
        lingering.insert((until, seats), at: place)
    }

    /// Frees what has lingered long enough, each at its time.
    fileprivate mutating func settle(at now: Int) {
        if lingering.isEmpty { return }
        var free = 0
        while free < lingering.count, lingering[free].until <= now {
            taken -= lingering[free].seats
            note(at: lingering[free].until)
            free += 1
        }
        lingering.removeFirst(free)
    }

    /// Keeps account of what is in use.
    fileprivate mutating func note(at now: Int) {
        utilization.change(seats: taken, requests: executing, waiting: queues?.count ?? 0, waitingSeats: queues?.seats ?? 0, at: now)
        guard demand != nil else { return }
        let wanted = wanted
        demand?.change(to: wanted, at: .now)
    }

    /// Lets in those whose turn it is, as long as there is room for the next.
    fileprivate mutating func seatWaiting(_ ended: inout [PriorityLevel.Ending], at now: Int) {
        while let next = queues?.next {
            guard settings.isExempt || fits(next.seats) else {
                if taken < limit { waiting[next.id]?.counts.unaccommodated.add(1, ordering: .relaxed) }
                return
            }
            guard let request = queues?.dequeue() else { return }
            take(request.seats)
            end(request, nil, &ended, at: now)
        }
    }

    fileprivate mutating func end(
        _ request: FairQueues.Request, _ verdict: PriorityLevel.Refusal?, _ ended: inout [PriorityLevel.Ending], at now: Int
    ) {
        guard let waiter = waiting[request.id] else { return }
        waiter.counts.dequeued(request.seats, after: now - waiter.since, isAdmitted: verdict == nil)
        if case .asked(let continuation) = waiter.stage {
            waiting[request.id] = nil
            ended.append(.init(continuation: continuation, verdict: verdict))
        } else {
            waiting[request.id]?.stage = .over(verdict)
        }
    }
}
