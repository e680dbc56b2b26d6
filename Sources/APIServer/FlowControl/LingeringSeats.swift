/// Seats of requests that are over, which stay taken for a moment. The first to be free is first.
struct LingeringSeats: Sendable {
    private var seats: [(until: Int, count: Int)] = []

    /// When the next are free; nil where none linger.
    var next: Int? { seats.first?.until }

    mutating func add(_ count: Int, until: Int) {
        let place = seats.lastIndex { $0.until <= until }.map { $0 + 1 } ?? 0
        seats.insert((until, count), at: place)
    }

    /// Takes out what has lingered long enough, and tells of each at its time.
    mutating func free(at now: Int, _ tell: (_ count: Int, _ time: Int) -> Void) {
        if seats.isEmpty { return }
        let count = seats.firstIndex { $0.until > now } ?? seats.count
        for seat in seats[..<count] { tell(seat.count, seat.until) }
        seats.removeFirst(count)
    }
}
