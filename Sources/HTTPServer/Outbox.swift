import NIOCore
import Synchronization

/// The way from other threads to the connections of one event loop. Whatever is posted while the loop is busy is done in one go, and every
/// connection that it wrote to is flushed once at the end: the more there is to do, the less each piece costs.
final class Outbox: Sendable {
    typealias Job = @Sendable () -> Void

    let eventLoop: any EventLoop

    /// Jobs that wait for the loop, which is told of the first.
    private struct Queue {
        private var jobs: [Job] = []
        private var isScheduled = false

        /// True where the loop is to be told.
        mutating func add(_ job: @escaping Job) -> Bool {
            jobs.append(job)
            defer { isScheduled = true }
            return !isScheduled
        }

        mutating func take() -> [Job] {
            defer { (jobs, isScheduled) = ([], false) }
            return jobs
        }
    }

    private struct Loop {
        var isDraining = false
        var touched: [any Flushable] = []

        /// When streams are next continued.
        var nextStreams: NIODeadline = .uptimeNanoseconds(0)
    }

    /// Streams rest for this many times as long as they took, at most so long: a busy loop gives them a third of its time.
    private static let streamRest = 2
    private static let streamRestMax = TimeAmount.milliseconds(10)

    private let answers = Mutex(Queue())
    private let streams = Mutex(Queue())
    private let loop: NIOLoopBoundBox<Loop>
    private let now: @Sendable () -> NIODeadline

    init(_ eventLoop: any EventLoop, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.eventLoop = eventLoop
        self.now = now
        loop = NIOLoopBoundBox.makeBoxSendingValue(Loop(), eventLoop: eventLoop)
    }

    /// From any thread. Jobs run on the event loop in the order they came.
    func post(_ job: @escaping Job) {
        if answers.withLock({ $0.add(job) }) { eventLoop.execute { self.drain() } }
    }

    /// From any thread; at once on the loop itself.
    func perform(_ job: @escaping Job) {
        if eventLoop.inEventLoop { job() } else { post(job) }
    }

    /// From any thread: what continues a stream, such as a watch. The first such job is done at once. While many come, they are gathered, so that
    /// a stream is sent several events at a time and answers do not wait behind them.
    func postStream(_ job: @escaping Job) {
        if streams.withLock({ $0.add(job) }) { eventLoop.execute { self.continueStreams() } }
    }

    private func continueStreams() {
        let start = now()
        if start < loop.value.nextStreams {
            eventLoop.scheduleTask(deadline: loop.value.nextStreams) { self.continueStreams() }
            return
        }
        run(streams.withLock { $0.take() })
        let end = now()
        loop.value.nextStreams = end + min(Self.streamRestMax, (end - start) * Self.streamRest)
    }

    private func drain() { run(answers.withLock { $0.take() }) }

    private func run(_ jobs: [Job]) {
        loop.value.isDraining = true
        for job in jobs { job() }
        loop.value.isDraining = false
        let touched = loop.value.touched
        loop.value.touched = []
        for connection in touched { connection.flush() }
    }

    /// On the loop: flushes when the jobs at hand are done. False if none are being done; then the caller flushes itself.
    func flushAfterJobs(_ connection: any Flushable) -> Bool {
        guard loop.value.isDraining else { return false }
        loop.value.touched.append(connection)
        return true
    }
}

/// Tasks that prefer it run on the event loop: what a commit wakes there answers without another change of threads.
extension Outbox: TaskExecutor {
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        post { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// A connection that has written something it has not flushed.
protocol Flushable: AnyObject {
    func flush()
}
