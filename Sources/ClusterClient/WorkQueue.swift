/// Keys to be reconciled: each at most once in the queue, and never by two workers at a time. A key added while it is worked on comes back afterwards.
///
/// Failures come back after a pause that doubles from 5 ms to 1,000 s, as in client-go's default rate limiter.
public actor WorkQueue {
    private var ready: [String] = []
    private var head = 0
    private var dirty: Set<String> = []
    private var processing: Set<String> = []
    private var failures: [String: Int] = [:]
    private var delayed: [String: ContinuousClock.Instant] = [:]
    private var waiters: [CheckedContinuation<String?, Never>] = []
    private var timer: (deadline: ContinuousClock.Instant, task: Task<Void, Never>)?
    private var isShutDown = false
    private let clock = ContinuousClock()

    public init() {}

    public var count: Int { ready.count - head }

    public func add(_ key: String) {
        guard !isShutDown, dirty.insert(key).inserted else { return }
        if !processing.contains(key) { offer(key) }
    }

    /// Adds a key from where one cannot wait, such as an informer's handler.
    public nonisolated func enqueue(_ key: String) { Task { await add(key) } }

    /// Adds a key later, unless it is due sooner already.
    public func add(_ key: String, after delay: Duration) {
        guard !isShutDown else { return }
        guard delay > .zero else { return add(key) }
        let due = clock.now + delay
        if let earlier = delayed[key], earlier <= due { return }
        delayed[key] = due
        arm()
    }

    /// Adds a key after its back-off.
    public func addRateLimited(_ key: String) {
        let count = failures[key, default: 0]
        failures[key] = count + 1
        let pause = min(Duration.milliseconds(5) * (1 << min(count, 18)), .seconds(1000))
        add(key, after: pause)
    }

    /// Forgets a key's failures, after a success.
    public func forget(_ key: String) { failures[key] = nil }

    /// The next key, or nil once the queue is shut down. Whoever takes one calls `done`.
    public func next() async -> String? {
        if isShutDown { return nil }
        if head < ready.count { return begin(popReady()) }
        return await withCheckedContinuation { waiters.append($0) }
    }

    public func done(_ key: String) {
        processing.remove(key)
        if dirty.contains(key), !isShutDown { offer(key) }
    }

    /// Ends the queue: waiting workers get nil.
    public func shutDown() {
        isShutDown = true
        timer?.task.cancel()
        timer = nil
        for waiter in waiters { waiter.resume(returning: nil) }
        waiters = []
    }

    // MARK: Parts

    private func offer(_ key: String) {
        if waiters.isEmpty {
            ready.append(key)
        } else {
            waiters.removeFirst().resume(returning: begin(key))
        }
    }

    private func begin(_ key: String) -> String {
        dirty.remove(key)
        processing.insert(key)
        return key
    }

    private func popReady() -> String {
        let key = ready[head]
        head += 1
        if head > 64, head * 2 > ready.count {
            ready.removeFirst(head)
            head = 0
        }
        return key
    }

    /// One timer for all delayed keys, set for the earliest: an idle queue costs nothing.
    private func arm() {
        guard let earliest = delayed.values.min() else { return }
        if let timer, timer.deadline <= earliest { return }
        timer?.task.cancel()
        let clock = clock
        timer = (
            earliest,
            Task { [weak self] in
                guard (try? await clock.sleep(until: earliest, tolerance: .milliseconds(1))) != nil else { return }
                await self?.fire()
            }
        )
    }

    private func fire() {
        timer = nil
        let now = clock.now
        for (key, due) in delayed where due <= now {
            delayed[key] = nil
            add(key)
        }
        arm()
    }
}
