/// The last verdicts of a pod's probes, by container ID: a new container starts with none.
struct ProbeResults: Sendable, Equatable {
    private var verdicts: [ProbeKind: [String: Bool]] = [:]

    /// True for success, false for failure, nil where there is no verdict yet.
    subscript(kind: ProbeKind, containerID: String) -> Bool? {
        get { verdicts[kind]?[containerID] }
        set { verdicts[kind, default: [:]][containerID] = newValue }
    }

    /// Keeps only the verdicts on containers that are still there.
    mutating func keep(_ containerIDs: Set<String>) {
        for kind in verdicts.keys { verdicts[kind]?.keys.filter { !containerIDs.contains($0) }.forEach { verdicts[kind]?[$0] = nil } }
    }

    /// Whether a running container has started: its startup probe, if it has one, succeeded.
    func hasStarted(_ container: ContainerSpec, _ id: String) -> Bool { !container.hasProbe(.startup) || self[.startup, id] == true }

    /// Whether a running container is ready: started, and its readiness probe, if it has one, succeeded.
    func isReady(_ container: ContainerSpec, _ id: String) -> Bool {
        hasStarted(container, id) && (!container.hasProbe(.readiness) || self[.readiness, id] == true)
    }
}
