/// Requests of a priority level, those that wait and those that hold seats, in queues that are served alike: a flow that sends a thousand requests delays
/// those in its own few queues, not everyone's.
///
/// This is fair queuing in virtual time, as upstream has it. If all queues could be served at once, each with an equal part of the seats, then a queue's next
/// request would start when the work before it is done (its virtual start) and end when its own is done (its virtual finish). Seats can't be split like that,
/// so whole requests get them, the one with the least virtual finish first. How long a request takes is guessed when it starts, and the guess is put right
/// when it is over.
///
/// A flow may stand in `handSize` of the queues only (`hand`): of those it takes the one with the least work waiting. So two flows rarely have all of their
/// queues in common. A pure structure: whoever owns it knows how many seats there are, and tells the time before it changes anything.
struct FairQueues: Sendable {
    var queues: [Queue]

    /// Hands are dealt from so many queues. There may be more of them after a change, until they have no requests.
    private(set) var dealt: Int
    private(set) var handSize: Int
    private var lengthMax: Int
    private(set) var time: VirtualTime

    /// Queues whose requests wait or are under way.
    private var active = 0

    /// Requests that wait, and the seats that they wait for together.
    private(set) var count = 0
    private(set) var seats = 0

    /// All requests that came: by it a flow's requests are spread over its hand where nothing waits.
    private var arrivals: UInt = 0

    /// The queue that was served last; of equals the next one behind it is served.
    var turn = 0
    var lastDispatch: Dispatch?

    /// What a request is taken to last before that is known, in nanoseconds: upstream's.
    static let serviceTime = 3_000_000

    struct Request: Sendable {
        var id: UInt64
        var seats: Int

        /// What it is taken to need, in seat-nanoseconds.
        var work: Double

        /// In virtual time.
        var arrival: Double
    }

    init(queues: Int, handSize: Int, lengthMax: Int, at now: Int) {
        self.queues = Array(repeating: Queue(), count: max(1, queues))
        dealt = self.queues.count
        self.handSize = Self.handSize(handSize, of: dealt)
        self.lengthMax = lengthMax
        time = VirtualTime(at: now)
    }

    /// Has so many queues from now on. Those that are too many take nothing more, and are gone when their requests are.
    mutating func resize(queues count: Int, handSize: Int, lengthMax: Int) {
        dealt = max(0, count)
        self.handSize = Self.handSize(handSize, of: dealt)
        self.lengthMax = lengthMax
        if queues.count < dealt { queues += Array(repeating: Queue(), count: dealt - queues.count) }
        trim()
    }

    private mutating func trim() {
        while queues.count > max(1, dealt), let last = queues.last, last.isIdle, last.seats == 0 { queues.removeLast() }
        if turn >= queues.count { turn = 0 }
    }

    // MARK: Time

    mutating func advance(to now: Int) { time.advance(to: now) }

    /// From now on so many seats are at work or could be: those that requests hold and wait for, as far as the level has them.
    mutating func share(seats: Int) { time.share(seats: seats, among: active) }

    // MARK: Requests

    /// Counts a request that has its seats at once in a queue of its flow's hand, which it returns; nil where there are no queues.
    mutating func begin(seats: Int, afterwards: Int = 0, flow hash: UInt64) -> Int? {
        guard dealt > 0 else { return nil }
        let index = spread(hash)
        let work = Self.work(seats: seats, afterwards: afterwards)
        let progress = time.progress
        let (isFirst, discounted) = queues[index].begin(seats: seats, work: work, notBefore: progress)
        if isFirst { active += 1 }
        let start = queues[index].start - work
        lastDispatch = Dispatch(progress: progress, start: start, starts: .init(start, start), discountedStarts: .init(discounted, discounted))
        return index
    }

    /// Puts a request at the end of the queue of its flow's hand where the least work waits. Returns which that is and how many wait there now; nil where it
    /// has no room, which matters only where no seat is free.
    mutating func enqueue(
        _ id: UInt64, seats: Int = 1, afterwards: Int = 0, flow hash: UInt64, isFull: Bool = true
    ) -> (queue: Int, length: Int)? {
        guard dealt > 0 else { return nil }
        let index = leastWork(hash)
        guard !isFull || queues[index].count < lengthMax else { return nil }
        let progress = time.progress
        let request = Request(id: id, seats: seats, work: Self.work(seats: seats, afterwards: afterwards), arrival: progress)
        change(index) { queue in
            if queue.isIdle { queue.start = progress }
            queue.append(request)
            queue.boundStart()
        }
        count += 1
        self.seats += seats
        return (index, queues[index].count)
    }

    /// Takes out a request that waits no longer.
    mutating func remove(_ id: UInt64, from index: Int) {
        guard let request = change(index, { $0.remove(id) }) else { return }
        count -= 1
        seats -= request.seats
        trim()
    }

    /// A request is over: how long it took is known now. Its seats may stay taken until `release`.
    mutating func finish(seats: Int, after nanoseconds: Int, in index: Int) {
        if queues[index].finish(seats: seats, after: nanoseconds) { active -= 1 }
    }

    /// Nobody holds those seats any more.
    mutating func release(seats: Int, in index: Int) {
        queues[index].seats -= seats
        if queues.count > dealt { trim() }
    }

    /// The request whose turn it is gets its seats.
    mutating func begin(_ next: Turn) {
        guard let request = change(next.queue, { $0.beginFirst() }) else { return }
        count -= 1
        seats -= request.seats
        turn = next.queue
        lastDispatch = next.dispatch
    }

    static func work(seats: Int, afterwards: Int) -> Double { Double(seats * (serviceTime + afterwards)) }

    /// A flow's requests take the queues of its hand in turns as long as nothing waits there.
    private mutating func spread(_ hash: UInt64) -> Int {
        if count > 0 { return leastWork(hash) }
        arrivals &+= 1
        return card(Int(arrivals % UInt(handSize)), of: hash)
    }

    private mutating func leastWork(_ hash: UInt64) -> Int {
        arrivals &+= 1
        let hand = hand(hash)
        let first = Int(arrivals % UInt(hand.count))
        var best = hand[first]
        for number in hand.indices {
            let index = hand[(first + number) % hand.count]
            if queues[index].work < queues[best].work { best = index }
        }
        return best
    }

    @discardableResult private mutating func change<Result>(_ index: Int, _ body: (inout Queue) -> Result) -> Result {
        let wasIdle = queues[index].isIdle
        let result = body(&queues[index])
        let isIdle = queues[index].isIdle
        if wasIdle != isIdle { active += isIdle ? -1 : 1 }
        return result
    }
}
