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

    @Test func `continues a stream at once, then gathers what comes for twice the time that took, while answers go out`() {
        let (eventLoop, record) = (EmbeddedEventLoop(), Record())
        let outbox = Outbox(eventLoop)
        outbox.postStream {
            record.add("first")
            eventLoop.advanceTime(by: .milliseconds(3))
            for name in ["second", "third"] { outbox.postStream { record.add(name) } }
            outbox.post { record.add("answer") }
        }
        eventLoop.run()
        #expect(record.all == ["first", "answer"])
        eventLoop.advanceTime(by: .milliseconds(5))
        #expect(record.all == ["first", "answer"])
        eventLoop.advanceTime(by: .milliseconds(1))
        #expect(record.all == ["first", "answer", "second", "third"])
    }

    @Test func `lets no stream wait longer than ten milliseconds`() {
        let (eventLoop, record) = (EmbeddedEventLoop(), Record())
        let outbox = Outbox(eventLoop)
        outbox.postStream {
            eventLoop.advanceTime(by: .seconds(1))
            outbox.postStream { record.add("next") }
        }
        eventLoop.run()
        #expect(record.all.isEmpty)
        eventLoop.advanceTime(by: .milliseconds(10))
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
