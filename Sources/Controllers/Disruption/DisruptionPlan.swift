import ObjectModel

/// A budget's status, as a function of its pods.
struct DisruptionPlan {
    /// How many pods there should be is not known.
    struct Unknown: Error { let description: String }

    let status: Value

    /// Pods that were to go and did not.
    private(set) var overdue: [Value] = []

    /// When the next evicted pod counts as staying.
    private(set) var recheck: Duration?

    /// - Parameter expected: how many pods their owners ask for.
    init(_ budget: Value, pods: [Value], expected: Int, now: Timestamp) {
        let timeout = DisruptionController.deletionTimeout
        var disrupted: [String: Value] = [:]
        let evicted = budget.status["disruptedPods"]
        for pod in pods where !pod.isBeingDeleted {
            guard let time = evicted[pod.name].timestamp else { continue }
            if time + timeout < now {
                overdue.append(pod)
            } else {
                disrupted[pod.name] = .string(time.rfc3339)
                recheck = min(recheck ?? .seconds(3_600), time + timeout - now + .seconds(1))
            }
        }
        let healthy = pods.count { !$0.isBeingDeleted && disrupted[$0.name] == nil && $0.isReadyPod }
        let desired = Self.desired(budget, expected)
        let allowed = expected > 0 ? max(0, healthy - desired) : 0
        var status = budget.status
        status["currentHealthy"] = Value(healthy)
        status["desiredHealthy"] = Value(desired)
        status["expectedPods"] = Value(expected)
        status["disruptionsAllowed"] = Value(allowed)
        status["disruptedPods"] = disrupted.isEmpty ? .null : .object(Fields(disrupted.map { ($0.key, $0.value) }))
        status["observedGeneration"] = Value(budget.generation)
        Self.set(allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", "", in: &status, budget, now)
        self.status = status
    }

    private static func desired(_ budget: Value, _ expected: Int) -> Int {
        if !budget.spec["maxUnavailable"].isNull {
            return max(0, expected - DeploymentModel.scaled(budget.spec["maxUnavailable"], of: expected, roundsUp: true))
        }
        // Without either, one pod must stay.
        if budget.spec["minAvailable"].isNull { return 1 }
        return DeploymentModel.scaled(budget.spec["minAvailable"], of: expected, roundsUp: true)
    }

    /// Where nothing is known nothing is allowed.
    static func failed(_ budget: Value, _ error: Unknown, now: Timestamp) -> Value {
        var status = budget.status
        status["disruptionsAllowed"] = 0
        for field in ["currentHealthy", "desiredHealthy", "expectedPods"] where status[field].isNull { status[field] = 0 }
        status["observedGeneration"] = Value(budget.generation)
        set("False", "SyncFailed", error.description, in: &status, budget, now)
        return status
    }

    private static func set(_ value: String, _ reason: String, _ message: String, in status: inout Value, _ budget: Value, _ now: Timestamp) {
        let current = budget.condition("DisruptionAllowed")
        let since = current?["status"].string == value ? current?["lastTransitionTime"] : nil
        let condition: Value = [
            "type": "DisruptionAllowed", "status": .string(value), "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": since ?? .string(now.rfc3339), "observedGeneration": Value(budget.generation),
        ]
        status["conditions"] = .array(status["conditions"].array.filter { $0["type"].string != "DisruptionAllowed" } + [condition])
    }
}
