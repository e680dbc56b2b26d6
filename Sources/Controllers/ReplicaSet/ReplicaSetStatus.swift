import ObjectModel

/// Counts a set's pods.
enum ReplicaSetStatus {
    /// The status that follows from the pods, and from the failure to make or delete some. Without `observedGeneration`, which the writer sets.
    static func of(_ set: Value, active: [Value], terminating: [Value], failure: (any Error)?, now: Timestamp) -> Value {
        let template = LabelSelector(matchLabels: set.spec["template"].labels)
        let minReadySeconds = set.spec["minReadySeconds"].int ?? 0
        var status = set.status
        status["replicas"] = Value(active.count)
        status.setCount("fullyLabeledReplicas", active.count { template.matches($0) })
        status.setCount("readyReplicas", active.count(where: \.isReadyPod))
        status.setCount("availableReplicas", active.count { $0.isAvailablePod(minReadySeconds: minReadySeconds, now: now) })
        if set.kind == "ReplicaSet" { status["terminatingReplicas"] = Value(terminating.count) }
        var conditions = status["conditions"].array
        let failed = conditions.contains { $0["type"] == "ReplicaFailure" }
        if let failure, !failed {
            let isCreation = active.count < set.spec["replicas"].int ?? 1
            conditions.append([
                "type": "ReplicaFailure", "status": "True", "reason": isCreation ? "FailedCreate" : "FailedDelete", "message": .string("\(failure)"),
                "lastTransitionTime": .string(now.rfc3339),
            ])
        } else if failure == nil, failed {
            Conditions.remove("ReplicaFailure", from: &conditions)
        }
        status["conditions"] = conditions.isEmpty ? .null : .array(conditions)
        return status
    }
}
