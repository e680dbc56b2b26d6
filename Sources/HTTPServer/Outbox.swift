import NIOCore
import Synchronization

/// The way from other threads to the connections of one event loop. Whatever is posted while the loop is busy is done in one go, and every
/// connection that it wrote to is flushed once at the end: the more there is to do, the less each piece costs.
final class Outbox: Sendable {
    typealias Job = @Sendable () -> Void

    let eventLoop: any EventLoop

    private struct State {
        var jobs: [Job] = []
        var isScheduled = false
        var streams: [Job] = []
        var areStreamsScheduled = false
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

    private let state = Mutex(State())
    private let loop: NIOLoopBoundBox<Loop>
    private let now: @Sendable () -> NIODeadline

    init(_ eventLoop: any EventLoop, now: @escaping @Sendable () -> NIODeadline = { .now() }) {
        self.eventLoop = eventLoop
        self.now = now
        loop = NIOLoopBoundBox.makeBoxSendingValue(Loop(), eventLoop: eventLoop)
    }

    /// From any thread. Jobs run on the event loop in the order they came.
    func post(_ job: @escaping Job) {
        let isFirst = state.withLock { state in
            state.jobs.append(job)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if isFirst { eventLoop.execute { self.drain() } }
    }

    /// From any thread; at once on the loop itself.
    func perform(_ job: @escaping Job) {
        if eventLoop.inEventLoop { job() } else { post(job) }
    }

    /// From any thread: what continues a stream, such as a watch. The first such job is done at once. While many come, they are gathered, so that
    /// a stream is sent several events at a time and answers do not wait behind them.
    func postStream(_ job: @escaping Job) {
        let isFirst = state.withLock { state in
            state.streams.append(job)
            defer { state.areStreamsScheduled = true }
            return !state.areStreamsScheduled
        }
        if isFirst { eventLoop.execute { self.continueStreams() } }
    }

    private func continueStreams() {
        let start = now()
        if start < loop.value.nextStreams {
            eventLoop.scheduleTask(deadline: loop.value.nextStreams) { self.continueStreams() }
            return
        }
        let jobs = state.withLock { state in
            state.areStreamsScheduled = false
            defer { state.streams = [] }
            return state.streams
        }
        run(jobs)
        let end = now()
        loop.value.nextStreams = end + min(Self.streamRestMax, (end - start) * Self.streamRest)
    }

    private func drain() {
        let jobs = state.withLock { state in
            state.isScheduled = false
            defer { state.jobs = [] }
            return state.jobs
        }
        run(jobs)
    }

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
