import NIOCore
import NIOEmbedded
import NIOPosix
import Synchronization
import Testing

@testable import HTTPServer

@Suite struct `An event loop's outbox` {
    private final class Record: Sendable {
        private let entries = Mutex<[String]>([])
        var all: [String] { entries.withLock { $0 } }
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
    }

    /// An event loop whose time passes only where a test says so.
    private final class Time: Sendable {
        let eventLoop = EmbeddedEventLoop()
        private let time = Mutex(NIODeadline.uptimeNanoseconds(0))
        var now: NIODeadline { time.withLock { $0 } }

        /// As if a job took so long.
        func take(_ amount: TimeAmount) { time.withLock { $0 = $0 + amount } }

        /// Does what is due by now, or after a while.
        func run(_ amount: TimeAmount = .zero) {
            take(amount)
            eventLoop.advanceTime(to: now)
        }
    }

    @Test func `continues a stream at once, then gathers what comes for twice the time that took, while answers go out`() {
        let (time, record) = (Time(), Record())
        let outbox = Outbox(time.eventLoop) { time.now }
        outbox.postStream {
            record.add("first")
            time.take(.milliseconds(3))
            for name in ["second", "third"] { outbox.postStream { record.add(name) } }
            outbox.post { record.add("answer") }
        }
        time.run()
        time.run(.milliseconds(5))
        #expect(record.all == ["first", "answer"])
        time.run(.milliseconds(1))
        #expect(record.all == ["first", "answer", "second", "third"])
    }

    @Test func `lets no stream wait longer than ten milliseconds`() {
        let (time, record) = (Time(), Record())
        let outbox = Outbox(time.eventLoop) { time.now }
        outbox.postStream {
            time.take(.seconds(1))
            outbox.postStream { record.add("next") }
        }
        time.run()
        time.run(.milliseconds(9))
        #expect(record.all.isEmpty)
        time.run(.milliseconds(1))
        #expect(record.all == ["next"])
    }

    @Test func `runs tasks that prefer it on its loop`() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let outbox = Outbox(group.any())
        let isOnLoop = await Task(executorPreference: outbox) {
            await Task.yield()
            return outbox.eventLoop.inEventLoop
        }.value
        #expect(isOnLoop)
    }
}
