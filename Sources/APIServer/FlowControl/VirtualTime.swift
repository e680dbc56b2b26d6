/// How much work each of the queues with requests could have had done so far, had they all been served at once and alike: R in the theory of fair queuing.
///
/// It passes as fast as seats are given to each of those queues: twice as many queues, half as fast; and it stands still where there is nothing to do.
struct VirtualTime: Sendable {
    /// Seat-nanoseconds.
    private(set) var progress = 0.0
    private var rate = 0.0
    private var since: Int

    init(at now: Int) { since = now }

    /// Lets the time pass that went by at the rate that was.
    mutating func advance(to now: Int) {
        let elapsed = now - since
        // Threads that come for the lock one after the other may have looked at the clock the other way round.
        guard elapsed > 0 else { return }
        since = now
        progress += rate * Double(elapsed)
    }

    /// From now on so many seats are given to so many queues.
    mutating func share(seats: Int, among queues: Int) { rate = queues > 0 ? Double(seats) / Double(queues) : 0 }
}
