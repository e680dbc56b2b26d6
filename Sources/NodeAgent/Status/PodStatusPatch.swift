import ObjectModel

/// The difference between the status that stands and the one that is true now, as a strategic merge patch; nil where nothing changed.
enum PodStatusPatch {
    /// Fields that the node owns: those that are gone from the new status are removed.
    private static let owned = [
        "phase", "qosClass", "reason", "message", "startTime", "observedGeneration", "containerStatuses", "initContainerStatuses",
        "ephemeralContainerStatuses", "hostIP", "hostIPs", "podIP", "podIPs", "allocatedResources", "resources",
    ]

    /// Lists that a strategic merge patch would merge by key, where the node means to replace them.
    private static let replaced: Set<String> = ["hostIPs", "podIPs"]

    /// Conditions that are taken away when they are over.
    private static let passing: [Value] = ["PodResizePending", "PodResizeInProgress"]

    static func make(uid: String, from old: Value, to new: Value) -> Value? {
        var changed = Fields()
        for field in owned where old[field] != new[field] {
            if new[field].isNull {
                changed[field] = .some(.null)
            } else if replaced.contains(field), !old[field].array.isEmpty {
                changed[field] = .array([["$patch": "replace"]] + new[field].array)
            } else {
                changed[field] = new[field].isObject ? withoutRest(new[field], of: old[field]) : new[field]
            }
        }
        let oldConditions = old["conditions"].array
        let newConditions = new["conditions"].array
        var conditions = newConditions.compactMap { condition -> Value? in
            guard let old = oldConditions.first(where: { $0["type"] == condition["type"] }) else { return condition }
            // Written out, for a bare `nil` may be a `Value` as well.
            return differsNot(old, condition) ? Value?.none : replacing(old, by: condition)
        }
        for type in passing where oldConditions.contains(where: { $0["type"] == type }) && !newConditions.contains(where: { $0["type"] == type }) {
            conditions.append(["$patch": "delete", "type": type])
        }
        if !conditions.isEmpty { changed["conditions"] = .array(conditions) }
        guard !changed.isEmpty else { return nil }
        return ["metadata": ["uid": .string(uid)], "status": .object(changed)]
    }

    /// Maps are merged: what is no longer in one is taken away by name.
    private static func withoutRest(_ new: Value, of old: Value) -> Value {
        var fields = new.fields
        for (name, value) in new.fields where value.isObject { fields[name] = withoutRest(value, of: old[name]) }
        for (name, _) in old.fields where new[name].isNull { fields[name] = .some(.null) }
        return .object(fields)
    }

    /// Conditions are merged: what a condition no longer says is taken away by name.
    private static func replacing(_ old: Value, by new: Value) -> Value {
        var fields = new.fields
        for name in ["reason", "message"] where !old[name].isNull && new[name].isNull { fields[name] = .some(.null) }
        return .object(fields)
    }

    /// Absent and null `lastProbeTime` are one.
    private static func differsNot(_ left: Value, _ right: Value) -> Bool {
        ["type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"].allSatisfy { left[$0] == right[$0] }
    }

    /// The status that stands after the patch: the old one with the new one's fields, and others' conditions kept.
    static func merged(_ old: Value, _ new: Value) -> Value {
        var result = old
        for field in owned { result[field] = new[field] }
        let fresh = new["conditions"].array
        let kept = old["conditions"].array.filter { condition in
            !passing.contains(condition["type"]) && !fresh.contains { $0["type"] == condition["type"] }
        }
        result["conditions"] = .array(fresh + kept)
        return result
    }
}
