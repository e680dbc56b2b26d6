import ObjectModel

/// The shape of admission policies; whether an expression compiles is for those that run it.
enum AdmissionPolicyValidation {
    private static let conditionsMax = 64
    private static let annotationsMax = 20
    private static let annotationBytesMax = 5 * 1024

    // MARK: Policies

    @Sendable static func validating(_ policy: Field, _ old: Field?) {
        let spec = policy["spec"]
        common(spec)
        matchConditions(spec)
        variables(spec)
        if spec["validations"].isEmpty, spec["auditAnnotations"].isEmpty {
            for list in ["validations", "auditAnnotations"] {
                spec[list].missing("validations or auditAnnotations must contain at least one item")
            }
            return
        }
        for validation in spec.elements("validations") { self.validation(validation) }
        auditAnnotations(spec, policy: policy.value.name)
    }

    @Sendable static func mutating(_ policy: Field, _ old: Field?) {
        let spec = policy["spec"]
        common(spec)
        let operations = ["*", "CONNECT", "CREATE", "UPDATE"]
        for rule in spec.value["matchConstraints"]["resourceRules"].array {
            for operation in rule["operations"].strings where !operations.contains(operation) {
                spec["matchConstraints"]["resourceRules"]["operations"].showing(.string(operation)).unsupported(operations)
            }
        }
        matchConditions(spec)
        variables(spec)
        spec["mutations"].require("mutations must contain at least one item")
        for mutation in spec.elements("mutations") { self.mutation(mutation) }
        spec["reinvocationPolicy"].requireOneOf(["IfNeeded", "Never"])
    }

    private static func common(_ spec: Field) {
        spec["failurePolicy"].requireOneOf(["Fail", "Ignore"])
        if let kind = spec.present("paramKind") { parameterKind(kind) }
        guard let constraints = spec.present("matchConstraints") else { return spec["matchConstraints"].missing() }
        AdmissionRuleValidation.match(constraints)
        constraints["resourceRules"].require()
    }

    private static func parameterKind(_ parameters: Field) {
        let version = parameters["apiVersion"]
        if version.require() {
            let parts = version.text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            if parts.count > 2 {
                version.refuse("unexpected GroupVersion string: \(version.text)")
            } else {
                if parts.count == 2, !parts[0].isEmpty { joined(version, parts[0], Validation.dns1123Subdomain(parts[0])) }
                let last = parts[parts.count - 1]
                if last.isEmpty { version.refuse("version must be specified") } else { joined(version, last, Validation.dns1035Label(last)) }
            }
        }
        let kind = parameters["kind"]
        guard kind.require() else { return }
        let problems = Validation.dns1035Label(kind.text.lowercased())
        if !problems.isEmpty { kind.refuse("may have mixed case, but should otherwise match: \(problems.joined(separator: ","))") }
    }

    private static func joined(_ field: Field, _ shown: String, _ problems: [String]) {
        if !problems.isEmpty { field.refuse(.string(shown), problems.joined(separator: ",")) }
    }

    // MARK: Expressions

    /// The match conditions of webhooks and policies.
    static func matchConditions(_ owner: Field) {
        let conditions = owner.elements("matchConditions")
        if conditions.count > conditionsMax { owner["matchConditions"].tooMany(conditions.count, max: conditionsMax) }
        var names = Names()
        for condition in conditions {
            if condition["expression"].isBlank { condition["expression"].missing() }
            condition["name"].requireMatch(Validation.qualifiedName)
            names.insertUnique(condition["name"])
        }
    }

    private static func variables(_ spec: Field) {
        var names = Names()
        for variable in spec.elements("variables") {
            let name = variable["name"]
            if name.isBlank {
                name.missing("name is not specified")
            } else if !Validation.cIdentifier(name.text).isEmpty || reserved.contains(name.text) {
                name.refuse("must be a valid CEL identifier")
            }
            names.insertUnique(name)
            if variable["expression"].isBlank { variable["expression"].missing("expression is not specified") }
        }
    }

    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]

    private static func validation(_ validation: Field) {
        if validation["expression"].isBlank { validation["expression"].missing("expression is not specified") }
        for field in ["messageExpression", "message"] where !validation[field].isEmpty && validation[field].isBlank {
            validation[field].refuse("must be non-empty if specified")
        }
        let message = validation["message"]
        if !message.isBlank, message.text.trimmed.contains(where: \.isNewline) { message.refuse("must not contain line breaks") }
        if let reason = validation.present("reason") { reason.mustBeOneOf(["Forbidden", "Invalid", "RequestEntityTooLarge"]) }
    }

    private static func auditAnnotations(_ spec: Field, policy: String) {
        let annotations = spec.elements("auditAnnotations")
        if annotations.count > annotationsMax {
            spec["auditAnnotations"].refuse("must not have more than \(annotationsMax) auditAnnotations")
        }
        var keys = Names()
        for annotation in annotations {
            let (key, expression) = (annotation["key"], annotation["valueExpression"])
            let name = "\(policy)/\(key.text)"
            if policy.isEmpty { key.refuse("requires metadata.name be non-empty") }
            for problem in policy.isEmpty ? [] : Validation.qualifiedName(name) { key.refuse(.string(name), problem) }
            if expression.isBlank {
                expression.missing("valueExpression is not specified")
            } else if expression.text.trimmed.utf8.count > annotationBytesMax {
                expression.missing("must not exceed \(annotationBytesMax) bytes in length")
            }
            if !keys.insert(key.text) { key.duplicate() }
        }
    }

    private static func mutation(_ mutation: Field) {
        let (patch, configuration) = (mutation["jsonPatch"], mutation["applyConfiguration"])
        let type = mutation["patchType"]
        switch type.text {
        case "": type.missing()
        case "JSONPatch": one(patch, "jsonPatch", and: configuration, "applyConfiguration", type.text)
        case "ApplyConfiguration": one(configuration, "applyConfiguration", and: patch, "jsonPatch", type.text)
        default: type.unsupported(["ApplyConfiguration", "JSONPatch"])
        }
    }

    private static func one(_ wanted: Field, _ name: String, and other: Field, _ otherName: String, _ type: String) {
        if wanted.isAbsent {
            wanted.missing("must be specified when patchType is \(type)")
        } else if wanted["expression"].isBlank {
            wanted["expression"].missing()
        }
        if !other.isAbsent { other.refuse(.string("{\(otherName)}"), "must not be specified when patchType is \(type)") }
    }

    // MARK: Bindings

    @Sendable static func validatingBinding(_ binding: Field, _ old: Field?) {
        self.binding(binding["spec"])
        let actions = binding["spec"]["validationActions"]
        var seen = Names()
        for action in binding["spec"].elements("validationActions") {
            action.mustBeOneOf(["Audit", "Deny", "Warn"])
            seen.insertUnique(action)
        }
        if seen.contains("Deny"), seen.contains("Warn") {
            actions.refuse(
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
            )
        }
        actions.require("at least one validation action is required")
    }

    @Sendable static func mutatingBinding(_ binding: Field, _ old: Field?) { self.binding(binding["spec"]) }

    private static func binding(_ spec: Field) {
        spec["policyName"].requireMatch(Validation.dns1123Subdomain)
        if let reference = spec.present("paramRef") { parameters(reference) }
        if let resources = spec.present("matchResources") { AdmissionRuleValidation.match(resources) }
    }

    private static func parameters(_ reference: Field) {
        let (name, selector) = (reference["name"], reference["selector"])
        name.matches(Validation.pathSegmentName)
        let isBoth = !name.isEmpty && !selector.isAbsent
        if isBoth { name.forbid("name and selector are mutually exclusive") }
        selector.labelSelector()
        if isBoth { selector.forbid("name and selector are mutually exclusive") }
        if name.isEmpty, selector.isAbsent { reference.missing("one of name or selector must be specified") }
        reference["parameterNotFoundAction"].requireOneOf(["Deny", "Allow"])
    }

    // MARK: Status

    @Sendable static func status(_ policy: Field, _ old: Field?) {
        let status = policy["status"]
        for warning in status["typeChecking"].elements("expressionWarnings") {
            warning["warning"].require()
            if warning["fieldRef"].isBlank { warning["fieldRef"].missing() }
        }
        status.standardConditions()
    }
}

extension Field {
    /// Nothing but white space.
    var isBlank: Bool { text.allSatisfy(\.isWhitespace) }
}
