import ObjectModel

/// How much of a device that several share one request may take: some amounts, or those within bounds.
enum DeviceCapacityValidation {
    private static let valuesMax = 10

    static func check(_ policy: Field, of capacity: Field) {
        guard let most = capacity["value"].quantity else { return }
        let (values, range) = (policy["validValues"], policy.present("validRange"))
        if !values.isEmpty, range != nil {
            return policy.forbid(#"exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time"#)
        }
        guard !values.isEmpty || range != nil else { return }
        guard let usual = policy["default"].quantity else {
            return policy["default"].missing("required when \(range == nil ? "validValues" : "validRange") is defined")
        }
        if let range { self.range(range, usual, most) } else { self.values(policy, usual, most) }
    }

    private static func values(_ policy: Field, _ usual: Quantity, _ most: Quantity) {
        let list = policy["validValues"]
        let values = policy.limited("validValues", max: valuesMax).compactMap { field in field.quantity.map { (field: field, amount: $0) } }
        for (smaller, larger) in zip(values, values.dropFirst()) where larger.amount < smaller.amount {
            larger.field.refuse(.init(larger.amount), "values must be sorted in ascending order")
        }
        for value in values where value.amount > most {
            value.field.refuse(.init(value.amount), "option is larger than capacity value: \(most)")
        }
        var seen: Set<Int64> = []
        for value in values where !seen.insert(value.amount.value).inserted { value.field.duplicate(.string(String(value.amount.value))) }
        if !values.contains(where: { $0.amount == usual }) {
            list.refuse(.init(usual), "default value is not valid according to the requestPolicy")
        }
    }

    private static func range(_ range: Field, _ usual: Quantity, _ most: Quantity) {
        guard let least = range["min"].quantity else { return range["min"].missing("required when validRange is defined") }
        if least > most { range["min"].refuse(.init(least), "min is larger than capacity value: \(most)") }
        if usual < least { range["min"].refuse(.init(usual), "default is less than min: \(least)") }
        let max = range["max"].quantity
        if let max {
            if least > max { range["max"].refuse(.init(least), "min is larger than max: \(max)") }
            if max > most { range["max"].refuse(.init(max), "max is larger than capacity value: \(most)") }
            if usual > max { range["max"].refuse(.init(usual), "default is more than max: \(max)") }
        }
        guard let step = range["step"].quantity, step.value != 0 else { return }
        if least + step > most { range["step"].refuse(.init(step), "one step \(least + step) is larger than capacity value: \(most)") }
        for amount in [usual, max].compactMap(\.self) where (amount - least).value % step.value != 0 {
            range["step"].refuse(.init(amount), "value is not a multiple of a given step (\(step)) from (\(least))")
        }
    }
}
