import Logging
import Synchronization

/// Keeps a store's history short: about the last five minutes, and no more than so many revisions. Sleeps while nothing is written.
public struct Compactor<C: Clock>: Sendable where C.Duration == Duration {
    private let store: any Store
    private let policy: CompactionPolicy
    private let clock: C
    private let logger: Logger

    public init(
        _ store: any Store, policy: CompactionPolicy = CompactionPolicy(), clock: C = ContinuousClock(), logger: Logger = Logger(label: "storage")
    ) {
        self.store = store
        self.policy = policy
        self.clock = clock
        self.logger = logger
    }

    private enum Wake { case timer, written }

    /// Compacts until cancelled, or until the store closes.
    public func run() async {
        let (wakes, wake) = AsyncStream.makeStream(of: Wake.self)
        let alarm = RevisionAlarm()
        store.subscribe { changes in
            if let last = changes.last, alarm.rings(at: last.revision) { wake.yield(.written) }
        }
        wake.yield(.written)
        await withTaskGroup(of: Void.self) { group in
            var history = RevisionHistory<C.Instant>()
            var isTimerSet = false
            for await reason in wakes {
                if reason == .timer { isTimerSet = false }
                history.note(store.revision, at: clock.now)
                let isDone = await compact(through: history.expired(at: clock.now, policy))
                if store.compactedRevision == store.revision {
                    alarm.set(store.revision + 1)
                } else {
                    if !isTimerSet {
                        isTimerSet = true
                        group.addTask {
                            try? await clock.sleep(for: policy.interval)
                            wake.yield(.timer)
                        }
                    }
                    // After a failure only the timer brings the next try.
                    if isDone { alarm.set(store.compactedRevision + policy.revisions + max(1, policy.revisions / 2)) }
                }
                if alarm.rings(at: store.revision) { wake.yield(.written) }
                if Task.isCancelled { break }
            }
            group.cancelAll()
        }
    }

    private func compact(through revision: Int64) async -> Bool {
        guard revision > store.compactedRevision else { return true }
        do {
            try await store.compact(through: revision)
            return true
        } catch {
            logger.log(level: error == .closed ? .debug : .warning, "history was not compacted", metadata: ["error": "\(error)"])
            return false
        }
    }
}

/// How much history stays.
public struct CompactionPolicy: Sendable {
    /// How long a change can be followed after it was made. Default five minutes, as long as upstream's.
    public var age: Duration

    /// More history than this goes sooner. Default 50,000.
    public var revisions: Int64

    /// The pause between two looks at the store. Default one minute.
    public var interval: Duration

    public init(age: Duration = .seconds(300), revisions: Int64 = 50_000, interval: Duration = .seconds(60)) {
        self.age = age
        self.revisions = revisions
        self.interval = interval
    }
}

/// Which revision was the latest when.
struct RevisionHistory<Instant: InstantProtocol> where Instant.Duration == Duration {
    private var samples: [(instant: Instant, revision: Int64)] = []

    mutating func note(_ revision: Int64, at instant: Instant) { samples.append((instant, revision)) }

    /// The revision through which nobody needs history. Forgets the samples that led to it.
    mutating func expired(at now: Instant, _ policy: CompactionPolicy) -> Int64 {
        guard let latest = samples.last?.revision else { return 0 }
        let old = samples.prefix { $0.instant.advanced(by: policy.age) <= now }
        let target = max(old.last?.revision ?? 0, latest - policy.revisions)
        samples.removeAll { $0.revision <= target }
        return target
    }
}

/// Rings once, when a revision is reached.
private final class RevisionAlarm: Sendable {
    private let revision = Atomic<Int64>(.max)

    func set(_ revision: Int64) { self.revision.store(revision, ordering: .sequentiallyConsistent) }

    func rings(at revision: Int64) -> Bool {
        let wanted = self.revision.load(ordering: .sequentiallyConsistent)
        guard revision >= wanted else { return false }
        return self.revision.compareExchange(expected: wanted, desired: .max, ordering: .sequentiallyConsistent).exchanged
    }
}
