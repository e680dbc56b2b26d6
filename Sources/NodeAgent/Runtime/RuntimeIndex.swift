import Synchronization

/// Leads from the ids of containers and sandboxes to whoever looks after them.
final class RuntimeIndex: Sendable {
    private let owners = Mutex<[String: PodWorker]>([:])

    func register(_ id: String, to worker: PodWorker) { owners.withLock { $0[id] = worker } }

    func forget(_ ids: some Sequence<String>) { owners.withLock { for id in ids { $0[id] = nil } } }

    func owner(of id: String) -> PodWorker? { owners.withLock { $0[id] } }
}
