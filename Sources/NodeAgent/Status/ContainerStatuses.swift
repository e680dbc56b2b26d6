import ObjectModel

/// Makes `containerStatuses` and its siblings.
struct ContainerStatuses {
    let input: StatusInput

    func values(_ containers: [ContainerSpec], field: String) -> [Value] {
        containers.map { status($0, old: input.previous[field].array.first { [name = $0.name] in $0["name"].string == name }) }
    }

    private func status(_ container: ContainerSpec, old: Value?) -> Value {
        guard let latest = input.observation.latest(container.name) else { return unseen(container, old) }
        var state = state(of: latest, old: old)
        var lastState = input.observation.previous(container.name).map { terminated($0) } ?? old?["lastState"] ?? [:]
        if lastState["terminated"]["containerID"].string == containerID(latest.id) { lastState = [:] }
        if let waiting = input.waiting[container.name], willStart(container, latest) {
            if !state["terminated"].isNull { lastState = state }
            state = ["waiting": waiting.value]
        }
        return assembled(
            container, state: state, lastState: lastState, restartCount: max(latest.attempt, old?["restartCount"].int ?? 0), record: latest)
    }

    private func containerID(_ id: String) -> String { "containerd://\(id)" }

    // MARK: A container that the runtime does not know

    private func unseen(_ container: ContainerSpec, _ old: Value?) -> Value {
        let restartCount = old?["restartCount"].int ?? 0
        if let old, !old["state"]["terminated"].isNull, input.waiting[container.name] == nil { return old }
        var lastState = old?["lastState"] ?? [:]
        if let old, !old["state"]["running"].isNull {
            // It ran, and no trace of it is left.
            let lost: Value = [
                "terminated": [
                    "exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": nil, "finishedAt": nil,
                    "message": .string(
                        input.isEnding
                            ? "The container could not be located when the pod was terminated"
                            : "The container could not be located when the pod was deleted.  The container used to be Running"),
                ]
            ]
            if input.isEnding { return assembled(container, state: lost, lastState: lastState, restartCount: restartCount, record: nil) }
            lastState = lost
        }
        if let old, !old["state"]["terminated"].isNull { lastState = old["state"] }
        if input.isEnding, container.role != .ephemeral {
            let state: Value = [
                "terminated": [
                    "exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": nil, "finishedAt": nil,
                    "message": "The container could not be located when the pod was terminated",
                ]
            ]
            return assembled(container, state: state, lastState: lastState, restartCount: restartCount, record: nil)
        }
        let waits = input.waiting[container.name] ?? defaultWaiting
        return assembled(container, state: ["waiting": waits.value], lastState: lastState, restartCount: restartCount, record: nil)
    }

    private var defaultWaiting: WaitingReason {
        WaitingReason(reason: input.pod.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing", message: "")
    }

    // MARK: States

    private func state(of record: ContainerRecord, old: Value?) -> Value {
        switch record.state {
        case .created: return ["waiting": defaultWaiting.value]
        case .running: return ["running": ["startedAt": .string((record.startedAt ?? record.createdAt).rfc3339)]]
        case .exited: return terminated(record)
        case .unknown:
            return [
                "terminated": [
                    "exitCode": 137, "reason": "ContainerStatusUnknown", "startedAt": nil, "finishedAt": nil,
                    "containerID": .string(containerID(record.id)), "message": "The container could not be located when the pod was terminated",
                ]
            ]
        }
    }

    private func terminated(_ record: ContainerRecord) -> Value {
        guard record.state == .exited else { return [:] }
        var terminated: Value = [
            "exitCode": Value(record.exitCode),
            "reason": .string(record.reason.isEmpty ? (record.exitCode == 0 ? "Completed" : "Error") : record.reason),
            "startedAt": .string((record.startedAt ?? Timestamp(seconds: 0)).rfc3339),
            "finishedAt": .string((record.finishedAt ?? Timestamp(seconds: 0)).rfc3339), "containerID": .string(containerID(record.id)),
        ]
        if !record.message.isEmpty { terminated["message"] = .string(record.message) }
        return ["terminated": terminated]
    }

    private func willStart(_ container: ContainerSpec, _ record: ContainerRecord) -> Bool {
        if input.isEnding { return false }
        if container.role == .ephemeral { return record.state == .created }
        if container.role == .initial { return input.pod.retriesInit(container, after: record) && record.state != .running }
        return input.pod.restarts(container, after: record)
    }

    // MARK: Putting it together

    private func assembled(_ container: ContainerSpec, state: Value, lastState: Value, restartCount: Int, record: ContainerRecord?) -> Value {
        let isRunning = !state["running"].isNull
        let hasStarted = isRunning && (record.map { input.probes.hasStarted(container, $0.id) } ?? false)
        let isReady: Bool
        if container.role == .initial, !container.isSidecar {
            isReady = state["terminated"]["exitCode"].int == 0
        } else {
            isReady = isRunning && container.role != .ephemeral && (record.map { input.probes.isReady(container, $0.id) } ?? false)
        }
        var status: Value = [
            "name": .string(container.name), "state": state, "lastState": lastState, "ready": .bool(isReady), "restartCount": Value(restartCount),
            "image": .string(record.map { $0.image.isEmpty ? container.image : $0.image } ?? container.image),
            "imageID": .string(record?.imageID ?? ""),
        ]
        if container.role != .ephemeral { status["started"] = .bool(hasStarted && (container.role == .main || container.isSidecar)) }
        if let record { status["containerID"] = .string(containerID(record.id)) }
        let granted = input.allocation?.allocated[container.name] ?? container.object["resources"]
        let resources = input.allocation?.running(container.name) ?? granted
        if record != nil, container.role != .ephemeral, !(container.role == .initial && !container.isSidecar) {
            if granted["requests"].isObject { status["allocatedResources"] = granted["requests"] }
            status["resources"] = resources.isObject ? resources : [:]
        }
        if let user = record?.user, !user.isNull { status["user"] = user }
        let mounts = volumeMounts(container)
        if record != nil, !mounts.isEmpty { status["volumeMounts"] = .array(mounts) }
        return status
    }

    private func volumeMounts(_ container: ContainerSpec) -> [Value] {
        container.object["volumeMounts"].array.map { mount in
            var status: Value = ["name": mount["name"], "mountPath": mount["mountPath"]]
            if mount["readOnly"].bool == true {
                status["readOnly"] = true
                status["recursiveReadOnly"] = "Disabled"
            }
            return status
        }
    }
}
