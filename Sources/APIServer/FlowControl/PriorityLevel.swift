import Synchronization

/// One priority level as it works: so many seats at a time are taken, who finds too few of them waits in its queues or is turned away.
///
/// Whatever happens is told with its time, in nanoseconds of `MonotonicTime`: the clock is looked at once for each event.
final class PriorityLevel: Sendable {
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
    let state: Mutex<State>

    struct State {
        var settings: Settings

        /// The seats that it has now, what it borrows and lends counted in.
        var limit: Int

        /// Requests that have seats, and all seats that are taken: theirs and the lingering ones.
        var executing = 0
        var taken = 0
        var lingering = LingeringSeats()

        /// A deadline is set for the first of them.
        var isFreeing = false

        /// Nil where nobody ever waits.
        var waiting: WaitingRequests?
        var utilization: Utilization

        /// While seats are lent, and only then.
        var demand: SeatDemand?
        var need = Need()
    }

    init(_ name: String, _ settings: Settings, _ deadlines: Deadlines, at now: Int = MonotonicTime.now) {
        self.name = name
        self.deadlines = deadlines
        state = Mutex(
            State(
                settings: settings, limit: settings.seats, waiting: settings.queuing.map { WaitingRequests($0) },
                utilization: Utilization(settings.capacity(limit: settings.seats), at: now)))
    }

    /// Takes on another configuration. What waits goes on waiting, in the new queues as far as there is room.
    func update(_ settings: Settings, at now: Int = MonotonicTime.now) {
        change(at: now) { state in
            guard state.settings != settings else { return [] }
            let old = state.settings
            if settings.seats != old.seats { state.limit = settings.seats }
            state.settings = settings
            var ended: [WaitingRequests.Ending] = []
            if old.queuing != settings.queuing {
                // Who waited in queues that are no more is still to be told how that ended.
                ended = state.waiting?.move(to: settings.queuing, at: now) ?? []
                if state.waiting == nil { state.waiting = settings.queuing.map { WaitingRequests($0) } }
            }
            state.utilization.change(settings.capacity(limit: state.limit), at: now)
            return ended + state.seatWaiting(at: now)
        }
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
        let (entry, ended, lingers) = state.withLock { state -> (Entry, [WaitingRequests.Ending], Bool) in
            defer { state.note(at: now) }
            // There may be room meanwhile.
            if state.hasRoom(seats) {
                state.take(seats)
                return (.admitted, [], false)
            }
            guard state.settings.queuing != nil else { return (.refused(.noSeat), [], false) }
            guard let request = state.waiting?.enqueue(seats, counts, flow: hash, at: now) else { return (.refused(.queueFull), [], false) }
            // What was next may need more seats than are free, and this one not.
            return (.queued(request), state.seatWaiting(at: now), state.lingering.next != nil)
        }
        for ending in ended { ending.tell() }
        if lingers { freeLingering(at: now) }
        return entry
    }

    /// How a queued request's wait ends: nil with its seats. To be asked once.
    func wait(_ request: UInt64) async -> Refusal? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Nothing within is a verdict too: that it has its seats already.
                let verdict = state.withLock { state -> Refusal?? in state.waiting?.ask(request, continuation) }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            giveUp(request, .cancelled)
        }
    }

    /// Ends a wait, if it hasn't ended.
    func giveUp(_ request: UInt64, _ reason: Refusal) {
        let now = MonotonicTime.now
        change(at: now) { state in
            let ended = state.waiting?.giveUp(request, reason, at: now)
            // It may have been the one that the others waited behind.
            return [ended].compactMap(\.self) + state.seatWaiting(at: now)
        }
    }

    /// Gives a request's seats back, or lets them linger; whose turn it is gets what is free.
    func leave(_ work: WorkEstimate, at now: Int) {
        let (ended, isAwaited) = state.withLock { state -> ([WaitingRequests.Ending], Bool) in
            state.executing -= 1
            let lingers = work.afterwards > 0 && !state.settings.isExempt
            if lingers { state.lingering.add(work.seats, until: now + work.afterwards) } else { state.taken -= work.seats }
            state.settle(at: now)
            let ended = state.isAwaited ? state.seatWaiting(at: now) : []
            state.note(at: now)
            return (ended, lingers && state.isAwaited)
        }
        for ending in ended { ending.tell() }
        if isAwaited { freeLingering(at: now) }
    }

    /// Sees to it that somebody who waits gets the seats that linger.
    private func freeLingering(at now: Int, isDue: Bool = false) {
        let (ended, next) = state.withLock { state -> ([WaitingRequests.Ending], Int?) in
            if isDue { state.isFreeing = false }
            state.settle(at: now)
            let ended = state.seatWaiting(at: now)
            state.note(at: now)
            guard state.isAwaited, !state.isFreeing, let next = state.lingering.next else { return (ended, nil) }
            state.isFreeing = true
            return (ended, next - now)
        }
        for ending in ended { ending.tell() }
        guard let next else { return }
        _ = deadlines.add(.nanoseconds(next)) { [weak self] in self?.freeLingering(at: MonotonicTime.now, isDue: true) }
    }

    /// Changes the level, and tells those whose wait that ended.
    func change(at now: Int, _ body: (inout State) -> [WaitingRequests.Ending]) {
        let ended = state.withLock { state in
            defer { state.note(at: now) }
            return body(&state)
        }
        for ending in ended { ending.tell() }
    }
}

extension PriorityLevel.State {
    /// What its requests hold or wait for.
    var wanted: Int { taken + (waiting?.seats ?? 0) }

    /// Whether a request that comes now gets its seats at once. Who waits goes first.
    fileprivate func hasRoom(_ seats: Int) -> Bool { settings.isExempt || !isAwaited && fits(seats) }

    fileprivate var isAwaited: Bool { (waiting?.count ?? 0) > 0 }

    /// One that needs more than there is may have the whole level to itself.
    private func fits(_ seats: Int) -> Bool { taken < limit && (taken == 0 || taken + seats <= limit) }

    fileprivate mutating func take(_ seats: Int) {
        executing += 1
        taken += seats
    }

    /// Frees what has lingered long enough, each at its time.
    fileprivate mutating func settle(at now: Int) {
        var lingering = lingering
        guard let next = lingering.next, next <= now else { return }
        lingering.free(at: now) { count, time in
            taken -= count
            note(at: time)
        }
        self.lingering = lingering
    }

    /// Keeps account of what is in use.
    fileprivate mutating func note(at now: Int) {
        utilization.change(seats: taken, requests: executing, waiting: waiting?.count ?? 0, waitingSeats: waiting?.seats ?? 0, at: now)
        guard demand != nil else { return }
        let wanted = wanted
        demand?.change(to: wanted, at: now)
    }

    /// Lets in those whose turn it is, as long as there is room for the next.
    mutating func seatWaiting(at now: Int) -> [WaitingRequests.Ending] {
        var ended: [WaitingRequests.Ending] = []
        while let next = waiting?.next {
            guard settings.isExempt || fits(next.seats) else {
                if taken < limit { waiting?.countUnaccommodated(next) }
                break
            }
            guard let (seats, ending) = waiting?.admitNext(at: now) else { break }
            take(seats)
            if let ending { ended.append(ending) }
        }
        return ended
    }
}
