import ObjectModel

/// The rules of `topologySpreadConstraints`.
enum TopologySpreadValidation {
    static func check(_ spec: Field) {
        var pairs: Set<String> = []
        for constraint in spec.elements("topologySpreadConstraints") {
            let skew = constraint["maxSkew"]
            if skew.number <= 0 { skew.refuse(.integer(skew.number), Words.positive) }
            if constraint["topologyKey"].require("can not be empty") { constraint["topologyKey"].labelKey() }
            constraint["whenUnsatisfiable"].mustBeOneOf(["DoNotSchedule", "ScheduleAnyway"])
            let pair = "{\(constraint.text("topologyKey")), \(constraint.text("whenUnsatisfiable"))}"
            if !pairs.insert(pair).inserted { constraint["{topologyKey, whenUnsatisfiable}"].duplicate(.string(pair)) }
            if let domains = constraint.present("minDomains") {
                domains.positive()
                if constraint.text("whenUnsatisfiable") != "DoNotSchedule" {
                    domains.refuse(
                        "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not whenUnsatisfiable=\(constraint.text("whenUnsatisfiable"))")
                }
            }
            for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] { constraint[policy].oneOf(["Honor", "Ignore"]) }
            matchLabelKeys(constraint)
            constraint["labelSelector"].labelSelector()
        }
    }

    private static func matchLabelKeys(_ constraint: Field) {
        let keys = constraint.elements("matchLabelKeys")
        guard !keys.isEmpty else { return }
        if constraint.value["labelSelector"].isNull { constraint["matchLabelKeys"].forbid("must not be specified when labelSelector is not set") }
        for key in keys {
            key.labelKey()
            if !constraint.value["labelSelector"]["matchLabels"][key.text].isNull { key.refuse("exists in both matchLabelKeys and labelSelector") }
        }
    }
}
