import ObjectModel

/// The status that follows from a Deployment's sets.
struct DeploymentStatus {
    let deployment: Value
    let spec: DeploymentSpec
    let sets: [Value]
    let newSet: Value?
    let now: Timestamp

    /// Counts, and whether enough pods are available (`calculateStatus`).
    func counted() -> Value {
        let available = sets.total(\.availableReplicas)
        var status = deployment.status
        status.setCount("observedGeneration", deployment.generation)
        status.setCount("replicas", sets.total(\.actualReplicas))
        status.setCount("updatedReplicas", newSet?.actualReplicas ?? 0)
        status.setCount("readyReplicas", sets.total(\.readyReplicas))
        status.setCount("availableReplicas", available)
        status.setCount("unavailableReplicas", max(0, sets.total(\.replicas) - available))
        if sets.contains(where: { !$0.status["terminatingReplicas"].isNull }) || !deployment.status["terminatingReplicas"].isNull {
            status["terminatingReplicas"] = Value(sets.total { $0.status["terminatingReplicas"].int ?? 0 })
        }
        var conditions = status["conditions"].array
        let isAvailable = available >= spec.replicas - spec.maxUnavailable
        Conditions.set(
            isAvailable
                ? DeploymentModel.condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", now: now)
                : DeploymentModel.condition(
                    "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", now: now),
            in: &conditions)
        status["conditions"] = .array(conditions)
        return status
    }

    /// Counts, progress, and failures of sets (`syncRolloutStatus`).
    func rolledOut() -> Value {
        var status = counted()
        var conditions = status["conditions"].array
        if spec.progressDeadline == nil { Conditions.remove("Progressing", from: &conditions) }
        let current = deployment.condition("Progressing")
        let isDone = count(status, "replicas") == count(status, "updatedReplicas") && current?["reason"].string == "NewReplicaSetAvailable"
        if spec.progressDeadline != nil, !isDone { setProgress(status, current, &conditions) }
        let failures = (newSet.map { [$0] } ?? []) + sets
        if let failure = failures.lazy.compactMap({ $0.condition("ReplicaFailure") }).first {
            var condition = failure
            condition["lastUpdateTime"] = failure["lastTransitionTime"]
            Conditions.set(condition, in: &conditions)
        } else {
            Conditions.remove("ReplicaFailure", from: &conditions)
        }
        status["conditions"] = .array(conditions)
        return status
    }

    private func setProgress(_ status: Value, _ current: Value?, _ conditions: inout [Value]) {
        let subject = newSet.map { "ReplicaSet \"\($0.name)\"" } ?? "Deployment \"\(deployment.name)\""
        if isComplete(status) {
            Conditions.set(progressing("True", "NewReplicaSetAvailable", "\(subject) has successfully progressed."), in: &conditions)
        } else if isProgressing(status) {
            var condition = progressing("True", "ReplicaSetUpdated", "\(subject) is progressing.")
            // Progress made anew moves the update time even where nothing else changes: the deadline counts from it.
            if let current {
                if current["status"].string == "True" { condition["lastTransitionTime"] = current["lastTransitionTime"] }
                Conditions.remove("Progressing", from: &conditions)
            }
            Conditions.set(condition, in: &conditions)
        } else if isTimedOut(current) {
            Conditions.set(progressing("False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing."), in: &conditions)
        }
    }

    private func progressing(_ status: String, _ reason: String, _ message: String) -> Value {
        DeploymentModel.condition("Progressing", status, reason, message, now: now)
    }

    private func count(_ status: Value, _ field: String) -> Int { status[field].int ?? 0 }

    func isComplete(_ status: Value) -> Bool {
        count(status, "updatedReplicas") == spec.replicas && count(status, "replicas") == spec.replicas
            && count(status, "availableReplicas") == spec.replicas
            && count(status, "observedGeneration") >= deployment.generation
    }

    private func isProgressing(_ status: Value) -> Bool {
        let old = deployment.status
        return count(status, "updatedReplicas") > count(old, "updatedReplicas")
            || count(status, "replicas") - count(status, "updatedReplicas") < count(old, "replicas") - count(old, "updatedReplicas")
            || count(status, "readyReplicas") > count(old, "readyReplicas") || count(status, "availableReplicas") > count(old, "availableReplicas")
    }

    private func isTimedOut(_ current: Value?) -> Bool {
        guard let deadline = spec.progressDeadline, let current else { return false }
        switch current["reason"].string {
        case "NewReplicaSetAvailable": return false
        case "ProgressDeadlineExceeded": return true
        default: return (current["lastUpdateTime"].timestamp).map { $0 + deadline < now } ?? false
        }
    }

    /// When to look again, so that a rollout that is stuck is told of at its deadline; nil where nothing is waited for.
    func timeToDeadline(_ status: Value) -> Duration? {
        guard let deadline = spec.progressDeadline, let current = deployment.condition("Progressing"), !isComplete(status),
            current["reason"].string != "ProgressDeadlineExceeded", let since = current["lastUpdateTime"].timestamp
        else { return nil }
        // A second more: times are written without fractions.
        return max(.zero, since + deadline - now) + .seconds(1)
    }
}
