import Testing

@testable import APIServer

@Suite struct FairQueuesTests {
    /// Two queues, one for each of the flows `first` and `second`.
    private func pair(lengthMax: Int = 100) -> FairQueues { FairQueues(queues: 2, handSize: 1, lengthMax: lengthMax, at: 0) }
    private let first: UInt64 = 0
    private let second = UInt64.max

    @Test func `a flow's hand has different queues, the same every time`() {
        let queues = FairQueues(queues: 64, handSize: 6, lengthMax: 50, at: 0)
        var dealt: Set<Int> = []
        for number in 0..<200 {
            let hash = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            let hand = queues.hand(hash)
            #expect(Set(hand).count == 6 && hand.allSatisfy { (0..<64).contains($0) })
            #expect(queues.hand(hash) == hand)
            #expect(Set((0..<6).map { queues.card($0, of: hash) }) == Set(hand))
            dealt.formUnion(hand)
        }
        #expect(dealt.count == 64)
        #expect(FairQueues(queues: 3, handSize: 3, lengthMax: 1, at: 0).hand(12_345) == [0, 1, 2])
    }

    /// Puts requests in until one is not taken; returns those that were.
    private func enqueue(_ requests: Range<UInt64>, seats: Int = 1, flow: UInt64, _ queues: inout FairQueues) -> [UInt64] {
        requests.prefix { queues.enqueue($0, seats: seats, flow: flow) != nil }
    }

    /// Lets requests begin, whatever seats there are.
    private func begin(_ count: Int, _ queues: inout FairQueues) -> [UInt64] {
        (0..<count).compactMap { _ in
            guard let next = queues.next else { return nil }
            queues.begin(next)
            return next.request.id
        }
    }

    @Test func `flows take turns, whoever sent more`() {
        var queues = pair()
        let (many, few) = (enqueue(0..<50, flow: first, &queues), enqueue(100..<103, flow: second, &queues))
        #expect(many.count == 50 && few.count == 3)
        let begun = begin(8, &queues)
        #expect(begun.filter { $0 >= 100 } == [100, 101, 102] && begun.prefix(6).filter { $0 < 100 } == [0, 1, 2])
        #expect(queues.count == 45)
    }

    @Test func `a full hand takes no more unless seats are free, and what is taken out makes room`() {
        var queues = FairQueues(queues: 8, handSize: 2, lengthMax: 2, at: 0)
        let taken = enqueue(0..<6, flow: 7, &queues)
        #expect(taken == [0, 1, 2, 3])
        for queue in queues.hand(7) { queues.remove(2, from: queue) }
        #expect(queues.count == 3 && queues.seats == 3)
        let more = enqueue(5..<7, flow: 7, &queues)
        #expect(more == [5])
        let unhindered = queues.enqueue(8, flow: 7, isFull: false)
        #expect(unhindered?.length == 3)
        let left = begin(10, &queues)
        #expect(Set(left) == [0, 1, 3, 5, 8] && left.count == 5)
    }

    @Test func `whose requests take more seats has fewer turns`() {
        var queues = pair()
        _ = enqueue(0..<4, seats: 5, flow: first, &queues)
        _ = enqueue(100..<120, flow: second, &queues)
        #expect(queues.seats == 40)
        let begun = begin(12, &queues)
        #expect(begun.filter { $0 < 100 }.count == 2 && begun.filter { $0 >= 100 }.count == 10)
        #expect(queues.seats == 20)
    }

    @Test func `who comes late can't claim what others had meanwhile`() {
        var queues = pair()
        _ = enqueue(0..<20, flow: first, &queues)
        queues.share(seats: 1)
        for number in 1...10 {
            let begun = begin(1, &queues)
            #expect(begun.count == 1)
            queues.advance(to: number * FairQueues.serviceTime)
            queues.finish(seats: 1, after: FairQueues.serviceTime, in: 0)
            queues.release(seats: 1, in: 0)
        }
        _ = enqueue(100..<110, flow: second, &queues)
        let begun = begin(6, &queues)
        #expect(begun.filter { $0 >= 100 }.count == 3)
    }

    @Test func `a guess that was wrong is put right when the request is over`() {
        var queues = pair()
        _ = enqueue(0..<10, flow: first, &queues)
        _ = enqueue(100..<110, flow: second, &queues)
        let begun = Set(begin(2, &queues))
        #expect(begun == [0, 100])
        // The first flow's took three times as long as the other's: the other has two more before it is the first's turn again.
        queues.finish(seats: 1, after: 3 * FairQueues.serviceTime, in: 0)
        queues.finish(seats: 1, after: FairQueues.serviceTime, in: 1)
        let next = begin(3, &queues)
        #expect(next.prefix(2) == [101, 102] || next == [101, 1, 102])
        #expect(next.filter { $0 >= 100 }.count == 2)
    }

    @Test func `queues that are too many are gone when their requests are, and hands are dealt from the rest`() {
        var queues = FairQueues(queues: 8, handSize: 1, lengthMax: 10, at: 0)
        let last = queues.begin(seats: 1, flow: second)
        #expect(last == 7)
        queues.resize(queues: 2, handSize: 2, lengthMax: 10)
        #expect(queues.queues.count == 8 && queues.hand(second) == [0, 1])
        queues.finish(seats: 1, after: 5, in: 7)
        queues.release(seats: 1, in: 7)
        #expect(queues.queues.count == 2)
        queues.resize(queues: 0, handSize: 1, lengthMax: 0)
        #expect(queues.begin(seats: 1, flow: first) == nil && queues.enqueue(1, flow: first) == nil)
    }
}
