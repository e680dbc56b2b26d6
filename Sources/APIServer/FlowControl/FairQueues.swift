/// Requests that wait for a seat, in queues that take turns: a flow that sends a thousand requests delays those in its own few queues, not everyone's.
///
/// A flow may stand in `handSize` of the queues only, dealt to it by its hash (shuffle sharding): of those it takes the shortest. So two flows rarely have
/// all of their queues in common. A pure structure: whoever owns it knows what the numbers stand for.
struct FairQueues: Sendable {
    private var queues: [Queue]
    private let handSize: Int
    private let lengthMax: Int

    /// The queue whose turn it is.
    private var turn = 0
    private(set) var count = 0

    /// First in, first out. What has been taken is cut off when it is half of all.
    private struct Queue {
        var requests: [UInt64] = []
        var first = 0

        var count: Int { requests.count - first }

        mutating func popFirst() -> UInt64? {
            guard first < requests.count else { return nil }
            defer {
                first += 1
                if first * 2 > requests.count {
                    requests.removeFirst(first)
                    first = 0
                }
            }
            return requests[first]
        }
    }

    init(queues: Int, handSize: Int, lengthMax: Int) {
        self.queues = Array(repeating: Queue(), count: max(1, queues))
        self.handSize = min(max(1, handSize), self.queues.count)
        self.lengthMax = lengthMax
    }

    /// Puts a request at the end of the shortest queue of its flow's hand. False where that is full.
    mutating func enqueue(_ request: UInt64, flow hash: UInt64) -> Bool {
        guard let shortest = hand(hash).min(by: { queues[$0].count < queues[$1].count }), queues[shortest].count < lengthMax else { return false }
        queues[shortest].requests.append(request)
        count += 1
        return true
    }

    /// The first request of the next queue that has one.
    mutating func dequeue() -> UInt64? {
        guard count > 0 else { return nil }
        for _ in queues.indices {
            let index = turn
            turn = (turn + 1) % queues.count
            if let request = queues[index].popFirst() {
                count -= 1
                return request
            }
        }
        return nil
    }

    /// Takes out a request that waits no longer.
    mutating func remove(_ request: UInt64) {
        for index in queues.indices {
            guard let place = queues[index].requests[queues[index].first...].firstIndex(of: request) else { continue }
            queues[index].requests.remove(at: place)
            count -= 1
            return
        }
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
