import Synchronization

/// The containers that the kernel killed something in for want of memory, by its own word.
///
/// The runtime tells of it too, but not always: it begins to listen when the container runs already, and gives up when the container's cgroup is
/// gone. The kernel's log is before it, and is still there when the agent starts anew; of more than ten kills in five seconds it keeps silent.
final class OutOfMemoryKills: Sendable {
    private struct Known {
        var containers: Set<String> = []
        var oldestFirst: [String] = []
    }

    /// Containers that are remembered; far more than a machine has.
    private static let capacity = 4_096

    private let known = Mutex(Known())

    func insert(_ containerID: String) {
        known.withLock { known in
            guard known.containers.insert(containerID).inserted else { return }
            known.oldestFirst.append(containerID)
            if known.oldestFirst.count > Self.capacity { known.containers.remove(known.oldestFirst.removeFirst()) }
        }
    }

    func contains(_ containerID: String) -> Bool { known.withLock { $0.containers.contains(containerID) } }
}
