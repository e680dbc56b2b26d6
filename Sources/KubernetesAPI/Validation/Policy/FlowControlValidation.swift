import ObjectModel

enum FlowControlValidation {
    static func flowSchema(_ spec: Field) {
        let precedence = spec["matchingPrecedence"]
        if precedence.number <= 0 { precedence.refuse(.integer(precedence.number), "must be a positive value") }
        if precedence.number > 10_000 { precedence.refuse("must not be greater than 10000") }
        spec["priorityLevelConfiguration"]["name"].requireMatch(Validation.dns1123Subdomain, "must reference a priority level")
        if let method = spec.present("distinguisherMethod") { method["type"].mustBeOneOf(["ByNamespace", "ByUser"]) }
        for rule in spec.elements("rules") {
            rule["subjects"].require("subjects must contain at least one value")
            for subject in rule.elements("subjects") { subject["kind"].mustBeOneOf(["Group", "ServiceAccount", "User"]) }
            if rule["resourceRules"].isEmpty, rule["nonResourceRules"].isEmpty {
                rule.missing("at least one of resourceRules and nonResourceRules has to be non-empty")
            }
        }
    }

    static func level(_ spec: Field) {
        let type = spec["type"]
        type.mustBeOneOf(["Exempt", "Limited"])
        switch type.text {
        case "Exempt":
            if !spec["limited"].isAbsent { spec["limited"].forbid("must be nil if the type is not Limited") }
        case "Limited":
            if !spec["exempt"].isAbsent { spec["exempt"].forbid("must be nil if the type is Limited") }
            guard let limited = spec.present("limited") else { return spec["limited"].missing("must not be empty when type is Limited") }
            limited["nominalConcurrencyShares"].nonNegative()
            if let lendable = limited.present("lendablePercent"), !(0...100).contains(lendable.number) {
                lendable.refuse("must be between 0 and 100, inclusive")
            }
            response(limited["limitResponse"])
        default: break
        }
    }

    private static func response(_ response: Field) {
        response["type"].mustBeOneOf(["Queue", "Reject"])
        let queuing = response["queuing"]
        if response.text("type") == "Reject" {
            if !queuing.isAbsent { queuing.forbid("must be nil if limited.limitResponse.type is not Limited") }
        } else if response.text("type") == "Queue" {
            if queuing.isAbsent { return queuing.missing("must not be empty if limited.limitResponse.type is Limited") }
            for field in ["queueLengthLimit", "queues", "handSize"] where queuing[field].number <= 0 {
                queuing[field].refuse(.integer(queuing[field].number), "must be positive")
            }
            if queuing["handSize"].number > queuing["queues"].number {
                queuing["handSize"].refuse("should not be greater than queues (\(queuing["queues"].number))")
            }
        }
    }
}
