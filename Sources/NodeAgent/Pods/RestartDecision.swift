import ObjectModel

extension Pod {
    /// Whether a container that ended as `record` tells is to run again: its own rules first, then its own policy, then the pod's.
    func restarts(_ container: ContainerSpec, after record: ContainerRecord) -> Bool {
        if isBeingDeleted { return false }
        switch record.state {
        case .running: return false
        case .created, .unknown: return true
        case .exited: break
        }
        for rule in container.object["restartPolicyRules"].array where Self.matches(rule["exitCodes"], record.exitCode) {
            if rule["action"].string == "Restart" { return true }
        }
        switch container.object["restartPolicy"].string.flatMap(RestartPolicy.init(rawValue:)) ?? restartPolicy {
        case .always: return true
        case .onFailure: return record.exitCode != 0
        case .never: return false
        }
    }

    private static func matches(_ exitCodes: Value, _ code: Int) -> Bool {
        let isListed = exitCodes["values"].array.contains { $0.int == code }
        switch exitCodes["operator"].string {
        case "In": return isListed
        case "NotIn": return !isListed
        default: return false
        }
    }

    /// Whether an init container that ended is run again: an init container must succeed, so only its success or a policy of `Never` ends it.
    func retriesInit(_ container: ContainerSpec, after record: ContainerRecord) -> Bool {
        if isBeingDeleted { return false }
        guard record.state == .exited else { return true }
        guard record.exitCode != 0 || container.isSidecar else { return false }
        for rule in container.object["restartPolicyRules"].array where Self.matches(rule["exitCodes"], record.exitCode) {
            if rule["action"].string == "Restart" { return true }
        }
        if container.isSidecar { return true }
        return (container.object["restartPolicy"].string.flatMap(RestartPolicy.init(rawValue:)) ?? restartPolicy) != .never
    }
}
