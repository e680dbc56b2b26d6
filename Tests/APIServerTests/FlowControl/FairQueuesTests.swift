import Testing

@testable import APIServer

@Suite struct FairQueuesTests {
    @Test func `a flow's hand has different queues, the same every time`() {
        let queues = FairQueues(queues: 64, handSize: 6, lengthMax: 50)
        for number in 0..<200 {
            let hash = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            let hand = queues.hand(hash)
            #expect(Set(hand).count == 6 && hand.allSatisfy { (0..<64).contains($0) })
            #expect(queues.hand(hash) == hand)
        }
        #expect(FairQueues(queues: 3, handSize: 3, lengthMax: 1).hand(12_345).sorted() == [0, 1, 2])
    }

    /// Puts requests in until one is not taken; returns those that were.
    private func enqueue(_ requests: Range<UInt64>, flow: UInt64, _ queues: inout FairQueues) -> [UInt64] {
        requests.prefix { queues.enqueue($0, flow: flow) != nil }
    }

    private func dequeue(_ count: Int, _ queues: inout FairQueues) -> [UInt64] { (0..<count).compactMap { _ in queues.dequeue()?.id } }

    @Test func `flows take turns, whoever sent more`() {
        var queues = FairQueues(queues: 2, handSize: 1, lengthMax: 100)
        // Flow 0 is dealt the one queue, flow 1 the other.
        let (many, few) = (enqueue(0..<50, flow: 0, &queues), enqueue(100..<103, flow: 1, &queues))
        #expect(many.count == 50 && few.count == 3)
        let first = dequeue(8, &queues)
        #expect(first == [0, 100, 1, 101, 2, 102, 3, 4])
        #expect(queues.count == 45)
    }

    @Test func `a full hand takes no more, and what is taken out makes room`() {
        var queues = FairQueues(queues: 8, handSize: 2, lengthMax: 2)
        let taken = enqueue(0..<6, flow: 7, &queues)
        #expect(taken == [0, 1, 2, 3])
        let removed = queues.remove(2)
        #expect(removed == 1 && queues.count == 3)
        let more = enqueue(5..<7, flow: 7, &queues)
        #expect(more == [5])
        let left = dequeue(10, &queues)
        #expect(Set(left) == [0, 1, 3, 5] && left.count == 4)
    }

    @Test func `whose requests take more seats has fewer turns`() {
        var queues = FairQueues(queues: 2, handSize: 1, lengthMax: 100)
        for number in 0..<4 { #expect(queues.enqueue(UInt64(number), seats: 5, flow: 0) == number + 1) }
        for number in 0..<20 { #expect(queues.enqueue(100 + UInt64(number), flow: 1) != nil) }
        #expect(queues.seats == 40)
        let first = dequeue(12, &queues)
        #expect(first.filter { $0 < 100 }.count == 2 && first.filter { $0 >= 100 }.count == 10)
        #expect(queues.seats == 20)
    }

    @Test func `who comes late can't claim what others had meanwhile`() {
        var queues = FairQueues(queues: 2, handSize: 1, lengthMax: 100)
        _ = enqueue(0..<20, flow: 0, &queues)
        _ = dequeue(10, &queues)
        _ = enqueue(100..<110, flow: 1, &queues)
        let next = dequeue(6, &queues)
        #expect(next.filter { $0 >= 100 }.count == 3)
    }
}
