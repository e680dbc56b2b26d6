import ObjectModel

/// The rules of horizontal pod autoscalers of either version.
enum AutoscalerValidation {
    private static let sources = [
        "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods", "Resource": "resource",
    ]

    static func check(_ scaler: Field) {
        let spec = scaler["spec"]
        let (least, most) = (spec["minReplicas"], spec["maxReplicas"])
        if let least = spec.present("minReplicas"), least.number < 1 { least.refuse("must be greater than or equal to 1") }
        if most.number < 1 { most.refuse(.integer(most.number), "must be greater than 0") }
        if !least.isAbsent, most.number < least.number {
            most.refuse(.integer(most.number), "must be greater than or equal to `minReplicas`")
        }
        reference(spec["scaleTargetRef"])
        for metric in spec.elements("metrics") { self.metric(metric) }
        // The first version's only metric goes by its name in the second.
        if let utilization = spec.present("targetCPUUtilizationPercentage"), utilization.number < 1 {
            let target = spec["metrics"].element(0)["resource"]["target"]
            target["averageUtilization"].refuse(utilization.value, "must be greater than 0")
        }
        if spec.value["minReplicas"].int == 0, !spec.value["metrics"].array.contains(where: { ["Object", "External"].contains($0["type"].string) }) {
            spec["metrics"].forbid("must specify at least one Object or External metric to support scaling to zero replicas")
        }
        for direction in ["scaleUp", "scaleDown"] {
            if let rules = spec["behavior"].present(direction) { scaling(rules) }
        }
    }

    private static func reference(_ target: Field) {
        for field in ["kind", "name"] { target[field].requireMatch(Validation.pathSegmentName) }
    }

    private static let order = ["object", "external", "pods", "resource", "containerResource"]

    private static func metric(_ metric: Field) {
        let type = metric["type"]
        type.requireOneOf(sources.keys.sorted(), "must specify a metric source type")
        let given = order.filter { !metric.value[$0].isNull }
        // Of several, the first is looked at.
        if let first = given.first { source(metric[first], first) }
        guard let wanted = sources[type.text] else { return }
        if !given.contains(wanted) { metric[wanted].missing("must populate information for the given metric source") }
        guard given.count != 1 else { return }
        for other in given where other != wanted { metric[other].forbid("must populate the given metric source only") }
    }

    private static func source(_ source: Field, _ kind: String) {
        let target = source["target"]
        let (value, average, part) = (target["value"], target["averageValue"], target["averageUtilization"])
        switch kind {
        case "object":
            reference(source["describedObject"])
            identifier(source["metric"])
            self.target(target)
            if value.isAbsent, average.isAbsent { average.missing("must set either a target value or averageValue") }
        case "external":
            identifier(source["metric"])
            self.target(target)
            if value.isAbsent, average.isAbsent { average.missing("must set either a target value for metric or a per-pod target") }
            if !value.isAbsent, !average.isAbsent { value.forbid("may not set both a target value for metric and a per-pod target") }
        case "pods":
            identifier(source["metric"])
            self.target(target)
            if average.quantity.map({ $0 <= .zero }) ?? true { average.missing("must specify a positive target averageValue") }
        default:
            source["name"].require("must specify a resource name")
            if kind == "containerResource" { source["container"].require("must specify a container") }
            self.target(target)
            if part.isAbsent, average.isAbsent { part.missing("must set either a target raw value or a target utilization") }
            if !part.isAbsent, !average.isAbsent { average.forbid("may not set both a target raw value and a target utilization") }
        }
    }

    private static func identifier(_ metric: Field) {
        if metric["name"].require("must specify a metric name") { metric["name"].matches(Validation.pathSegmentName) }
    }

    private static func target(_ target: Field) {
        let type = target["type"]
        if type.require("must specify a metric target type"), !["Utilization", "Value", "AverageValue"].contains(type.text) {
            type.refuse("must be either Utilization, Value, or AverageValue")
        }
        for field in ["value", "averageValue"] {
            if let quantity = target[field].quantity, quantity <= .zero { target[field].refuse("must be positive") }
        }
        if let utilization = target.present("averageUtilization"), utilization.number < 1 { utilization.refuse("must be greater than 0") }
    }

    private static func scaling(_ rules: Field) {
        if let window = rules.present("stabilizationWindowSeconds") {
            if window.number < 0 { window.refuse("must be greater than or equal to zero") }
            if window.number > 3600 { window.refuse("must be less than or equal to 3600") }
        }
        if let tolerance = rules["tolerance"].quantity, tolerance < .zero {
            rules["tolerance"].refuse(.string(tolerance.description), "must be greater or equal to zero")
        }
        if let select = rules.present("selectPolicy") { select.mustBeOneOf(["Disabled", "Max", "Min"]) }
        if rules["policies"].isEmpty { rules["policies"].missing("must specify at least one Policy") }
        for policy in rules.elements("policies") {
            policy["type"].mustBeOneOf(["Percent", "Pods"])
            for field in ["value", "periodSeconds"] where policy[field].number <= 0 {
                policy[field].refuse(.integer(policy[field].number), Words.positive)
            }
            if policy["periodSeconds"].number > 1800 { policy["periodSeconds"].refuse("must be less than or equal to 1800") }
        }
    }
}
