import ClusterClient
import ObjectModel
import Synchronization

/// What a controller wrote for each of its keys, until its copy of the world shows it: deciding on an older copy would write it twice.
final class WrittenObjects: Sendable {
    private struct Pending {
        /// Resource versions of created and updated objects by key; nil for deleted ones.
        var versions: [String: UInt64?] = [:]
        var since = ContinuousClock.now
    }

    private let pending = Mutex<[String: Pending]>([:])

    /// After this long the copy counts as true, whatever it shows.
    private static let timeout = Duration.seconds(10)

    func wrote(_ object: Value, for key: String) {
        let version = UInt64(object.resourceVersion) ?? 0
        pending.withLock {
            $0[key, default: Pending()].versions[object.key] = .some(version)
            $0[key]?.since = .now
        }
    }

    func deleted(_ object: Value, for key: String) {
        pending.withLock {
            $0[key, default: Pending()].versions[object.key] = .some(nil)
            $0[key]?.since = .now
        }
    }

    /// True once `informer` shows all that was written for `key`.
    func isVisible(_ key: String, in informer: Informer) -> Bool {
        guard let entry = pending.withLock({ $0[key] }) else { return true }
        let isVisible = entry.versions.allSatisfy { object, version in
            let copy = informer.get(object)
            guard let version else { return copy == nil }
            return copy.map { (UInt64($0.resourceVersion) ?? 0) >= version } ?? false
        }
        guard isVisible || ContinuousClock.now - entry.since > Self.timeout else { return false }
        pending.withLock { $0[key] = nil }
        return true
    }

    /// An object is gone: nothing more is expected of it.
    func sawDeletion(of object: Value, for key: String) {
        pending.withLock { pending in
            guard var entry = pending[key] else { return }
            entry.versions[object.key] = nil
            pending[key] = entry.versions.isEmpty ? nil : entry
        }
    }
}
