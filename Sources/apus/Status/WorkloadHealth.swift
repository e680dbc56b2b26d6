import ObjectModel

/// What is not as someone asked for, from the objects alone.
enum WorkloadHealth {
    /// - Parameters:
    ///   - controllers: Deployments, StatefulSets, DaemonSets and Jobs.
    static func examine(controllers: [Value], pods: [Value]) -> ClusterStatus.Workloads {
        var workloads = ClusterStatus.Workloads()
        for object in controllers where !object.isBeingDeleted {
            workloads.count += 1
            if let problem = problem(object) { workloads.wanting.append(("\(object.kind.lowercased()) \(object.key)", problem)) }
        }
        for pod in pods where !pod.isBeingDeleted {
            // The pods of a controller are counted there, but why they do not run is told only here.
            let isOwned = !pod["metadata"]["ownerReferences"].array.isEmpty
            if !isOwned { workloads.count += 1 }
            if let problem = trouble(pod) { workloads.wanting.append(("pod \(pod.key)", problem)) }
        }
        workloads.wanting.sort { $0.name < $1.name }
        return workloads
    }

    private static func problem(_ object: Value) -> String? {
        let (spec, status) = (object["spec"], object["status"])
        switch object.kind {
        case "DaemonSet":
            return short(status["numberReady"].integer ?? 0, of: status["desiredNumberScheduled"].integer ?? 0)
        case "Job":
            let failed = status["conditions"].array.first { $0["type"].string == "Failed" && $0["status"].string == "True" }
            return failed.map { "failed: \($0["reason"].string ?? "")" }
        default:
            if spec["paused"].bool == true { return nil }
            return short(status["readyReplicas"].integer ?? 0, of: spec["replicas"].integer ?? 1)
        }
    }

    private static func short(_ ready: Int64, of wanted: Int64) -> String? { ready < wanted ? "\(ready) of \(wanted) ready" : nil }

    /// What keeps a pod from running, where it is more than a matter of a moment.
    private static func trouble(_ pod: Value) -> String? {
        let status = pod["status"]
        if status["phase"].string == "Failed" { return "failed\(status["reason"].string.map { ": \($0)" } ?? "")" }
        let unscheduled = status["conditions"].array.first { $0["type"].string == "PodScheduled" && $0["status"].string == "False" }
        if let unscheduled { return "not scheduled: \(unscheduled["message"].string ?? unscheduled["reason"].string ?? "")" }
        for container in status["initContainerStatuses"].array + status["containerStatuses"].array {
            guard let reason = container["state"]["waiting"]["reason"].string, !["ContainerCreating", "PodInitializing"].contains(reason) else {
                continue
            }
            return "\(container["name"].string ?? "container"): \(reason)"
        }
        return nil
    }
}
