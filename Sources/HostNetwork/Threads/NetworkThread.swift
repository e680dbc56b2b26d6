import CNFTables
import Glibc
import Synchronization

/// A thread of its own that runs an actor's jobs one after the other, if wanted inside another network namespace.
///
/// A thread's network namespace decides what its sockets and its `/proc/sys/net` mean, and libnftables blocks: both are reasons to stay off the
/// shared thread pool. Actors give it as their executor.
public final class NetworkThread: SerialExecutor {
    private let queue: JobQueue

    /// Starts the thread. `networkNamespace` is the path of a namespace's file, such as `/run/netns/blue`; nil means the process's own.
    public init(name: String, networkNamespace: String? = nil) throws {
        queue = JobQueue()
        let start = Start(queue: queue, executor: nil, name: name, networkNamespace: networkNamespace)
        start.executor = UnownedSerialExecutor(ordinary: self)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(start).toOpaque()
        let result = pthread_create(&thread, nil, { networkThreadMain($0) }, argument)
        guard result == 0 else {
            Unmanaged<Start>.fromOpaque(argument).release()
            throw HostNetworkError("starting thread \(name)", errno: result)
        }
        pthread_detach(thread)
        start.started.wait()
        if let error = start.error { throw error }
    }

    deinit { queue.stop() }

    public func enqueue(_ job: consuming ExecutorJob) { queue.push(UnownedJob(job)) }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// What the new thread needs to begin; written before it starts and read by its maker after `started` was signalled.
private final class Start {
    let queue: JobQueue
    var executor: UnownedSerialExecutor?
    let name: String
    let networkNamespace: String?
    let started = Semaphore()

    /// CLONE_NEWNET
    private static let networkKind: Int32 = 0x4000_0000
    var error: HostNetworkError?

    init(queue: JobQueue, executor: UnownedSerialExecutor?, name: String, networkNamespace: String?) {
        self.queue = queue
        self.executor = executor
        self.name = name
        self.networkNamespace = networkNamespace
    }

    /// Moves the calling thread into the namespace.
    func enterNamespace() {
        guard let networkNamespace else { return }
        let file = open(networkNamespace, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            error = HostNetworkError("opening network namespace \(networkNamespace)", errno: errno)
            return
        }
        defer { close(file) }
        if setns(file, Self.networkKind) != 0 { error = HostNetworkError("entering network namespace \(networkNamespace)", errno: errno) }
    }
}

private func networkThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
    pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
    start.enterNamespace()
    let queue = start.queue
    let executor = start.executor
    let failed = start.error != nil
    start.started.signal()
    guard !failed, let executor else { return nil }
    while let job = queue.next() { job.runSynchronously(on: executor) }
    return nil
}

/// Jobs in the order they came.
private final class JobQueue: Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        var head = 0
        var isStopped = false
    }

    private let state = Mutex(State())
    private let available = Semaphore()

    func push(_ job: UnownedJob) {
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    /// Ends the thread once it has run what it was given.
    func stop() {
        state.withLock { $0.isStopped = true }
        available.signal()
    }

    func next() -> UnownedJob? {
        available.wait()
        return state.withLock { state in
            guard state.head < state.jobs.count else { return nil }
            let job = state.jobs[state.head]
            state.head += 1
            if state.head == state.jobs.count {
                state.jobs.removeAll(keepingCapacity: true)
                state.head = 0
            }
            return job
        }
    }
}

/// A POSIX semaphore.
///
/// Unchecked: the pointer never changes, and the functions on what it points to are made for use by several threads.
private final class Semaphore: @unchecked Sendable {
    private let pointer = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(pointer, 0, 0) }

    deinit {
        sem_destroy(pointer)
        pointer.deallocate()
    }

    func signal() { sem_post(pointer) }

    func wait() { while sem_wait(pointer) != 0 && errno == EINTR {} }
}
