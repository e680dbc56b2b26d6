import ObjectModel

/// The conditions that a node writes into a pod's status. Others' conditions, such as those of readiness gates, are not touched.
struct PodConditions {
    struct Condition: Equatable {
        var type: String
        var isTrue: Bool
        var reason = ""
        var message = ""

        /// The generation that it tells of, where that is not the pod's present one.
        var generation: Int?
    }

    let pod: Pod
    let phase: PodPhase
    let initial: [Value]
    let main: [Value]

    /// The sandbox stands and has its network.
    let hasSandbox: Bool

    /// Conditions of others, for the readiness gates.
    let previous: [Value]

    var all: [Condition] {
        let containersReady = containersReady
        return [
            Condition(type: "PodReadyToStartContainers", isTrue: hasSandbox), initialized, ready(containersReady), containersReady,
            Condition(type: "PodScheduled", isTrue: true),
        ]
    }

    // MARK: Each

    private var initialized: Condition {
        let type = "Initialized"
        if main.contains(where: Self.hasRun) { return Condition(type: type, isTrue: true, reason: phase == .succeeded ? "PodCompleted" : "") }
        var incomplete: [String] = []
        for (container, status) in zip(pod.initContainers, initial) {
            let isThrough = container.isSidecar ? status["started"].bool == true : status["ready"].bool == true
            if !isThrough { incomplete.append(container.name) }
        }
        if phase == .succeeded { return Condition(type: type, isTrue: true, reason: "PodCompleted") }
        guard !incomplete.isEmpty else { return Condition(type: type, isTrue: true) }
        return Condition(
            type: type, isTrue: false, reason: "ContainersNotInitialized",
            message: "containers with incomplete status: [\(incomplete.joined(separator: " "))]")
    }

    private static func hasRun(_ status: Value) -> Bool {
        !status["state"]["running"].isNull || !status["state"]["terminated"].isNull || !status["lastState"]["terminated"].isNull
    }

    private var containersReady: Condition {
        let type = "ContainersReady"
        if phase == .succeeded { return Condition(type: type, isTrue: false, reason: "PodCompleted") }
        if phase == .failed { return Condition(type: type, isTrue: false, reason: "PodFailed") }
        let sidecars = zip(pod.initContainers, initial).filter { $0.0.isSidecar }.map { $0.1 }
        let unready = (sidecars + main).filter { $0["ready"].bool != true }.compactMap { $0["name"].string }
        guard !unready.isEmpty else { return Condition(type: type, isTrue: true) }
        return Condition(
            type: type, isTrue: false, reason: "ContainersNotReady", message: "containers with unready status: [\(unready.joined(separator: " "))]")
    }

    private func ready(_ containersReady: Condition) -> Condition {
        var condition = containersReady
        condition.type = "Ready"
        guard condition.isTrue else { return condition }
        var unmet: [String] = []
        for gate in pod.spec["readinessGates"].array.compactMap({ $0["conditionType"].string }) {
            switch previous.first(where: { $0["type"].string == gate })?["status"].string {
            case nil: unmet.append("corresponding condition of pod readiness gate \"\(gate)\" does not exist.")
            case "True": continue
            case let status?: unmet.append("the status of pod readiness gate \"\(gate)\" is not \"True\", but \(status)")
            }
        }
        guard !unmet.isEmpty else { return condition }
        return Condition(type: "Ready", isTrue: false, reason: "ReadinessGatesNotReady", message: unmet.joined(separator: ", "))
    }
}

extension PodConditions.Condition {
    /// As the status lists it; the transition time moves only with the status.
    func value(previous: [Value], generation: Int, now: Timestamp) -> Value {
        let old = previous.first { $0["type"].string == type }
        let status = isTrue ? "True" : "False"
        let since = old?["status"].string == status ? old?["lastTransitionTime"].string : nil
        var value: Value = ["type": .string(type), "status": .string(status), "lastTransitionTime": .string(since ?? now.rfc3339)]
        var fields = value.fields
        fields["lastProbeTime"] = .some(.null)
        if !reason.isEmpty { fields["reason"] = .string(reason) }
        if !message.isEmpty { fields["message"] = .string(message) }
        let generation = self.generation ?? generation
        if generation > 0 { fields["observedGeneration"] = Value(generation) }
        value = .object(fields)
        return value
    }
}
