import ObjectModel
import Synchronization

/// What a controller did and its copy of the world does not show yet. Until it does, the controller must not count again, or it would do it twice.
///
/// As upstream's `UIDTrackingControllerExpectations`: an expectation that is not met within five minutes is dropped.
final class Expectations: Sendable {
    private struct Pending {
        var creations = 0
        var deletions: Set<String> = []
        var since: ContinuousClock.Instant
    }

    private let pending = Mutex<[String: Pending]>([:])
    private static let timeout = Duration.seconds(300)

    /// True once everything that was expected for `key` was seen, or will not be.
    func isSatisfied(_ key: String) -> Bool {
        pending.withLock { pending in
            guard let entry = pending[key] else { return true }
            if entry.creations <= 0, entry.deletions.isEmpty || ContinuousClock.now - entry.since > Self.timeout {
                pending[key] = nil
                return true
            }
            return ContinuousClock.now - entry.since > Self.timeout
        }
    }

    /// Call before creating.
    func expectCreations(_ key: String, _ count: Int) {
        pending.withLock { $0[key, default: Pending(since: .now)].creations += count }
    }

    /// Call before deleting; `uids` are those of the objects.
    func expectDeletions(_ key: String, _ uids: some Sequence<String>) {
        pending.withLock { $0[key, default: Pending(since: .now)].deletions.formUnion(uids) }
    }

    /// A creation was seen, or failed.
    func creationObserved(_ key: String, _ count: Int = 1) {
        pending.withLock { pending in
            guard var entry = pending[key] else { return }
            entry.creations = max(0, entry.creations - count)
            pending[key] = entry
        }
    }

    /// A deletion was seen, or failed.
    func deletionObserved(_ key: String, _ uid: String) {
        pending.withLock { _ = $0[key]?.deletions.remove(uid) }
    }

    func forget(_ key: String) { pending.withLock { $0[key] = nil } }
}
