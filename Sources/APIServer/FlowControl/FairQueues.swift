/// Requests that wait for seats, in queues that take turns: a flow that sends a thousand requests delays those in its own few queues, not everyone's.
///
/// A flow may stand in `handSize` of the queues only, dealt to it by its hash (shuffle sharding): of those it takes the shortest. So two flows rarely have
/// all of their queues in common. Whose requests take more seats has fewer turns: each queue has its own account of seats, and the one that had least is
/// next. A pure structure: whoever owns it knows what the numbers stand for.
struct FairQueues: Sendable {
    private var queues: [Queue]
    private let handSize: Int
    private let lengthMax: Int

    /// Of queues that had as many seats the one from here on is next.
    private var turn = 0

    /// The account of the queue that was served last. One that comes to have requests begins there: it can't claim what it left to others.
    private var account = 0
    private(set) var count = 0

    /// What all requests wait for together.
    private(set) var seats = 0

    struct Request: Sendable, Equatable {
        var id: UInt64
        var seats: Int
    }

    /// First in, first out. What has been taken is cut off when it is half of all.
    private struct Queue {
        var requests: [Request] = []
        var first = 0
        var seats = 0

        /// Seats that its requests had, counted on from the account that it began with.
        var account = 0

        var count: Int { requests.count - first }

        mutating func removeFirst() {
            seats -= requests[first].seats
            account += requests[first].seats
            first += 1
            if first * 2 > requests.count {
                requests.removeFirst(first)
                first = 0
            }
        }
    }

    init(queues: Int, handSize: Int, lengthMax: Int) {
        self.queues = Array(repeating: Queue(), count: max(1, queues))
        self.handSize = min(max(1, handSize), self.queues.count)
        self.lengthMax = lengthMax
    }

    /// Puts a request at the end of the queue of its flow's hand where the fewest seats are waited for. Returns how many wait there now; nil where it is full.
    mutating func enqueue(_ id: UInt64, seats: Int = 1, flow hash: UInt64) -> Int? {
        guard let shortest = hand(hash).min(by: { queues[$0].seats < queues[$1].seats }), queues[shortest].count < lengthMax else { return nil }
        if queues[shortest].count == 0 { queues[shortest].account = max(queues[shortest].account, account) }
        queues[shortest].requests.append(Request(id: id, seats: seats))
        queues[shortest].seats += seats
        count += 1
        self.seats += seats
        return queues[shortest].count
    }

    /// The request whose turn it is.
    var next: Request? { nextQueue.map { queues[$0].requests[queues[$0].first] } }

    private var nextQueue: Int? {
        guard count > 0 else { return nil }
        var best: Int?
        for step in queues.indices {
            let index = (turn + step) % queues.count
            guard queues[index].count > 0 else { continue }
            if best.map({ queues[index].account < queues[$0].account }) ?? true { best = index }
        }
        return best
    }

    /// Takes the request whose turn it is.
    mutating func dequeue() -> Request? {
        guard let index = nextQueue else { return nil }
        let request = queues[index].requests[queues[index].first]
        account = queues[index].account
        queues[index].removeFirst()
        turn = (index + 1) % queues.count
        count -= 1
        seats -= request.seats
        return request
    }

    /// Takes out a request that waits no longer; returns the seats that it waited for.
    mutating func remove(_ id: UInt64) -> Int? {
        for index in queues.indices {
            guard let place = queues[index].requests[queues[index].first...].firstIndex(where: { $0.id == id }) else { continue }
            let request = queues[index].requests.remove(at: place)
            queues[index].seats -= request.seats
            count -= 1
            seats -= request.seats
            return request.seats
        }
        return nil
    }

    /// Different queues, as a dealer would hand them out: the hash is read as a number whose digits have one base less for each card that is gone.
    func hand(_ hash: UInt64) -> [Int] {
        var rest = hash
        var dealt: [Int] = []
        for number in 0..<handSize {
            let left = UInt64(queues.count - number)
            var card = Int(rest % left)
            rest /= left
            for earlier in dealt.sorted() where earlier <= card { card += 1 }
            dealt.append(card)
        }
        return dealt
    }
}
