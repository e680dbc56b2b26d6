import ObjectModel

/// The statuses that a stand-in writes for one pod.
struct SimulatedPod {
    private let pod: Value

    init(_ pod: Value) { self.pod = pod }

    func running(on node: SimulatedNode, ip: String, at now: Timestamp) -> Value {
        let address = pod.spec["hostNetwork"].bool == true ? node.address : ip
        let time = Value.string(now.rfc3339)
        var status: Value = [
            "phase": "Running", "hostIP": .string(node.address), "hostIPs": [["ip": .string(node.address)]], "podIP": .string(address),
            "podIPs": [["ip": .string(address)]], "startTime": time, "qosClass": .string(QoSClass(pod).rawValue),
            "conditions": .array(
                ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady"].map {
                    ["type": .string($0), "status": "True", "lastProbeTime": nil, "lastTransitionTime": time]
                }),
            "containerStatuses": .array(statuses("containers") { _ in (["running": ["startedAt": time]], true) }),
        ]
        let initial = statuses("initContainers") { container in
            if container["restartPolicy"].string == "Always" { return (["running": ["startedAt": time]], true) }
            return (["terminated": Self.completed(from: time, to: time)], true)
        }
        if !initial.isEmpty { status["initContainerStatuses"] = .array(initial) }
        if pod.generation > 0 { status["observedGeneration"] = Value(pod.generation) }
        return status
    }

    func succeeded(at now: Timestamp) -> Value {
        let start = pod.status["startTime"]
        return [
            "phase": "Succeeded",
            "conditions": .array(
                ["Ready", "ContainersReady", "PodReadyToStartContainers"].map {
                    var condition: Value = ["type": .string($0), "status": "False", "lastTransitionTime": .string(now.rfc3339)]
                    if $0 != "PodReadyToStartContainers" { condition["reason"] = "PodCompleted" }
                    return condition
                }),
            "containerStatuses": .array(
                statuses("containers") { _ in (["terminated": Self.completed(from: start, to: .string(now.rfc3339))], false) }),
        ]
    }

    private static func completed(from start: Value, to end: Value) -> Value {
        ["exitCode": 0, "reason": "Completed", "startedAt": start, "finishedAt": end]
    }

    private func statuses(_ field: String, _ state: (Value) -> (state: Value, isReady: Bool)) -> [Value] {
        pod.spec[field].array.map { container in
            let (state, isReady) = state(container)
            let name = container["name"].string ?? ""
            return [
                "name": .string(name), "image": container["image"], "imageID": .string("simulated://" + (container["image"].string ?? "")),
                "containerID": .string("simulated://\(pod.uid)/\(name)"), "ready": .bool(isReady), "started": .bool(!state["running"].isNull),
                "restartCount": 0, "state": state, "lastState": [:],
            ]
        }
    }
}
