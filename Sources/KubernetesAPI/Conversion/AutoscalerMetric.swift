import ObjectModel

/// A metric, or its state, as `autoscaling/v1` writes it into an annotation: flat, where `v2` is nested.
enum AutoscalerMetric {
    /// For each kind of metric the flat names and the nested ones. `*` stands for `target` in a specification and `current` in a state.
    private static let names: [String: KeyValuePairs<String, [String]>] = [
        "object": [
            "target": ["describedObject"], "metricName": ["metric", "name"], "selector": ["metric", "selector"], "*Value": ["*", "value"],
            "averageValue": ["*", "averageValue"],
        ],
        "pods": ["metricName": ["metric", "name"], "selector": ["metric", "selector"], "*AverageValue": ["*", "averageValue"]],
        "resource": ["name": ["name"], "*AverageUtilization": ["*", "averageUtilization"], "*AverageValue": ["*", "averageValue"]],
        "containerResource": [
            "name": ["name"], "container": ["container"], "*AverageUtilization": ["*", "averageUtilization"], "*AverageValue": ["*", "averageValue"],
        ],
        "external": [
            "metricName": ["metric", "name"], "metricSelector": ["metric", "selector"], "*Value": ["*", "value"],
            "*AverageValue": ["*", "averageValue"],
        ],
    ]

    static func toV1(_ metric: Value, _ side: String) -> Value {
        convert(metric) { kind, source in
            var flat = Value.object(Fields())
            for (name, path) in names[kind] ?? [:] {
                flat[name.replacing("*", with: side)] = path.reduce(source) { $0[$1 == "*" ? side : $1] }
            }
            // Amounts that aren't optional there.
            for name in kind == "object" ? ["\(side)Value"] : kind == "pods" ? ["\(side)AverageValue"] : [] where flat[name].isNull {
                flat[name] = "0"
            }
            return flat
        }
    }

    static func toV2(_ metric: Value, _ side: String) -> Value {
        convert(metric) { kind, source in
            var nested = Value.object(Fields())
            for (name, path) in names[kind] ?? [:] {
                let value = source[name.replacing("*", with: side)]
                guard !value.isNull, let first = path.first else { continue }
                let key = first == "*" ? side : first
                if path.count > 1 { nested[key][path[1]] = value } else { nested[key] = value }
            }
            if kind == "object", !nested[side]["averageValue"].isNull, nested[side]["value"] == "0" { nested[side]["value"] = .null }
            if side == "target" { nested["target"]["type"] = type(of: nested["target"], kind) }
            return nested
        }
    }

    /// What a target is measured in, which `v1` leaves to be seen.
    private static func type(of target: Value, _ kind: String) -> Value {
        if !target["averageUtilization"].isNull { return "Utilization" }
        return target["value"].isNull || kind == "pods" ? "AverageValue" : "Value"
    }

    private static func convert(_ metric: Value, _ change: (String, Value) -> Value) -> Value {
        var converted: Value = ["type": metric["type"]]
        for kind in names.keys where metric[kind].isObject { converted[kind] = change(kind, metric[kind]) }
        return converted
    }
}
