import ObjectModel

/// A pod as the node agent reads it, in place.
struct Pod: Sendable, Equatable {
    let object: Value

    init(_ object: Value) { self.object = object }

    var name: String { object.name }
    var namespace: String { object.namespace }
    var uid: String { object.uid }
    var key: String { object.key }
    var spec: Value { object.spec }
    var status: Value { object.status }

    /// `name_namespace(uid)`: how upstream names a pod in messages.
    var formatted: String { "\(name)_\(namespace)(\(uid))" }

    var restartPolicy: RestartPolicy { RestartPolicy(rawValue: spec["restartPolicy"].string ?? "") ?? .always }

    enum RestartPolicy: String, Sendable { case always = "Always", onFailure = "OnFailure", never = "Never" }

    // MARK: Containers

    var containers: [ContainerSpec] { containers("containers", .main) }
    var initContainers: [ContainerSpec] { containers("initContainers", .initial) }
    var ephemeralContainers: [ContainerSpec] { containers("ephemeralContainers", .ephemeral) }
    var allContainers: [ContainerSpec] { initContainers + containers + ephemeralContainers }

    private func containers(_ field: String, _ role: ContainerSpec.Role) -> [ContainerSpec] {
        spec[field].array.enumerated().map { ContainerSpec(object: $1, role: role, index: $0) }
    }

    func container(named name: String) -> ContainerSpec? { allContainers.first { $0.name == name } }

    // MARK: Namespaces of the machine

    var usesHostNetwork: Bool { spec["hostNetwork"].bool == true }
    var usesHostPID: Bool { spec["hostPID"].bool == true }
    var usesHostIPC: Bool { spec["hostIPC"].bool == true }
    var sharesProcessNamespace: Bool { spec["shareProcessNamespace"].bool == true }

    // MARK: Ending

    var isBeingDeleted: Bool { object.isBeingDeleted }

    /// Time for containers to end by themselves: what the deletion says, else what the spec says, else 30 s.
    var gracePeriod: Duration {
        if isBeingDeleted, let seconds = object.metadata["deletionGracePeriodSeconds"].integer { return .seconds(seconds) }
        return .seconds(spec["terminationGracePeriodSeconds"].integer ?? 30)
    }

    /// True for `Succeeded` and `Failed`: nothing of it will ever run again.
    var isTerminal: Bool {
        let phase = status["phase"].string
        return phase == "Succeeded" || phase == "Failed"
    }

    /// The moment after which the pod has had its time (`activeDeadlineSeconds` after it started).
    var activeDeadline: Timestamp? {
        guard let seconds = spec["activeDeadlineSeconds"].integer, let start = status["startTime"].string.flatMap(Timestamp.init(rfc3339:)) else {
            return nil
        }
        return start + .seconds(seconds)
    }
}
