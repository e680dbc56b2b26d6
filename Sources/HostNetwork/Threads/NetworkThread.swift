import CNFTables
import Glibc
import Synchronization

/// A thread of its own that runs an actor's jobs one after the other, if wanted inside another network namespace.
///
/// A thread's network namespace decides what its sockets and its `/proc/sys/net` mean, and libnftables blocks: both are reasons to stay off the
/// shared thread pool. Actors give it as their executor.
public final class NetworkThread: SerialExecutor {
    enum Namespace: Sendable {
        case own
        case existing(path: String)

        /// One that nobody else is in; it lives as long as a thread or a file refers to it.
        case new
    }

    private let queue = JobQueue()

    /// Starts the thread. `networkNamespace` is the path of a namespace's file, such as `/run/netns/blue`; nil means the process's own.
    public convenience init(name: String, networkNamespace: String? = nil) throws {
        self.init()
        _ = try start(name: name, namespace: networkNamespace.map(Namespace.existing) ?? .own)
    }

    /// Not started yet: `start` follows.
    init() {}

    deinit { queue.stop() }

    /// Starts the thread, once, and answers the kernel's number of it.
    func start(name: String, namespace: Namespace) throws -> Int32 {
        let start = ThreadStart(queue: queue, executor: asUnownedSerialExecutor(), name: name, namespace: namespace)
        var thread = pthread_t()
        let argument = Unmanaged.passRetained(start).toOpaque()
        let result = pthread_create(&thread, nil, { networkThreadMain($0) }, argument)
        guard result == 0 else {
            Unmanaged<ThreadStart>.fromOpaque(argument).release()
            throw HostNetworkError("starting thread \(name)", errno: result)
        }
        pthread_detach(thread)
        start.started.wait()
        if let error = start.error { throw error }
        return start.threadID
    }

    public func enqueue(_ job: consuming ExecutorJob) { queue.push(UnownedJob(job)) }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// What the new thread needs to begin, and what it answers: it writes before it signals `started`, its maker reads after.
private final class ThreadStart {
    let queue: JobQueue
    let executor: UnownedSerialExecutor
    let name: String
    let namespace: NetworkThread.Namespace
    let started = Semaphore()
    var error: HostNetworkError?
    var threadID: Int32 = 0

    /// CLONE_NEWNET
    private static let networkKind: Int32 = 0x4000_0000

    init(queue: JobQueue, executor: UnownedSerialExecutor, name: String, namespace: NetworkThread.Namespace) {
        self.queue = queue
        self.executor = executor
        self.name = name
        self.namespace = namespace
    }

    /// Moves the calling thread into the namespace.
    func enterNamespace() {
        switch namespace {
        case .own: break
        case .new:
            if unshare(Self.networkKind) != 0 { error = HostNetworkError("making a network namespace", errno: errno) }
        case .existing(let path):
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                error = HostNetworkError("opening network namespace \(path)", errno: errno)
                return
            }
            defer { close(file) }
            if setns(file, Self.networkKind) != 0 { error = HostNetworkError("entering network namespace \(path)", errno: errno) }
        }
    }
}

private func networkThreadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    _ = pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
    start.enterNamespace()
    start.threadID = gettid()
    let queue = start.queue
    let executor = start.executor
    let failed = start.error != nil
    start.started.signal()
    guard !failed else { return nil }
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
