import ObjectModel
import Synchronization

/// Pods that were let go of, until the copy of the world shows it: they must not be counted twice.
final class ReleasedPods: Sendable {
    private let uids = Mutex<Set<String>>([])

    func willRelease(_ pod: Value) { uids.withLock { _ = $0.insert(pod.uid) } }

    /// The pod is seen without its finalizer, or could not be let go of.
    func sawRelease(of pod: Value) { uids.withLock { _ = $0.remove(pod.uid) } }

    func contains(_ pod: Value) -> Bool { uids.withLock { $0.contains(pod.uid) } }

    /// Those among `pods`.
    func among(_ pods: [Value]) -> Set<String> { uids.withLock { uids in Set(pods.lazy.map(\.uid).filter(uids.contains)) } }
}

/// What several tasks got done.
final class Outcome: Sendable {
    private let done = Mutex<[Value]>([])

    func add(_ object: Value) { done.withLock { $0.append(object) } }

    var all: [Value] { done.withLock { $0 } }
}
