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
        /// Has its seats, to be given back by `leave`; `queue` is the one that it is counted in.
        case admitted(queue: Int?)

        /// Waits: `wait` tells how it ends.
        case queued(Place)
        case refused(Refusal)
    }

    /// How a wait ends.
    enum Verdict: Sendable, Equatable {
        /// With its seats, which it holds since then.
        case admitted(at: Int)
        case refused(Refusal)

        var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
    }

    /// Where a request waits.
    struct Place: Sendable {
        var request: UInt64
        var queue: Int
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

        /// Nil where nobody has ever waited.
        var queues: FairQueues?
        var waiting = WaitingRequests()
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
                settings: settings, limit: settings.seats, queues: settings.queuing.map { FairQueues($0, at: now) },
                utilization: Utilization(settings.capacity(limit: settings.seats), at: now)))
    }

    /// Takes on another configuration. What waits goes on waiting where it is.
    func update(_ settings: Settings, at now: Int = MonotonicTime.now) {
        change(at: now) { state in
            guard state.settings != settings else { return [] }
            let old = state.settings
            if settings.seats != old.seats { state.limit = settings.seats }
            state.settings = settings
            if state.queues == nil {
                state.queues = settings.queuing.map { FairQueues($0, at: now) }
            } else if old.queuing != settings.queuing {
                let queuing = settings.queuing ?? .init(queues: 0, handSize: 1, lengthMax: 0)
                state.queues?.resize(queues: queuing.queues, handSize: queuing.handSize, lengthMax: queuing.lengthMax)
            }
            state.utilization.change(settings.capacity(limit: state.limit), at: now)
            return state.seatWaiting(at: now)
        }
    }

    var settings: Settings { state.withLock { $0.settings } }
    var hasQueues: Bool { settings.queuing != nil && !settings.isExempt }

    /// The seats that it has now.
    var limit: Int { state.withLock { $0.limit } }
    var need: Need { state.withLock { $0.need } }

    /// The virtual time of its queues in seat-nanoseconds, as it was when they changed last.
    var progress: Double { state.withLock { $0.queues?.time.progress ?? 0 } }

    /// How it stands: requests that wait and that hold seats, and its queues.
    var standing: (waiting: Int, executing: Int, queues: FairQueues?) {
        state.withLock { ($0.queues?.count ?? 0, $0.executing, $0.queues) }
    }

    /// How its queues stood when a request was let in last.
    var lastDispatch: FairQueues.Dispatch? { state.withLock { $0.queues?.lastDispatch } }

    func utilization(at now: Int = MonotonicTime.now) -> Utilization.Reading {
        state.withLock { state in
            state.settle(at: now)
            return state.utilization.read(at: now)
        }
    }

    // MARK: Requests

    /// Takes the seats that a request needs, or a place in a queue.
    func enter(_ work: WorkEstimate, counting counts: FlowCounts, flow hash: @autoclosure () -> UInt64, at now: Int) -> Entry {
        let entry = state.withLock { state -> Entry? in
            state.settle(at: now)
            guard state.hasRoom(work.seats) else { return nil }
            let queue = state.queues?.begin(seats: work.seats, afterwards: work.afterwards, flow: hash())
            state.take(work.seats)
            state.note(at: now)
            return .admitted(queue: queue)
        }
        return entry ?? queue(work, counts, hash(), at: now)
    }

    private func queue(_ work: WorkEstimate, _ counts: FlowCounts, _ hash: UInt64, at now: Int) -> Entry {
        let (entry, ended, lingers) = state.withLock { state -> (Entry, [WaitingRequests.Ending], Bool) in
            state.settle(at: now)
            defer { state.note(at: now) }
            // There may be room meanwhile.
            if state.hasRoom(work.seats) {
                let queue = state.queues?.begin(seats: work.seats, afterwards: work.afterwards, flow: hash)
                state.take(work.seats)
                return (.admitted(queue: queue), [], false)
            }
            guard state.settings.queuing != nil else { return (.refused(.noSeat), [], false) }
            let request = state.waiting.nextID
            let place = state.queues?.enqueue(
                request, seats: work.seats, afterwards: work.afterwards, flow: hash, isFull: state.taken >= state.limit)
            guard let place else { return (.refused(.queueFull), [], false) }
            state.waiting.add(work.seats, counts, length: place.length, at: now)
            // What was next may need more seats than are free, and this one not.
            let ended = state.seatWaiting(at: now)
            return (.queued(Place(request: request, queue: place.queue)), ended, state.lingering.next != nil)
        }
        for ending in ended { ending.tell() }
        if lingers { freeLingering(at: now) }
        return entry
    }

    /// How a queued request's wait ends. To be asked once.
    func wait(_ place: Place) async -> Verdict {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let verdict = state.withLock { $0.waiting.ask(place.request, continuation) }
                if let verdict { continuation.resume(returning: verdict) }
            }
        } onCancel: {
            giveUp(place, .cancelled, at: MonotonicTime.now)
        }
    }

    /// Ends a wait, if it hasn't ended.
    func giveUp(_ place: Place, _ reason: Refusal, at now: Int) {
        change(at: now) { state in
            guard state.waiting.isWaiting(place.request) else { return [] }
            state.queues?.remove(place.request, from: place.queue)
            let ended = state.waiting.end(place.request, reason, at: now)
            // It may have been the one that the others waited behind.
            return [ended].compactMap(\.self) + state.seatWaiting(at: now)
        }
    }

    /// Gives a request's seats back, or lets them linger; whose turn it is gets what is free.
    /// - Parameters:
    ///   - queue: the one that the request was counted in.
    ///   - start: when it got its seats.
    func leave(_ work: WorkEstimate, queue: Int?, since start: Int, at now: Int) {
        let (ended, isAwaited) = state.withLock { state -> ([WaitingRequests.Ending], Bool) in
            state.settle(at: now)
            state.executing -= 1
            if let queue { state.queues?.finish(seats: work.seats, after: max(0, now - start), in: queue) }
            let lingers = work.afterwards > 0 && !state.settings.isExempt
            if lingers {
                state.lingering.add(work.seats, until: now + work.afterwards, queue: queue)
            } else {
                state.release(work.seats, queue)
            }
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
            state.settle(at: now)
            defer { state.note(at: now) }
            return body(&state)
        }
        for ending in ended { ending.tell() }
    }
}
