/// How many seats the requests of a level hold or wait for, over the time since it was asked last: average, deviation and peak. Times are nanoseconds of `MonotonicTime`.
struct SeatDemand: Sendable {
    private(set) var seats: Int
    private var since: Int
    private var elapsed = 0.0
    private var sum = 0.0
    private var squares = 0.0
    private var peak: Int

    struct Observation: Sendable, Equatable {
        var average = 0.0
        var deviation = 0.0
        var peak = 0

        /// What the level most probably needs.
        var envelope: Double { average + deviation }
    }

    init(_ seats: Int, at now: Int) {
        self.seats = seats
        since = now
        peak = seats
    }

    mutating func change(to seats: Int, at now: Int) {
        advance(to: now)
        self.seats = seats
        peak = max(peak, seats)
    }

    private mutating func advance(to now: Int) {
        guard now > since else { return }
        let time = Double(now - since) * 1e-9
        elapsed += time
        sum += time * Double(seats)
        squares += time * Double(seats * seats)
        since = now
    }

    /// What was seen; from here on it is counted anew.
    mutating func observe(at now: Int) -> Observation {
        advance(to: now)
        let average = elapsed > 0 ? sum / elapsed : Double(seats)
        let variance = elapsed > 0 ? max(0, squares / elapsed - average * average) : 0
        defer { self = SeatDemand(seats, at: now) }
        return Observation(average: average, deviation: variance.squareRoot(), peak: peak)
    }
}
