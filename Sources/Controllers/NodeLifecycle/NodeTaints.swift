import ObjectModel

/// The taints that a node's conditions stand for: so that nothing is scheduled to it, and, where it is not ready, so that what runs there moves on.
enum NodeTaints {
    private static let byCondition: [(type: String, status: String, key: String)] = [
        ("Ready", "False", "node.kubernetes.io/not-ready"), ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"), ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"), ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ]
    private static let unschedulable = "node.kubernetes.io/unschedulable"
    private static let managed = Set(byCondition.map(\.key) + [unschedulable])

    /// The node's taints as they should be: those of others as they are, ours by its conditions.
    static func wanted(for node: Value, now: Timestamp) -> [Value] {
        let present = node["spec"]["taints"].array
        var taints = present.filter { !managed.contains($0["key"].string ?? "") }
        func add(_ key: String, _ effect: String) {
            if let known = present.first(where: { $0["key"].string == key && $0["effect"].string == effect }) { return taints.append(known) }
            var taint: Value = ["key": .string(key), "effect": .string(effect)]
            if effect == "NoExecute" { taint["timeAdded"] = .string(now.rfc3339) }
            taints.append(taint)
        }
        for (type, status, key) in byCondition {
            let condition = node["status"]["conditions"].array.first { $0["type"].string == type }
            // A node that never said that it is ready is not.
            let found = condition?["status"].string ?? (type == "Ready" ? "False" : "")
            guard found == status else { continue }
            add(key, "NoSchedule")
            if type == "Ready", condition != nil { add(key, "NoExecute") }
        }
        if node["spec"]["unschedulable"].bool == true { add(unschedulable, "NoSchedule") }
        return taints
    }

    /// How long a pod may stay on a node with these taints: nil for ever, zero for not at all.
    static func toleratedTime(_ pod: Value, _ taints: [Value]) -> Duration? {
        var shortest: Duration?
        for taint in taints where taint["effect"].string == "NoExecute" {
            let matching = pod["spec"]["tolerations"].array.filter { tolerates($0, taint) }
            if matching.isEmpty { return .zero }
            for seconds in matching.compactMap({ $0["tolerationSeconds"].integer }) {
                shortest = min(shortest ?? .seconds(Int64.max / 4), .seconds(max(0, seconds)))
            }
        }
        return shortest
    }

    private static func tolerates(_ toleration: Value, _ taint: Value) -> Bool {
        let (effect, key) = (toleration["effect"].string ?? "", toleration["key"].string ?? "")
        guard effect.isEmpty || effect == taint["effect"].string, key.isEmpty || key == taint["key"].string else { return false }
        if toleration["operator"].string == "Exists" { return true }
        return !key.isEmpty && (toleration["value"].string ?? "") == (taint["value"].string ?? "")
    }
}
