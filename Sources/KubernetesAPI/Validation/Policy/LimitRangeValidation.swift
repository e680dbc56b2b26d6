import ObjectModel

enum LimitRangeValidation {
    static func check(_ spec: Field) {
        var types = Names()
        for limit in spec.elements("limits") {
            types.insertUnique(limit["type"])
            let type = limit["type"]
            for problem in Validation.qualifiedName(type.text) { type.refuse(.string(type.text), problem) }
            if !type.text.contains("/"), !["Container", "PersistentVolumeClaim", "Pod"].contains(type.text) {
                type.refuse(.string(type.text), "must be a standard limit type or fully qualified")
            }
            if type.text == "Pod" {
                for field in ["default", "defaultRequest"] where !limit.value[field].isEmpty {
                    limit[field].forbid("may not be specified when `type` is 'Pod'")
                }
            }
            if type.text == "PersistentVolumeClaim", limit.value["min"]["storage"].isNull, limit.value["max"]["storage"].isNull {
                limit["limits"].missing("either minimum or maximum storage value is required, but neither was provided")
            }
            order(limit)
        }
    }

    /// Minimum, default request, default and maximum follow each other.
    private static func order(_ limit: Field) {
        check(limit, "min", "max", at: "min", "min value", "max value")
        check(limit, "min", "defaultRequest", at: "defaultRequest", "min value", "default request value")
        check(limit, "defaultRequest", "max", at: "defaultRequest", "default request value", "max value")
        check(limit, "defaultRequest", "default", at: "defaultRequest", "default request value", "default limit value")
        check(limit, "min", "default", at: "default", "min value", "default value")
        check(limit, "default", "max", at: "default", "default value", "max value")
        for (_, ratio) in limit.entries("maxLimitRequestRatio") {
            if let quantity = ratio.quantity, quantity < Quantity(Int64(1)) {
                ratio.refuse(.string(quantity.description), "ratio \(quantity) is less than 1")
            }
        }
    }

    private static func check(_ limit: Field, _ low: String, _ high: String, at place: String, _ lowName: String, _ highName: String) {
        for (resource, field) in limit.entries(low) {
            guard let less = field.quantity, let more = limit[high][resource].quantity, more < less else { continue }
            limit[place].key(resource).refuse(.string(less.description), "\(lowName) \(less) is greater than \(highName) \(more)")
        }
    }
}
