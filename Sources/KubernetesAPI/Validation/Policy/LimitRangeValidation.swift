import ObjectModel

enum LimitRangeValidation {
    private static let lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"]

    static func check(_ spec: Field) {
        var types = Names()
        for limit in spec.elements("limits") {
            let type = limit["type"]
            let problems = Validation.qualifiedName(type.text)
            for problem in problems { type.refuse(.string(type.text), problem) }
            if problems.isEmpty, !type.text.contains("/"), !["Container", "PersistentVolumeClaim", "Pod"].contains(type.text) {
                type.refuse(.string(type.text), "must be a standard limit type or fully qualified")
            }
            types.insertUnique(type)
            names(limit, type.text)
            order(limit, type.text)
        }
    }

    private static func names(_ limit: Field, _ type: String) {
        for list in lists {
            if type == "Pod", list.hasPrefix("default") {
                limit[list].mustBeEmpty("may not be specified when `type` is 'Pod'")
            } else {
                for (name, field) in limit.entries(list) {
                    ResourceValidation.limited(name, field, ofContainers: type == "Pod" || type == "Container")
                }
            }
            if list == "defaultRequest", type == "PersistentVolumeClaim", limit.value["min"]["storage"].isNull, limit.value["max"]["storage"].isNull {
                limit["limits"].missing("either minimum or maximum storage value is required, but neither was provided")
            }
        }
    }

    /// Minimum, default request, default and maximum follow each other.
    private static func order(_ limit: Field, _ type: String) {
        let keys = Set(lists.flatMap { limit.value[$0].fields.keys })
        for name in keys.sorted() {
            func amount(_ list: String) -> Quantity? { type == "Pod" && list.hasPrefix("default") ? nil : limit[list][name].quantity }
            let (low, high, usual, asked) = (amount("min"), amount("max"), amount("default"), amount("defaultRequest"))
            func check(_ less: Quantity?, _ more: Quantity?, at list: String, shown: Quantity?, _ lessName: String, _ moreName: String) {
                guard let less, let more, more < less, let shown else { return }
                limit[list].key(name).refuse(.string(shown.description), "\(lessName) \(less) is greater than \(moreName) \(more)")
            }
            check(low, high, at: "min", shown: low, "min value", "max value")
            check(low, asked, at: "defaultRequest", shown: asked, "min value", "default request value")
            check(asked, high, at: "defaultRequest", shown: asked, "default request value", "max value")
            check(asked, usual, at: "defaultRequest", shown: asked, "default request value", "default limit value")
            check(low, usual, at: "default", shown: low, "min value", "default value")
            check(usual, high, at: "default", shown: high, "default value", "max value")
            if let ratio = amount("maxLimitRequestRatio") { self.ratio(ratio, low, high, limit["maxLimitRequestRatio"].key(name)) }
            if let usual, let asked, usual != asked, !ResourceValidation.mayOvercommit(name) {
                limit["defaultRequest"].key(name).refuse(
                    .string(asked.description), "default value \(usual) must equal to defaultRequest value \(asked) in \(name)")
            }
        }
    }

    private static func ratio(_ ratio: Quantity, _ low: Quantity?, _ high: Quantity?, _ field: Field) {
        if ratio < Quantity(Int64(1)) { field.refuse(.string(ratio.description), "ratio \(ratio) is less than 1") }
        guard let low, let high, low > .zero else { return }
        let most = Double(high.milliValue) / Double(low.milliValue)
        guard Double(ratio.milliValue) / 1000 > most else { return }
        let millionths = Int64((most * 1_000_000).rounded())
        let fraction = String(millionths % 1_000_000)
        let shown = "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
        field.refuse(.string(ratio.description), "ratio \(ratio) is greater than max/min = \(shown)")
    }
}
