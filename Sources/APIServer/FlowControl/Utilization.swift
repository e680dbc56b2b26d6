import Metrics

/// How much of what a priority level has was in use, for how long: four numbers that change with every request. Only the time at each number is kept; what
/// part of the level's seats that was is worked out when somebody asks, or when those change.
struct Utilization: Sendable {
    /// By what the numbers are divided.
    struct Capacity: Sendable, Equatable {
        var seats: Int

        /// Places in the queues.
        var places: Int
    }

    private(set) var capacity: Capacity
    private var since: Int
    private var seats = TimeAtNumbers(bounds: Utilization.seatBounds)
    private var requests = TimeAtNumbers(bounds: Utilization.requestBounds)
    private var waiting = TimeAtNumbers(bounds: Utilization.requestBounds)
    private var demand = TimeAtNumbers(bounds: Utilization.demandBounds)

    static let seatBounds = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]
    static let requestBounds = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1]
    static let demandBounds = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6]

    init(_ capacity: Capacity, at now: Int) {
        self.capacity = capacity
        since = now
    }

    /// From now on the numbers are these.
    mutating func change(seats: Int, requests: Int, waiting: Int, waitingSeats: Int, at now: Int) {
        advance(to: now)
        self.seats.number = seats
        self.requests.number = requests
        self.waiting.number = waiting
        demand.number = seats + waitingSeats
    }

    private mutating func advance(to now: Int) {
        let elapsed = now - since
        // Threads that come for the lock one after the other may have looked at the clock the other way round.
        guard elapsed > 0 else { return }
        since = now
        seats.pass(elapsed)
        requests.pass(elapsed)
        waiting.pass(elapsed)
        demand.pass(elapsed)
    }

    mutating func change(_ capacity: Capacity, at now: Int) {
        guard capacity != self.capacity else { return }
        settle(at: now)
        self.capacity = capacity
    }

    private mutating func settle(at now: Int) {
        advance(to: now)
        seats.settle(of: capacity.seats)
        requests.settle(of: capacity.seats)
        waiting.settle(of: capacity.places)
        demand.settle(of: capacity.seats)
    }

    /// What there is to tell, in nanoseconds.
    struct Reading: Sendable {
        var seats: HistogramReading
        var requests: HistogramReading
        var waiting: HistogramReading
        var demand: HistogramReading
    }

    mutating func read(at now: Int) -> Reading {
        settle(at: now)
        return Reading(seats: seats.settled, requests: requests.settled, waiting: waiting.settled, demand: demand.settled)
    }
}
