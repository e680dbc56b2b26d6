import TestSupport
import Testing

@testable import APIServer

/// Flows that share the seats of a level, played through with a clock of its own: every run is the same.
@Suite struct FairnessTests {
    /// Clients that send so many requests at a time, another as soon as one is answered.
    private struct Flow {
        var hash: UInt64
        var seats: Int
        var clients: Int

        /// Nanoseconds that each of its requests takes.
        var duration: @Sendable (inout Dice) -> Int

        init(_ hash: UInt64, seats: Int = 1, clients: Int, duration: @escaping @Sendable (inout Dice) -> Int) {
            (self.hash, self.seats, self.clients, self.duration) = (hash, seats, clients, duration)
        }
    }

    /// What a flow had in the end.
    private struct Share {
        /// Seat-nanoseconds.
        var work = 0
        var requests = 0
        var longestWait = 0
    }

    /// Plays the flows against each other for so many nanoseconds.
    private func play(_ flows: [Flow], seats limit: Int, queues: FairQueues, until end: Int, seed: UInt64 = 1) -> [Share] {
        struct Running {
            var flow: Int
            var queue: Int
            var start: Int
            var end: Int
        }
        var (queues, dice) = (queues, Dice(seed: seed))
        var shares = Array(repeating: Share(), count: flows.count)
        var running: [Running] = []
        var waiting: [UInt64: (flow: Int, since: Int)] = [:]
        var (now, taken, last) = (0, 0, UInt64(0))

        func begin(_ flow: Int, in queue: Int) {
            taken += flows[flow].seats
            running.append(Running(flow: flow, queue: queue, start: now, end: now + flows[flow].duration(&dice)))
        }
        func seat() {
            while taken < limit, let next = queues.next, taken == 0 || taken + next.request.seats <= limit {
                guard let (flow, since) = waiting.removeValue(forKey: next.request.id) else { break }
                queues.begin(next)
                shares[flow].longestWait = max(shares[flow].longestWait, now - since)
                begin(flow, in: next.queue)
            }
            queues.share(seats: min(taken + queues.seats, limit))
        }
        func send(_ flow: Int) {
            if queues.count == 0, taken + flows[flow].seats <= limit {
                guard let queue = queues.begin(seats: flows[flow].seats, flow: flows[flow].hash) else { return }
                begin(flow, in: queue)
            } else {
                last += 1
                guard queues.enqueue(last, seats: flows[flow].seats, flow: flows[flow].hash) != nil else { return }
                waiting[last] = (flow, now)
            }
            seat()
        }
        for flow in flows.indices { for _ in 0..<flows[flow].clients { send(flow) } }
        while let index = running.indices.min(by: { running[$0].end < running[$1].end }), running[index].end <= end {
            let over = running.remove(at: index)
            now = over.end
            queues.advance(to: now)
            let (seats, duration) = (flows[over.flow].seats, now - over.start)
            queues.finish(seats: seats, after: duration, in: over.queue)
            queues.release(seats: seats, in: over.queue)
            taken -= seats
            shares[over.flow].work += seats * duration
            shares[over.flow].requests += 1
            seat()
            send(over.flow)
        }
        // Who still waits has waited until now.
        for (flow, since) in waiting.values { shares[flow].longestWait = max(shares[flow].longestWait, now - since) }
        return shares
    }

    private static let millisecond = 1_000_000

    private func pair() -> FairQueues { FairQueues(queues: 2, handSize: 1, lengthMax: 1000, at: 0) }

    @Test(arguments: [(1, 1, 4, 1), (3, 1, 2, 2), (1, 4, 20, 1), (6, 2, 1, 30)] as [(Int, Int, Int, Int)])
    func `flows that want more than their part have as much work done, however wide or long their requests are`(
        seats: Int, otherSeats: Int, duration: Int, otherDuration: Int
    ) {
        let flows = [
            Flow(0, seats: seats, clients: 80) { _ in duration * Self.millisecond },
            Flow(.max, seats: otherSeats, clients: 200) { _ in otherDuration * Self.millisecond },
        ]
        let shares = play(flows, seats: 40, queues: pair(), until: 3_000 * Self.millisecond)
        let ratio = Double(shares[0].work) / Double(shares[1].work)
        // Who needs many seats at once loses some of the time that they come free one by one.
        #expect((0.85...1.15).contains(ratio), "\(shares)")
    }

    @Test func `what a flow leaves of its part the others have`() {
        // Two of ten seats are all that the first can use.
        let flows = [
            Flow(0, clients: 2) { _ in 5 * Self.millisecond },
            Flow(.max, clients: 100) { _ in 5 * Self.millisecond },
        ]
        let shares = play(flows, seats: 10, queues: pair(), until: 3_000 * Self.millisecond)
        #expect(Double(shares[0].work) > 0.9 * 2 * 3_000e6 && Double(shares[1].work) > 0.9 * 8 * 3_000e6, "\(shares)")
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func `a flow that sends much can't starve another`(seed: UInt64) {
        var dice = Dice(seed: seed)
        let durationMax = 1 + dice.roll(40)
        let settings = PriorityLevel.Settings(seats: 6 + dice.roll(60), queuing: .init(queues: 64, handSize: 6, lengthMax: 1000))
        let queues = FairQueues(queues: 64, handSize: 6, lengthMax: 1000, at: 0)
        let (flood, width) = (dice.next(), 1 + dice.roll(settings.seatsOfRequestMax))
        var quiet = dice.next()
        while Set(queues.hand(flood)).intersection(queues.hand(quiet)).count > 3 { quiet = dice.next() }
        let flows = [
            Flow(flood, seats: width, clients: 500) { (1 + $0.roll(durationMax)) * Self.millisecond },
            Flow(quiet, clients: 1) { _ in 2 * Self.millisecond },
        ]
        let shares = play(flows, seats: settings.seats, queues: queues, until: 2_000 * Self.millisecond, seed: seed)
        // It waits for one or two of those before it to end, never for hundreds.
        #expect(shares[1].longestWait <= 2 * durationMax * Self.millisecond, "\(shares) of \(settings.seats) seats, \(durationMax) ms at most")
        #expect(shares[1].requests > 2_000 / (3 + durationMax), "\(shares)")
        #expect(shares[0].longestWait > shares[1].longestWait, "the flood waits for itself")
    }

    @Test func `the same flows on the same clock have the same shares`() {
        let flows = [
            Flow(11, seats: 2, clients: 30) { (1 + $0.roll(9)) * Self.millisecond },
            Flow(.max / 3, clients: 60) { (1 + $0.roll(5)) * Self.millisecond },
        ]
        let queues = FairQueues(queues: 16, handSize: 4, lengthMax: 100, at: 0)
        let runs = (0..<2).map { _ in play(flows, seats: 7, queues: queues, until: 1_000 * Self.millisecond, seed: 9).map(\.requests) }
        #expect(runs[0] == runs[1])
    }
}
