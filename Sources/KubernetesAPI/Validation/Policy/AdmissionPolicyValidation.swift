import ObjectModel

/// The shape of admission policies; whether an expression compiles is for those that run it.
enum AdmissionPolicyValidation {
    private static let conditionsMax = 64

    @Sendable static func policy(_ policy: Field, _ old: Field?) {
        let spec = policy["spec"]
        spec["failurePolicy"].requireOneOf(["Fail", "Ignore"])
        if let kind = spec.present("paramKind") { for field in ["apiVersion", "kind"] { kind[field].require() } }
        if let constraints = spec.present("matchConstraints") {
            constraints["resourceRules"].require()
            resources(constraints)
        } else {
            spec["matchConstraints"].missing()
        }
        matchConditions(spec)
        if spec["validations"].isEmpty, spec["auditAnnotations"].isEmpty {
            spec["validations"].missing("validations or auditAnnotations must contain at least one item")
        }
        for validation in spec.elements("validations") {
            if validation["expression"].isEmpty { validation["expression"].missing("expression is not specified") }
            validation["reason"].oneOf(["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"])
        }
        for annotation in spec.elements("auditAnnotations") { for field in ["key", "valueExpression"] { annotation[field].require() } }
        var names = Names()
        for variable in spec.elements("variables") {
            if variable["name"].require("name is not specified") {
                for problem in Validation.cIdentifier(variable.text("name")) { variable["name"].refuse(problem) }
            }
            names.insertUnique(variable["name"])
            variable["expression"].require("expression is not specified")
        }
    }

    @Sendable static func binding(_ binding: Field, _ old: Field?) {
        let spec = binding["spec"]
        spec["policyName"].requireMatch(Validation.dns1123Subdomain)
        let actions = spec["validationActions"]
        actions.require()
        var seen = Names()
        for action in spec.elements("validationActions") {
            action.mustBeOneOf(["Audit", "Deny", "Warn"])
            seen.insertUnique(action)
        }
        if seen.contains("Deny"), seen.contains("Warn") {
            actions.refuse(
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
            )
        }
        if let reference = spec.present("paramRef") {
            if reference["name"].isEmpty == reference["selector"].isAbsent {
                reference["name"].missing("one of name or selector must be specified")
            }
            reference["selector"].labelSelector()
            reference["parameterNotFoundAction"].requireOneOf(["Allow", "Deny"])
        }
        if let resources = spec.present("matchResources") { self.resources(resources) }
    }

    private static func resources(_ match: Field) {
        for selector in ["namespaceSelector", "objectSelector"] { match[selector].labelSelector() }
        match["matchPolicy"].oneOf(["Equivalent", "Exact"])
        for list in ["resourceRules", "excludeResourceRules"] { for rule in match.elements(list) { WebhookValidation.rule(rule) } }
    }

    /// The match conditions of webhooks and policies.
    static func matchConditions(_ owner: Field) {
        let conditions = owner.elements("matchConditions")
        if conditions.count > conditionsMax { owner["matchConditions"].tooMany(conditions.count, max: conditionsMax) }
        var names = Names()
        for condition in conditions {
            condition["expression"].require()
            condition["name"].requireMatch(Validation.qualifiedName)
            names.insertUnique(condition["name"])
        }
    }
}
