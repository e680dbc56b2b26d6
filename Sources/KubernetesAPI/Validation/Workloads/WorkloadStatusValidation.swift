import ObjectModel

/// The rules of the numbers that workloads' statuses tell.
enum WorkloadStatusValidation {
    static let rules: [String: KindValidation.Rules] = [
        "replicationcontrollers:status": { replicas($0["status"], ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], $1) },
        "apps/replicasets:status": { replicas($0["status"], ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], $1) },
        "apps/deployments:status": {
            replicas($0["status"], ["updatedReplicas", "readyReplicas", "availableReplicas"], $1)
            $0["status"]["unavailableReplicas"].nonNegative()
            collisions($0["status"], $1)
        },
        "apps/statefulsets:status": {
            replicas(
                $0["status"], ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"], $1, ready: "status.readyReplicas")
            collisions($0["status"], $1)
        },
        "apps/daemonsets:status": {
            numbers(
                $0["status"],
                [
                    "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
                    "updatedNumberScheduled", "numberAvailable", "numberUnavailable",
                ])
            collisions($0["status"], $1)
        },
        "batch/jobs:status": JobStatusValidation.check,
        "policy/poddisruptionbudgets:status": { budget, _ in
            budget["status"].standardConditions()
            numbers(budget["status"], ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"])
        },
        "autoscaling/horizontalpodautoscalers:status": { scaler, _ in numbers(scaler["status"], ["currentReplicas", "desiredReplicas"]) },
        "flowcontrol.apiserver.k8s.io/flowschemas:status": { schema, _ in FlowControlValidation.conditions(schema["status"]) },
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations:status": { level, _ in FlowControlValidation.conditions(level["status"]) },
    ]

    private static func numbers(_ status: Field, _ names: [String]) { for name in names { status[name].nonNegative() } }

    /// No part of the replicas is more than all, and none is available that isn't ready.
    private static func replicas(_ status: Field, _ parts: [String], _ old: Field?, ready: String = "readyReplicas") {
        numbers(status, ["replicas"] + parts + ["terminatingReplicas", "observedGeneration"])
        let all = status["replicas"].number
        for part in parts where status[part].number > all { status[part].refuse("cannot be greater than status.replicas") }
        if status["availableReplicas"].number > status["readyReplicas"].number {
            status["availableReplicas"].refuse("cannot be greater than \(ready)")
        }
    }

    private static func collisions(_ status: Field, _ old: Field?) {
        status["collisionCount"].nonNegative()
        guard let before = old?["status"].value["collisionCount"].integer else { return }
        let now = status["collisionCount"]
        if now.isAbsent || now.number < before { now.refuse("cannot be decremented") }
    }
}
