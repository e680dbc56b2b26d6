import ObjectModel

/// `autoscaling/v1` knows the CPU's load only. What `v2` has beside it travels in annotations, so that nothing is lost on the way through `v1`.
enum AutoscalerConversion {
    private static let metrics = "autoscaling.alpha.kubernetes.io/metrics"
    private static let currentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics"
    private static let conditions = "autoscaling.alpha.kubernetes.io/conditions"
    private static let behavior = "autoscaling.alpha.kubernetes.io/behavior"

    // MARK: v2 to v1

    @Sendable static func toV1(_ autoscaler: Value) -> Value {
        var object = autoscaler
        object["apiVersion"] = "autoscaling/v1"
        guard autoscaler["spec"].isObject else { return object }
        let (spec, status) = (autoscaler["spec"], autoscaler["status"])
        let others = spec["metrics"].array.filter { cpuUtilization($0, "target") == nil }
        var annotations = withoutOurs(object)
        if !others.isEmpty { annotations[metrics] = text(.array(others.map { AutoscalerMetric.toV1($0, "target") })) }
        if !status["currentMetrics"].array.isEmpty {
            annotations[currentMetrics] = text(.array(status["currentMetrics"].array.map { AutoscalerMetric.toV1($0, "current") }))
        }
        if !status["conditions"].array.isEmpty { annotations[conditions] = text(status["conditions"]) }
        if spec["behavior"].isObject { annotations[behavior] = text(spec["behavior"].renamingKeys { $0.prefix(1).uppercased() + $0.dropFirst() }) }
        object.metadata["annotations"] = annotations.isEmpty ? .null : .object(annotations)

        object["spec"] = picked(["maxReplicas", "minReplicas", "scaleTargetRef"], of: spec)
        object["spec"]["targetCPUUtilizationPercentage"] = first(spec["metrics"], "target")
        object["status"] = picked(["desiredReplicas", "lastScaleTime", "observedGeneration"], of: status)
        object["status"]["currentReplicas"] = status["currentReplicas"].isNull ? 0 : status["currentReplicas"]
        object["status"]["desiredReplicas"] = status["desiredReplicas"].isNull ? 0 : status["desiredReplicas"]
        object["status"]["currentCPUUtilizationPercentage"] = first(status["currentMetrics"], "current")
        return object
    }

    /// The percentage that `v1` has a field for, if that is what the metric is about.
    private static func cpuUtilization(_ metric: Value, _ side: String) -> Value? {
        guard metric["type"] == "Resource", metric["resource"]["name"] == "cpu" else { return nil }
        let value = metric["resource"][side]["averageUtilization"]
        return value.isNull ? nil : value
    }

    private static func first(_ metrics: Value, _ side: String) -> Value {
        metrics.array.lazy.compactMap { cpuUtilization($0, side) }.first ?? .null
    }

    // MARK: v1 to v2

    @Sendable static func toV2(_ autoscaler: Value) -> Value {
        var object = autoscaler
        object["apiVersion"] = "autoscaling/v2"
        guard autoscaler["spec"].isObject else { return object }
        let (spec, status) = (autoscaler["spec"], autoscaler["status"])
        let annotations = autoscaler.metadata["annotations"]
        let kept = withoutOurs(object)
        object.metadata["annotations"] = kept.isEmpty ? .null : .object(kept)

        object["spec"] = picked(["maxReplicas", "minReplicas", "scaleTargetRef"], of: spec)
        var wanted = parsed(annotations[metrics]).array.map { AutoscalerMetric.toV2($0, "target") }
        let percentage = spec["targetCPUUtilizationPercentage"]
        if !percentage.isNull {
            wanted.append(["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": percentage]]])
        }
        if !wanted.isEmpty { object["spec"]["metrics"] = .array(wanted) }
        let rules = parsed(annotations[behavior])
        if rules.isObject { object["spec"]["behavior"] = rules.renamingKeys { $0.prefix(1).lowercased() + $0.dropFirst() } }

        object["status"] = picked(["desiredReplicas", "lastScaleTime", "observedGeneration"], of: status)
        if status["currentReplicas"] != 0 { object["status"]["currentReplicas"] = status["currentReplicas"] }
        object["status"]["desiredReplicas"] = status["desiredReplicas"].isNull ? 0 : status["desiredReplicas"]
        let told = parsed(annotations[conditions])
        if !told.array.isEmpty { object["status"]["conditions"] = told }
        var current = parsed(annotations[currentMetrics]).array.map { AutoscalerMetric.toV2($0, "current") }
        if current.isEmpty, !status["currentCPUUtilizationPercentage"].isNull {
            current = [
                ["type": "Resource", "resource": ["name": "cpu", "current": ["averageUtilization": status["currentCPUUtilizationPercentage"]]]]
            ]
        }
        var fields = object["status"].fields
        fields["currentMetrics"] = current.isEmpty ? .some(.null) : .array(current)
        object["status"] = .object(fields)
        return object
    }

    // MARK: Parts

    private static func withoutOurs(_ object: Value) -> Fields {
        var annotations = object.metadata["annotations"].fields
        annotations.removeAll { key, _ in [metrics, currentMetrics, conditions, behavior].contains(key) }
        return annotations
    }

    private static func text(_ value: Value) -> Value { .string(value.description) }

    /// Null where an annotation isn't JSON: a client may have written anything.
    private static func parsed(_ annotation: Value) -> Value { annotation.string.flatMap { try? Value(json: $0) } ?? .null }

    private static func picked(_ names: [String], of object: Value) -> Value {
        var picked = Value.object(Fields())
        for name in names { picked[name] = object[name] }
        return picked
    }
}

extension Value {
    /// The same tree under other names; what is null goes. Upstream writes an autoscaler's behavior with the names that its program has.
    fileprivate func renamingKeys(_ rename: (String) -> String) -> Value {
        switch self {
        case .object(let fields): .object(Fields(fields.filter { !$0.value.isNull }.map { (rename($0.key), $0.value.renamingKeys(rename)) }))
        case .array(let elements): .array(elements.map { $0.renamingKeys(rename) })
        default: self
        }
    }
}
