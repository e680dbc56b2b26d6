import ObjectModel

/// The rules of a job's `podFailurePolicy` and `successPolicy`.
enum JobPolicyValidation {
    private static let rulesMax = 20
    private static let exitCodesMax = 255

    static func failure(_ policy: Field, _ spec: Field) {
        let rules = policy.elements("rules")
        if rules.count > rulesMax { policy["rules"].tooMany(rules.count, max: rulesMax) }
        for rule in rules {
            let action = rule["action"]
            action.requireOneOf(["Count", "FailIndex", "FailJob", "Ignore"], valid(["Count", "FailIndex", "FailJob", "Ignore"]))
            if action.text == "FailIndex", spec.value["backoffLimitPerIndex"].isNull { action.refuse("requires the backoffLimitPerIndex to be set") }
            let (codes, conditions) = (rule.present("onExitCodes"), rule.elements("onPodConditions"))
            if let codes { exitCodes(codes, spec) }
            self.conditions(conditions, rule["onPodConditions"])
            if codes != nil, !conditions.isEmpty { rule.refuseOmittingValue("specifying both OnExitCodes and OnPodConditions is not supported") }
            if codes == nil, conditions.isEmpty { rule.refuseOmittingValue("specifying one of OnExitCodes and OnPodConditions is required") }
        }
    }

    private static func conditions(_ conditions: [Field], _ list: Field) {
        if conditions.count > rulesMax { list.tooMany(conditions.count, max: rulesMax) }
        for condition in conditions {
            for problem in Validation.qualifiedName(condition.text("type")) {
                condition["type"].refuse(.string(condition.text("type")), problem)
            }
            condition["status"].requireOneOf(["False", "True", "Unknown"], valid(["False", "True", "Unknown"]))
        }
    }

    private static func valid(_ values: [String]) -> String { "valid values: [\(values.map { "\"\($0)\"" }.joined(separator: " "))]" }

    private static func exitCodes(_ codes: Field, _ spec: Field) {
        codes["operator"].requireOneOf(["In", "NotIn"], valid(["In", "NotIn"]))
        if let name = codes.present("containerName") {
            let template = spec.value["template"]["spec"]
            let names = (template["containers"].array + template["initContainers"].array).map { $0["name"].string }
            if !names.contains(name.text) { name.refuse("must be one of the container or initContainer names in the pod template") }
        }
        let values = codes["values"]
        let numbers = values.value.array.map { $0.integer ?? 0 }
        if numbers.isEmpty { values.refuse([], "at least one value is required") }
        if numbers.count > exitCodesMax { values.tooMany(numbers.count, max: exitCodesMax) }
        var seen: Set<Int64> = []
        for (index, number) in numbers.enumerated() {
            if number == 0, codes.text("operator") == "In" { values.element(index).refuse("must not be 0 for the In operator") }
            if !seen.insert(number).inserted { values.element(index).duplicate() }
        }
        if numbers != numbers.sorted() { values.refuse("must be ordered") }
    }

    static func success(_ policy: Field, _ spec: Field) {
        if spec.text("completionMode") != "Indexed" { return policy.refuseOmittingValue("requires indexed completion mode") }
        let rules = policy.elements("rules")
        if rules.isEmpty { policy["rules"].missing("at least one rules must be specified when the successPolicy is specified") }
        if rules.count > rulesMax { policy["rules"].tooMany(rules.count, max: rulesMax) }
        for rule in rules {
            if rule["succeededCount"].isAbsent, rule["succeededIndexes"].isAbsent {
                rule.missing("at least one of succeededCount or succeededIndexes must be specified")
            }
            var total: Int64?
            if let indexes = rule.present("succeededIndexes") {
                if indexes.text.utf8.count > indexesBytesMax { indexes.tooLong(max: indexesBytesMax) }
                switch JobIndexes.count(indexes.text, completions: spec["completions"].number) {
                case .success(let count): total = count
                case .failure(let problem):
                    total = 0
                    indexes.refuse("error parsing succeededIndexes: \(problem.message)")
                }
            }
            guard let count = rule.present("succeededCount") else { continue }
            count.nonNegative()
            let completions = spec["completions"].number
            if count.number > completions { count.refuse("must be less than or equal to \(completions) (the number of specified completions)") }
            if let total, count.number > total {
                count.refuse("must be less than or equal to \(total) (the number of indexes in the specified succeededIndexes field)")
            }
        }
    }

    private static let indexesBytesMax = 64 * 1024
}

extension Field {
    /// Refuses something as a whole, without showing it.
    func refuseOmittingValue(_ detail: String) { findings.report(FieldError(.invalid, path, "Invalid value: \(detail)")) }
}
