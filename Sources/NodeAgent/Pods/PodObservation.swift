import ObjectModel

/// What the container runtime knows of one pod: the planner's and the status's view of CRI, rebuilt from labels and annotations at any time.
struct PodObservation: Sendable, Equatable {
    /// Newest first.
    var sandboxes: [SandboxRecord] = []

    /// Newest first.
    var containers: [ContainerRecord] = []

    /// The sandbox that the pod runs in, ready or not.
    var sandbox: SandboxRecord? { sandboxes.first }

    /// The latest container of a name.
    func latest(_ name: String) -> ContainerRecord? { containers.first { $0.name == name } }

    /// The one before the latest.
    func previous(_ name: String) -> ContainerRecord? { containers.lazy.filter { $0.name == name }.dropFirst().first }

    var hasRunningContainer: Bool { containers.contains { $0.state == .running } }

    var isEmpty: Bool { sandboxes.isEmpty && containers.isEmpty }

    /// Puts or replaces one container, keeping the order.
    mutating func put(_ record: ContainerRecord) {
        containers.removeAll { $0.id == record.id }
        let position = containers.firstIndex { $0.createdAt <= record.createdAt } ?? containers.endIndex
        containers.insert(record, at: position)
    }

    mutating func put(_ record: SandboxRecord) {
        sandboxes.removeAll { $0.id == record.id }
        let position = sandboxes.firstIndex { $0.createdAt <= record.createdAt } ?? sandboxes.endIndex
        sandboxes.insert(record, at: position)
    }
}

/// A pod sandbox as CRI tells of it.
struct SandboxRecord: Sendable, Equatable {
    var id: String
    var attempt: Int
    var isReady: Bool
    var createdAt: Timestamp
    var ips: [String] = []
    var usesHostNetwork = false
}

/// A container as CRI tells of it.
struct ContainerRecord: Sendable, Equatable {
    enum State: Sendable { case created, running, exited, unknown }

    var id: String
    var name: String

    /// How often a container of this name was started before: the restart count.
    var attempt: Int
    var state: State
    var createdAt: Timestamp
    var startedAt: Timestamp?
    var finishedAt: Timestamp?
    var exitCode = 0
    var reason = ""
    var message = ""

    /// The image as the spec named it, and what it resolved to.
    var image = ""
    var imageID = ""

    /// `ContainerHash` of the spec that it was made from; empty where it carries none.
    var hash = ""
    var logPath = ""
    var sandboxID = ""

    /// Number of the process on this machine, for as long as it runs; 0 where the runtime does not tell.
    var pid: Int32 = 0

    /// `status.user` of the container: `{"linux": {uid, gid, supplementalGroups}}`.
    var user: Value = .null
}
