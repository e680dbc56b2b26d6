import Metrics
import Testing

@testable import APIServer

@Suite("Seats of a priority level") struct PriorityLevelTests {
    private let counts = FlowCounts()

    private func level(seats: Int, queues: Int? = 1) -> PriorityLevel {
        var settings = PriorityLevel.Settings(seats: seats, seatsMin: seats)
        settings.queuing = queues.map { .init(queues: $0, handSize: 1, lengthMax: 10) }
        return PriorityLevel("shop", settings, Deadlines(), at: 0)
    }

    private func enter(_ level: PriorityLevel, seats: Int = 1, flow: UInt64 = 0, at now: Int = 0) -> PriorityLevel.Entry {
        level.enter(WorkEstimate(seats: seats), counting: counts, flow: flow, at: now)
    }

    private func isAdmitted(_ entry: PriorityLevel.Entry) -> Bool { if case .admitted = entry { true } else { false } }

    private func place(_ entry: PriorityLevel.Entry) -> PriorityLevel.Place? { if case .queued(let place) = entry { place } else { nil } }

    @Test("a wide request waits until there is room for it, and those behind it wait, too") func width() async throws {
        let level = level(seats: 4)
        for _ in 0..<2 { #expect(isAdmitted(enter(level))) }
        let wide = try #require(place(enter(level, seats: 3)))
        let narrow = try #require(place(enter(level)), "there is a seat, but it is not its turn")
        #expect(counts.unaccommodated.load(ordering: .relaxed) > 0)
        level.leave(WorkEstimate(), queue: 0, since: 0, at: 1)
        #expect(await level.wait(wide) == .admitted(at: 1))
        level.leave(WorkEstimate(), queue: 0, since: 0, at: 2)
        #expect(await level.wait(narrow).refusal == nil)
        #expect(counts.queueLengths.reading().sum == 3)
        #expect(counts.waiting.load(ordering: .relaxed) == 0 && counts.waitingSeats.load(ordering: .relaxed) == 0)
    }

    @Test("who waits behind a wide request that gives up is let in") func giveUp() async throws {
        let level = level(seats: 2)
        #expect(isAdmitted(enter(level)))
        let wide = try #require(place(enter(level, seats: 2)))
        let narrow = try #require(place(enter(level)))
        level.giveUp(wide, .waitedTooLong, at: 1)
        #expect(await level.wait(narrow).refusal == nil)
        #expect(await level.wait(wide) == .refused(.waitedTooLong))
    }

    @Test("a request that is wider than its level has it to itself") func wholeLevel() {
        let level = level(seats: 2, queues: nil)
        #expect(isAdmitted(enter(level, seats: 5)))
        guard case .refused(.noSeat) = enter(level) else { return #expect(Bool(false), "no room") }
        level.leave(WorkEstimate(seats: 5), queue: nil, since: 0, at: 1)
        #expect(isAdmitted(enter(level)))
        guard case .refused(.noSeat) = enter(level, seats: 5) else { return #expect(Bool(false), "no room") }
    }

    @Test("seats linger for those who are told of a write, then they are free") func lingering() {
        let level = level(seats: 2, queues: nil)
        let write = WorkEstimate(seats: 2, afterwards: 1000)
        #expect(isAdmitted(level.enter(write, counting: counts, flow: 0, at: 0)))
        level.leave(write, queue: nil, since: 0, at: 500)
        guard case .refused(.noSeat) = enter(level, at: 1499) else { return #expect(Bool(false), "it lingers") }
        #expect(isAdmitted(enter(level, at: 1500)))
        let reading = level.utilization(at: 2000)
        // Of 2,000 nanoseconds both seats were taken for 1,500, one for the rest.
        #expect(reading.seats.sum == 1750)
        #expect(reading.requests.sum == 500)
    }

    @Test("who waits gets seats that linger when their time is over", .timeLimit(.minutes(1))) func awaited() async throws {
        let level = level(seats: 1)
        let write = WorkEstimate(seats: 1, afterwards: 5_000_000)
        let start = MonotonicTime.now
        #expect(isAdmitted(level.enter(write, counting: counts, flow: 0, at: start)))
        level.leave(write, queue: 0, since: start, at: start)
        let waiting = try #require(place(enter(level, at: start)))
        #expect(await level.wait(waiting).refusal == nil)
        #expect(MonotonicTime.now - start >= 5_000_000)
    }

    @Test("a level that loses its queues lets those finish who wait in them, and takes no more") func withoutQueues() async throws {
        let level = level(seats: 1, queues: 2)
        guard case .admitted(let queue) = enter(level) else { return #expect(Bool(false), "no room") }
        let waiting = try #require(place(enter(level)))
        var settings = level.settings
        settings.queuing = nil
        level.update(settings, at: 1)
        guard case .refused(.noSeat) = enter(level, at: 1) else { return #expect(Bool(false), "there is no queue") }
        level.leave(WorkEstimate(), queue: queue, since: 0, at: 2)
        #expect(await level.wait(waiting).refusal == nil)
        level.leave(WorkEstimate(), queue: waiting.queue, since: 2, at: 3)
        #expect(isAdmitted(enter(level, at: 3)))
    }

    @Test("virtual time passes as seats are given to each queue that has requests, and stands still when all is quiet") func virtualTime() {
        let level = level(seats: 2, queues: 2)
        let (one, other) = (UInt64(0), UInt64.max)
        #expect(isAdmitted(enter(level, flow: one, at: 0)))
        #expect(level.lastDispatch?.start == 0)
        // One seat for one queue, then two for two.
        #expect(isAdmitted(enter(level, flow: other, at: 100)))
        #expect(level.progress == 100 && level.lastDispatch?.start == 100)
        level.leave(WorkEstimate(), queue: 0, since: 0, at: 300)
        #expect(level.progress == 300)
        level.leave(WorkEstimate(), queue: 1, since: 100, at: 400)
        #expect(isAdmitted(enter(level, flow: one, at: 1_000_000)))
        #expect(level.progress == 400 && level.lastDispatch?.start == 400)
    }

    @Test("one request takes no large part of a level where others queue") func bound() {
        func bound(_ seats: Int, handSize: Int? = 6) -> Int {
            PriorityLevel.Settings(seats: seats, queuing: handSize.map { .init(queues: 64, handSize: $0, lengthMax: 50) }).seatsOfRequestMax
        }
        #expect([1, 13, 49, 98, 245].map { bound($0) } == [1, 2, 8, 10, 10])
        #expect(bound(13, handSize: nil) == 10)
    }

    @Test("use is told as the time at each part of what there is, whatever there was when") func utilization() {
        var use = Utilization(.init(seats: 10, places: 100), at: 0)
        use.change(seats: 5, requests: 3, waiting: 0, waitingSeats: 0, at: 100)
        use.change(seats: 10, requests: 10, waiting: 1, waitingSeats: 5, at: 300)
        use.change(.init(seats: 20, places: 100), at: 400)
        let reading = use.read(at: 600)
        // Idle for 100, half for 200, full for 100; then half again, of twice as much.
        #expect(
            reading.seats.counts.enumerated().filter { $0.element > 0 }.map { [$0.offset, Int($0.element)] } == [[0, 100], [5, 400], [12, 100]])
        #expect(reading.seats.sum == 300)
        #expect(reading.waiting.sum == 3)
        #expect(reading.demand.counts.reduce(0, +) == 600 && reading.demand.sum == 100 + 150 + 150)
        #expect(use.read(at: 600).seats == reading.seats, "asking changes nothing")
    }
}
