import Synchronization

/// Something that is to be looked at once, however often it was said.
final class Flag: Sendable {
    private let isRaised = Atomic(false)

    func raise() { isRaised.store(true, ordering: .releasing) }

    /// Whether it was raised; it is down afterwards.
    func take() -> Bool { isRaised.exchange(false, ordering: .acquiring) }
}

/// Keys that wait for work, each once, and a signal that wakes the one worker. Changes that come while it works are merged into its next round.
final class PendingKeys: Sendable {
    private let keys = Mutex<Set<String>>([])
    private let stream: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    init() { (stream, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func insert(_ key: String) {
        let isFirst = keys.withLock { keys in
            defer { keys.insert(key) }
            return keys.isEmpty
        }
        if isFirst { signal.yield() }
    }

    /// Wakes the worker though there may be nothing new, such as to try again.
    func wake() { signal.yield() }

    /// All that waits; nothing waits afterwards.
    func take() -> Set<String> {
        keys.withLock { keys in
            defer { keys.removeAll(keepingCapacity: true) }
            return keys
        }
    }

    /// Wakes up whenever keys were added; ends with the task.
    var wakeUps: AsyncStream<Void> { stream }
}
