import ObjectModel

enum FlowControlValidation {
    // MARK: Flow schemas

    static func flowSchema(_ schema: Field) {
        let spec = schema["spec"]
        let precedence = spec["matchingPrecedence"]
        if precedence.number <= 0 { precedence.refuse(.integer(precedence.number), "must be a positive value") }
        if precedence.number > 10_000 { precedence.refuse("must not be greater than 10000") }
        if precedence.number == 1, schema.value.name != "exempt" {
            precedence.refuse("only the schema named 'exempt' may have matchingPrecedence 1")
        }
        if let method = spec.present("distinguisherMethod") { method["type"].mustBeOneOf(["ByNamespace", "ByUser"]) }
        spec["priorityLevelConfiguration"]["name"].requireMatch(Validation.dns1123Subdomain, "must reference a priority level")
        for rule in spec.elements("rules") { self.rule(rule) }
        conditions(schema["status"])
    }

    private static func rule(_ rule: Field) {
        for subject in rule.elements("subjects") { self.subject(subject) }
        rule["subjects"].require("subjects must contain at least one value")
        if rule["resourceRules"].isEmpty, rule["nonResourceRules"].isEmpty {
            rule.missing("at least one of resourceRules and nonResourceRules has to be non-empty")
        }
        for rule in rule.elements("resourceRules") { resourceRule(rule) }
        for rule in rule.elements("nonResourceRules") {
            verbs(rule)
            let paths = rule["nonResourceURLs"]
            guard paths.require("nonResourceURLs must contain at least one value"), !isAlone(paths, "non-resource URLs") else { continue }
            for path in rule.elements("nonResourceURLs") { if let problem = problem(ofPath: path.text) { path.refuse(problem) } }
        }
    }

    private static let kinds = ["Group": "group", "ServiceAccount": "serviceAccount", "User": "user"]

    private static func subject(_ subject: Field) {
        let kind = subject.text("kind")
        guard let own = kinds[kind] else { return subject["kind"].mustBeOneOf(kinds.keys.sorted()) }
        if let named = subject.present(own) {
            if named["name"].require(), kind == "ServiceAccount", named.text("name") != "*" { named["name"].matches(Validation.dns1123Subdomain) }
            if kind == "ServiceAccount" {
                named["namespace"].requireMatch(Validation.dns1123Label, "must specify namespace for service account")
            }
        } else {
            subject[own].missing("\(own) is required when subject kind is '\(kind)'")
        }
        for (other, field) in [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")]
        where field != own && !subject.value[field].isNull {
            subject[field].forbid("\(field) is forbidden when subject kind is not '\(other)'")
        }
    }

    private static func resourceRule(_ rule: Field) {
        verbs(rule)
        if rule["apiGroups"].require("resource rules must supply at least one api group") { _ = isAlone(rule["apiGroups"], "api groups") }
        if rule["resources"].require("resource rules must supply at least one resource") { _ = isAlone(rule["resources"], "resources") }
        let namespaces = rule["namespaces"]
        if namespaces.isEmpty, !rule.isTrue("clusterScope") {
            namespaces.missing("resource rules that are not cluster scoped must supply at least one namespace")
        } else if !isAlone(namespaces, "namespaces") {
            for namespace in rule.elements("namespaces") {
                for problem in Validation.dns1123Label(namespace.text) {
                    namespace.refuse("each member of this list must be '*' or a DNS-1123 label; \(problem)")
                }
            }
        }
    }

    private static let knownVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"]

    private static func verbs(_ rule: Field) {
        let verbs = rule["verbs"]
        guard verbs.require("verbs must contain at least one value"), !isAlone(verbs, "verbs") else { return }
        if !Set(verbs.value.strings).isSubset(of: knownVerbs) { verbs.unsupported(knownVerbs) }
    }

    /// Whether a list has `*`, which must stand alone.
    private static func isAlone(_ list: Field, _ others: String) -> Bool {
        guard list.value.strings.contains("*") else { return false }
        if list.value.array.count > 1 { list.refuse("if '*' is present, must not specify other \(others)") }
        return true
    }

    private static func problem(ofPath path: String) -> String? {
        if path.isEmpty { return "must not be empty" }
        if path == "/" { return nil }
        if !path.hasPrefix("/") { return "must start with slash" }
        if path.contains(" ") { return "must not contain white-space" }
        if path.contains("//") { return "must not contain double slash" }
        let stars = path.filter { $0 == "*" }.count
        return stars > 1 || stars == 1 && !path.hasSuffix("/*") ? "wildcard can only do suffix matching" : nil
    }

    // MARK: Priority levels

    static func level(_ level: Field) {
        let spec = level["spec"]
        let type = spec["type"]
        if (level.value.name == "exempt") != (type.text == "Exempt") {
            type.refuse(.string(type.text), "type must be 'Exempt' if and only if name is 'exempt'")
        }
        switch type.text {
        case "Exempt":
            if !spec["limited"].isAbsent { spec["limited"].forbid("must be nil if the type is not Limited") }
            if let exempt = spec.present("exempt") { shares(exempt) }
        case "Limited":
            if !spec["exempt"].isAbsent { spec["exempt"].forbid("must be nil if the type is Limited") }
            if let limited = spec.present("limited") {
                shares(limited)
                limited["borrowingLimitPercent"].nonNegative()
                response(limited["limitResponse"])
            } else {
                spec["limited"].missing("must not be empty when type is Limited")
            }
        default: type.mustBeOneOf(["Exempt", "Limited"])
        }
        conditions(level["status"])
    }

    private static func shares(_ owner: Field) {
        owner["nominalConcurrencyShares"].nonNegative()
        if let lendable = owner.present("lendablePercent"), !(0...100).contains(lendable.number) {
            lendable.refuse("must be between 0 and 100, inclusive")
        }
    }

    private static let queuesMax: Int64 = 10_000_000

    /// Bits of a flow's hash that dealing can use.
    private static let hashBitsMax = 60

    private static func response(_ response: Field) {
        let queuing = response["queuing"]
        switch response.text("type") {
        case "Reject": if !queuing.isAbsent { queuing.forbid("must be nil if limited.limitResponse.type is not Limited") }
        case "Queue":
            if queuing.isAbsent { return queuing.missing("must not be empty if limited.limitResponse.type is Limited") }
            let (length, queues, hand) = (queuing["queueLengthLimit"], queuing["queues"], queuing["handSize"])
            if length.number <= 0 { length.refuse(.integer(length.number), "must be positive") }
            if queues.number <= 0 { queues.refuse(.integer(queues.number), "must be positive") }
            if queues.number > queuesMax { queues.refuse("must not be greater than \(queuesMax)") }
            if hand.number <= 0 {
                hand.refuse(.integer(hand.number), "must be positive")
            } else if hand.number > queues.number {
                hand.refuse("should not be greater than queues (\(queues.number))")
            } else if needsMoreBits(queues: queues.number, hand: hand.number) {
                hand.refuse(
                    "required entropy bits of deckSize \(queues.number) and handSize \(hand.number) should not be greater than \(hashBitsMax)")
            }
        default: response["type"].mustBeOneOf(["Queue", "Reject"])
        }
    }

    private static func needsMoreBits(queues: Int64, hand: Int64) -> Bool {
        var hands = 1.0
        for dealt in 0..<hand {
            hands *= Double(queues - dealt)
            if hands > Double(UInt64(1) << hashBitsMax) { return true }
        }
        return false
    }

    // MARK: Status

    static func conditions(_ status: Field) {
        var types = Names()
        for condition in status.elements("conditions") {
            types.insertUnique(condition["type"])
            condition["type"].require("must not be empty")
        }
    }
}
