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
    }

    private struct Loop {
        var isDraining = false
        var touched: [any Flushable] = []
    }

    private let state = Mutex(State())
    private let loop: NIOLoopBoundBox<Loop>

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
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

    private func drain() {
        let jobs = state.withLock { state in
            state.isScheduled = false
            let jobs = state.jobs
            state.jobs = []
            return jobs
        }
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
