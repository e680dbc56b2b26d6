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
        if most.number < least.number { most.refuse("must be greater than or equal to `minReplicas`") }
        for field in ["kind", "name"] { spec["scaleTargetRef"][field].requireMatch(Validation.pathSegmentName) }
        for metric in spec.elements("metrics") { self.metric(metric) }
        for direction in ["scaleUp", "scaleDown"] {
            if let rules = spec["behavior"].present(direction) { scaling(rules) }
        }
    }

    private static func metric(_ metric: Field) {
        let type = metric["type"]
        type.requireOneOf(sources.keys.sorted(), "must specify a metric source type")
        guard let wanted = sources[type.text] else { return }
        guard let source = metric.present(wanted) else {
            return metric[wanted].missing("must populate information for the given metric source")
        }
        for other in sources.values.sorted() where other != wanted && !metric.value[other].isNull {
            metric[other].forbid("must populate the given metric source only")
        }
        switch type.text {
        case "Resource", "ContainerResource": source["name"].require("must specify a resource name")
        default: source["metric"]["name"].require("must specify a metric name")
        }
        if type.text == "ContainerResource" { source["container"].require("must specify a container") }
        target(source["target"])
    }

    private static func target(_ target: Field) {
        target["type"].requireOneOf(["AverageValue", "Utilization", "Value"], "must specify a metric target type")
        if let utilization = target.present("averageUtilization"), utilization.number < 1 { utilization.refuse("must be greater than 0") }
        for field in ["value", "averageValue"] {
            if let quantity = target[field].quantity, quantity <= .zero { target[field].refuse("must be positive") }
        }
    }

    private static func scaling(_ rules: Field) {
        if let window = rules.present("stabilizationWindowSeconds") {
            if window.number < 0 { window.refuse("must be greater than or equal to zero") }
            if window.number > 3600 { window.refuse("must be less than or equal to 3600") }
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
