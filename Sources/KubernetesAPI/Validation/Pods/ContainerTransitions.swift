import ObjectModel

/// A container that ended for good does not run again.
enum ContainerTransitions {
    static func check(_ pod: Field, _ old: Field) {
        let (status, before) = (pod["status"], old["status"])
        let spec = pod.value["spec"]
        for (list, containers) in [
            ("containerStatuses", "containers"), ("initContainerStatuses", "initContainers"), ("ephemeralContainerStatuses", ""),
        ] {
            let ended = before.value[list].array.enumerated().filter { !$0.element["state"]["terminated"].isNull }
            if ended.isEmpty { continue }
            let runsAgain = status.value[list].array.filter { $0["state"]["terminated"].isNull }.map { $0["name"] }
            for (index, last) in ended where runsAgain.contains(last["name"]) {
                let container = containers.isEmpty ? .null : spec[containers].array.first { $0["name"] == last["name"] } ?? .null
                if !containers.isEmpty, mayRestart(container, spec, last["state"]["terminated"]["exitCode"].integer ?? 0) { continue }
                status[list].element(index)["state"].forbid("may not be transitioned to non-terminated state")
            }
        }
    }

    /// Its own rules decide first, then its own policy, then the pod's. Where one container's end restarts all, all may run again.
    private static func mayRestart(_ container: Value, _ spec: Value, _ exitCode: Int64) -> Bool {
        let rules = container["restartPolicyRules"].array
        if rules.contains(where: { $0["action"] == "Restart" && matches($0["exitCodes"], exitCode) }) { return true }
        let policy = container["restartPolicy"].isNull ? spec["restartPolicy"] : container["restartPolicy"]
        switch policy.string {
        case "Never": return restartsAll(spec)
        case "OnFailure": return exitCode != 0 || restartsAll(spec)
        default: return true
        }
    }

    private static func restartsAll(_ spec: Value) -> Bool {
        ["containers", "initContainers"].contains { list in
            spec[list].array.contains { $0["restartPolicyRules"].array.contains { $0["action"] == "RestartAllContainers" } }
        }
    }

    private static func matches(_ codes: Value, _ exitCode: Int64) -> Bool {
        let isListed = codes["values"].array.contains { $0.integer == exitCode }
        return codes["operator"] == "In" ? isListed : codes["operator"] == "NotIn" && !isListed
    }
}
