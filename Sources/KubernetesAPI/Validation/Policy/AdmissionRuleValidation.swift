import ObjectModel

/// What webhooks and policies are asked about: operations on resources.
enum AdmissionRuleValidation {
    static func check(_ rule: Field) {
        let operations = rule["operations"]
        operations.require()
        if isAmbiguous(operations) { operations.refuse("if '*' is present, must not specify other operations") }
        for operation in rule.elements("operations") { operation.mustBeOneOf(["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]) }
        rule["apiGroups"].require()
        if isAmbiguous(rule["apiGroups"]) { rule["apiGroups"].refuse("if '*' is present, must not specify other API groups") }
        rule["apiVersions"].require()
        if isAmbiguous(rule["apiVersions"]) { rule["apiVersions"].refuse("if '*' is present, must not specify other API versions") }
        for version in rule.elements("apiVersions") { version.require() }
        resources(rule)
        if let scope = rule.present("scope") { scope.mustBeOneOf(["*", "Cluster", "Namespaced"]) }
    }

    private static func isAmbiguous(_ list: Field) -> Bool { list.value.array.count > 1 && list.value.strings.contains("*") }

    /// `pods`, `pods/status`, `pods/*`, `*/scale`, `*`, `*/*`: none that another says already.
    private static func resources(_ rule: Field) {
        let list = rule["resources"]
        list.require()
        var (whole, anywhere): (Set<String>, Set<String>) = ([], [])
        var hasPlain = false
        for resource in rule.elements("resources") where resource.require() {
            let parts = resource.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                // Upstream looks at the last one only.
                hasPlain = resource.text != "*"
                continue
            }
            if whole.contains(parts[0]) { resource.refuse("if '\(parts[0])/*' is present, must not specify \(resource.text)") }
            if anywhere.contains(parts[1]) { resource.refuse("if '*/\(parts[1])' is present, must not specify \(resource.text)") }
            if parts[1] == "*" { whole.insert(parts[0]) }
            if parts[0] == "*" { anywhere.insert(parts[1]) }
        }
        let all = list.value.strings
        if all.count > 1, all.contains("*/*") { list.refuse("if '*/*' is present, must not specify other resources") }
        if hasPlain, all.contains("*") { list.refuse("if '*' is present, must not specify other resources without subresources") }
    }

    // MARK: Policies

    /// `matchConstraints` and `matchResources`.
    static func match(_ match: Field) {
        match["matchPolicy"].oneOf(["Equivalent", "Exact"])
        for selector in ["namespaceSelector", "objectSelector"] { match[selector].labelSelector() }
        for list in ["resourceRules", "excludeResourceRules"] {
            for rule in match.elements(list) {
                var names = Names()
                for name in rule.elements("resourceNames") {
                    for problem in Validation.pathSegmentName(name.text) { name.refuse(problem) }
                    if !names.insert(name.text) { name.duplicate() }
                }
                check(rule)
            }
        }
    }
}
