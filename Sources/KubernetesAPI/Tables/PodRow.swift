import ObjectModel

/// A pod's row, whose status is the most telling thing that can be said of its containers in a word.
struct PodRow {
    let row: TableRow

    var cells: [Value] {
        let (pod, spec, status) = (row.object, row.spec, row.status)
        let sidecars = Set(spec["initContainers"].array.filter { $0["restartPolicy"].string == "Always" }.compactMap { $0["name"].string })
        let statuses = status["containerStatuses"].array + status["initContainerStatuses"].array.filter { sidecars.contains($0["name"].string ?? "") }
        let ready = statuses.filter { $0["ready"].bool == true && $0["state"]["running"].isObject }.count
        let total = spec["containers"].array.count + sidecars.count
        let gates = spec["readinessGates"].array.compactMap { $0["conditionType"].string }
        let trueGates = gates.filter { gate in
            status["conditions"].array.contains { $0["type"].string == gate && $0["status"].string == "True" }
        }
        return [
            row.name, .string("\(ready)/\(total)"), .string(reason), .string(restarts(sidecars)), row.age, row.text(status["podIP"]),
            row.text(spec["nodeName"]), row.text(status["nominatedNodeName"]),
            .string(gates.isEmpty ? "<none>" : "\(trueGates.count)/\(gates.count)"),
        ].map { pod.isNull ? .null : $0 }
    }

    // MARK: Status

    private var reason: String {
        let (pod, status) = (row.object, row.status)
        var reason = status["reason"].string.flatMap { $0.isEmpty ? nil : $0 } ?? status["phase"].string ?? ""
        if status["conditions"].array.contains(where: { $0["type"].string == "PodScheduled" && $0["reason"].string == "SchedulingGated" }) {
            reason = "SchedulingGated"
        }
        if let initial = initReason {
            reason = initial
        } else if let main = mainReason {
            reason = main
        }
        if pod.isBeingDeleted { reason = status["reason"].string == "NodeLost" ? "Unknown" : isOver ? reason : "Terminating" }
        return reason
    }

    private var isOver: Bool { ["Succeeded", "Failed"].contains(row.status["phase"].string ?? "") }

    /// What the first init container that is not done says, if the pod still waits for it.
    private var initReason: String? {
        let specs = row.spec["initContainers"].array
        for (index, status) in row.status["initContainerStatuses"].array.enumerated() {
            let isSidecar = specs.first { $0["name"] == status["name"] }?["restartPolicy"].string == "Always"
            let state = status["state"]
            if state["terminated"].isObject, state["terminated"]["exitCode"].int == 0 { continue }
            if isSidecar, status["started"].bool == true { continue }
            if state["terminated"].isObject { return "Init:\(ended(state["terminated"]))" }
            if let waiting = state["waiting"]["reason"].string, !waiting.isEmpty, waiting != "PodInitializing" { return "Init:\(waiting)" }
            return "Init:\(index)/\(specs.count)"
        }
        return nil
    }

    /// The last word of the containers: the first of them that waits or ended has it.
    private var mainReason: String? {
        var reason: String?
        var isRunning = false
        for status in row.status["containerStatuses"].array.reversed() {
            let state = status["state"]
            if let waiting = state["waiting"]["reason"].string, !waiting.isEmpty {
                reason = waiting
            } else if state["terminated"].isObject {
                reason = ended(state["terminated"])
            } else if status["ready"].bool == true, state["running"].isObject {
                isRunning = true
            }
        }
        guard reason == "Completed", isRunning else { return reason }
        let isReady = row.status["conditions"].array.contains { $0["type"].string == "Ready" && $0["status"].string == "True" }
        return isReady ? "Running" : "NotReady"
    }

    private func ended(_ terminated: Value) -> String {
        if let reason = terminated["reason"].string, !reason.isEmpty { return reason }
        if let signal = terminated["signal"].int, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"].int ?? 0)"
    }

    // MARK: Restarts

    private func restarts(_ sidecars: Set<String>) -> String {
        let initial = row.status["initContainerStatuses"].array
        let isInitializing = initReason != nil
        let counted = isInitializing ? initial : row.status["containerStatuses"].array + initial.filter { sidecars.contains($0["name"].string ?? "") }
        let total = counted.reduce(0) { $0 + ($1["restartCount"].int ?? 0) }
        let last = counted.compactMap { Timestamp(rfc3339: $0["lastState"]["terminated"]["finishedAt"].string ?? "") }.max()
        guard total > 0, let last else { return String(total) }
        return "\(total) (\(HumanDuration.text(row.now - last)) ago)"
    }
}
