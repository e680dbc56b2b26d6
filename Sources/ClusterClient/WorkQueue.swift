import Synchronization

/// Keys to be reconciled: each at most once in the queue, and never by two workers at a time. A key added while it is worked on comes back afterwards.
///
/// Failures come back after a pause that doubles from 5 ms to 1,000 s, as in client-go's default rate limiter.
public final class WorkQueue: Sendable {
    fileprivate struct State {
        var ready: [String] = []
        var head = 0

        /// Keys to be worked on, with when they were added; keys that are worked on, with since when.
        var dirty: [String: ContinuousClock.Instant] = [:]
        var processing: [String: ContinuousClock.Instant] = [:]
        var statistics = Statistics()
        var failures: [String: Int] = [:]
        var delayed: [String: ContinuousClock.Instant] = [:]
        var waiters: [CheckedContinuation<String?, Never>] = []
        var timer: (deadline: ContinuousClock.Instant, task: Task<Void, Never>)?
        var isShutDown = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Keys that wait for a worker.
    public var count: Int { state.withLock { $0.ready.count - $0.head } }

    public var statistics: Statistics {
        state.withLock { state in
            var statistics = state.statistics
            let now = ContinuousClock.now
            statistics.depth = state.ready.count - state.head
            for start in state.processing.values {
                statistics.unfinished += now - start
                statistics.longest = max(statistics.longest, now - start)
            }
            return statistics
        }
    }

    /// Adds a key, from anywhere.
    public func enqueue(_ key: String) {
        let handed = state.withLock { $0.add(key) }
        handed?.resume(returning: key)
    }

    public func add(_ key: String) async { enqueue(key) }

    /// Adds a key later, unless it is due sooner already.
    public func add(_ key: String, after delay: Duration) async { enqueue(key, after: delay) }

    public func enqueue(_ key: String, after delay: Duration) {
        guard delay > .zero else { return enqueue(key) }
        let due = ContinuousClock.now + delay
        state.withLock { state in
            guard !state.isShutDown else { return }
            if let earlier = state.delayed[key], earlier <= due { return }
            state.delayed[key] = due
            state.statistics.retries += 1
            arm(&state)
        }
    }

    /// Adds a key after its back-off.
    public func addRateLimited(_ key: String) async {
        let count = state.withLock { state in
            let count = state.failures[key, default: 0]
            state.failures[key] = count + 1
            return count
        }
        enqueue(key, after: min(Duration.milliseconds(5) * (1 << min(count, 18)), .seconds(1000)))
    }

    /// Forgets a key's failures, after a success.
    public func forget(_ key: String) async { state.withLock { $0.failures[key] = nil } }

    /// How often a key failed since it last succeeded.
    public func failures(_ key: String) -> Int { state.withLock { $0.failures[key] ?? 0 } }

    /// The next key, or nil once the queue is shut down. Whoever takes one calls `done`.
    public func next() async -> String? {
        await withCheckedContinuation { continuation in
            let (isDecided, key) = state.withLock { state -> (Bool, String?) in
                if state.isShutDown { return (true, nil) }
                if let key = state.popReady() { return (true, key) }
                state.waiters.append(continuation)
                return (false, nil)
            }
            if isDecided { continuation.resume(returning: key) }
        }
    }

    public func done(_ key: String) async {
        let handed = state.withLock { state -> CheckedContinuation<String?, Never>? in
            if let start = state.processing.removeValue(forKey: key) { state.statistics.works.observe(ContinuousClock.now - start) }
            return state.dirty[key] != nil && !state.isShutDown ? state.offer(key) : nil
        }
        handed?.resume(returning: key)
    }

    /// Ends the queue: waiting workers get nil.
    public func shutDown() async {
        let waiters = state.withLock { state in
            state.isShutDown = true
            state.timer?.task.cancel()
            state.timer = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    // MARK: Delays

    /// One timer for all delayed keys, set for the earliest: an idle queue costs nothing.
    private func arm(_ state: inout State) {
        guard let earliest = state.delayed.values.min() else { return }
        if let timer = state.timer, timer.deadline <= earliest { return }
        state.timer?.task.cancel()
        state.timer = (
            earliest,
            Task { [weak self] in
                guard (try? await ContinuousClock().sleep(until: earliest, tolerance: .milliseconds(1))) != nil else { return }
                self?.fire()
            }
        )
    }

    private func fire() {
        let now = ContinuousClock.now
        let due = state.withLock { state in
            state.timer = nil
            let due = state.delayed.filter { $0.value <= now }.keys
            for key in due { state.delayed[key] = nil }
            arm(&state)
            return Array(due)
        }
        for key in due { enqueue(key) }
    }
}

extension WorkQueue.State {
    /// The waiting worker to hand the key to, if one waits.
    fileprivate mutating func add(_ key: String) -> CheckedContinuation<String?, Never>? {
        guard !isShutDown, dirty[key] == nil else { return nil }
        dirty[key] = .now
        statistics.adds += 1
        return processing[key] == nil ? offer(key) : nil
    }

    fileprivate mutating func offer(_ key: String) -> CheckedContinuation<String?, Never>? {
        guard !waiters.isEmpty else {
            ready.append(key)
            return nil
        }
        begin(key)
        return waiters.removeFirst()
    }

    private mutating func begin(_ key: String) {
        let now = ContinuousClock.now
        if let added = dirty.removeValue(forKey: key) { statistics.waits.observe(now - added) }
        processing[key] = now
    }

    fileprivate mutating func popReady() -> String? {
        guard head < ready.count else { return nil }
        let key = ready[head]
        head += 1
        if head > 64, head * 2 > ready.count {
            ready.removeFirst(head)
            head = 0
        }
        begin(key)
        return key
    }
}
