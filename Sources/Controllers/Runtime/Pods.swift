import ObjectModel

/// What controllers ask of pods.
extension Value {
    var phase: String { status["phase"].string ?? "" }
    var nodeName: String { spec["nodeName"].string ?? "" }

    /// `PodSucceeded` or `PodFailed`.
    var isTerminalPod: Bool { phase == "Succeeded" || phase == "Failed" }

    /// Neither finished nor being deleted (`IsPodActive`).
    var isActivePod: Bool { !isTerminalPod && !isBeingDeleted }

    /// Being deleted and not finished (`IsPodTerminating`).
    var isTerminatingPod: Bool { !isTerminalPod && isBeingDeleted }

    /// The condition of that type in `status.conditions`.
    func condition(_ type: String) -> Value? { status["conditions"].array.first { $0["type"].string == type } }

    func hasCondition(_ type: String, status: String = "True") -> Bool { condition(type)?["status"].string == status }

    var isReadyPod: Bool { hasCondition("Ready") }

    var creationTime: Timestamp? { metadata["creationTimestamp"].timestamp }
    var deletionTime: Timestamp? { metadata["deletionTimestamp"].timestamp }

    var timestamp: Timestamp? { string.flatMap(Timestamp.init(rfc3339:)) }

    /// Since when the pod is ready; nil if it is not.
    var readySince: Timestamp? {
        guard let ready = condition("Ready"), ready["status"].string == "True" else { return nil }
        return ready["lastTransitionTime"].timestamp
    }

    /// Ready for at least `minReadySeconds` (`IsPodAvailable`).
    func isAvailablePod(minReadySeconds: Int, now: Timestamp) -> Bool {
        guard isReadyPod else { return false }
        if minReadySeconds == 0 { return true }
        guard let since = readySince else { return false }
        return now - since >= .seconds(minReadySeconds)
    }

    /// How long until a ready pod becomes available; nil where it is already, or is not ready.
    func timeToAvailability(minReadySeconds: Int, now: Timestamp) -> Duration? {
        guard minReadySeconds > 0, let since = readySince else { return nil }
        let left = Duration.seconds(minReadySeconds) - (now - since)
        return left > .zero ? left : nil
    }

    /// The greatest restart count among the pod's containers.
    func maxRestarts(_ field: String) -> Int { status[field].array.reduce(0) { max($0, $1["restartCount"].int ?? 0) } }
}

/// A list of conditions with the rule that all controllers follow: the transition time moves only when the status does.
enum Conditions {
    /// Sets a condition, or leaves all as it is where status and reason are the same already.
    static func set(_ condition: Value, in conditions: inout [Value]) {
        var condition = condition
        if let current = conditions.first(where: { $0["type"] == condition["type"] }) {
            if current["status"] == condition["status"], current["reason"] == condition["reason"] { return }
            if current["status"] == condition["status"] { condition["lastTransitionTime"] = current["lastTransitionTime"] }
        }
        conditions.removeAll { $0["type"] == condition["type"] }
        conditions.append(condition)
    }

    static func remove(_ type: String, from conditions: inout [Value]) { conditions.removeAll { $0["type"].string == type } }
}

extension Value {
    /// Two objects that mean the same: absent, null, `{}` and `[]` are one (`equality.Semantic.DeepEqual`).
    func means(_ other: Value) -> Bool {
        switch (self, other) {
        case (.object(let left), .object(let right)):
            return left.allSatisfy { $0.value.means(right[$0.key] ?? .null) }
                && right.allSatisfy { left.contains($0.key) || Value.null.means($0.value) }
        case (.array(let left), .array(let right)): return left.count == right.count && zip(left, right).allSatisfy { $0.means($1) }
        case (.null, .object(let fields)), (.object(let fields), .null): return fields.allSatisfy { $0.value.means(.null) }
        case (.null, .array(let elements)), (.array(let elements), .null): return elements.isEmpty
        case (.null, .string(let text)), (.string(let text), .null): return text.isEmpty
        case (.null, .bool(let flag)), (.bool(let flag), .null): return !flag
        case (.null, .integer(let integer)), (.integer(let integer), .null): return integer == 0
        case (.string(let left), .string(let right)) where left != right:
            guard let first = try? Quantity(left), let second = try? Quantity(right) else { return false }
            return first == second
        default: return self == other
        }
    }

    /// Sets a count, which the API leaves out where it is zero.
    mutating func setCount(_ key: String, _ count: Int) { self[key] = count == 0 ? .null : Value(count) }
}
