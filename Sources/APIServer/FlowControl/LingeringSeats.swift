/// Seats of requests that are over, which stay taken for a moment. The first to be free is first.
struct LingeringSeats: Sendable {
    private var seats: [Seats] = []

    struct Seats: Sendable {
        var until: Int
        var count: Int

        /// The queue that the request was counted in.
        var queue: Int?
    }

    /// When the next are free; nil where none linger.
    var next: Int? { seats.first?.until }

    mutating func add(_ count: Int, until: Int, queue: Int?) {
        let place = seats.lastIndex { $0.until <= until }.map { $0 + 1 } ?? 0
        seats.insert(Seats(until: until, count: count, queue: queue), at: place)
    }

    /// Takes out what has lingered long enough, and tells of each.
    mutating func free(at now: Int, _ tell: (Seats) -> Void) {
        if seats.isEmpty { return }
        let count = seats.firstIndex { $0.until > now } ?? seats.count
        for seat in seats[..<count] { tell(seat) }
        seats.removeFirst(count)
    }
}
