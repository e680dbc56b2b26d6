import ObjectModel

/// The rules of validating and mutating webhook configurations.
enum WebhookValidation {
    static func check(_ configuration: Field, _ old: Field?) {
        var names = Names()
        for webhook in configuration.elements("webhooks") {
            self.webhook(webhook)
            names.insertUnique(webhook["name"])
        }
    }

    private static func webhook(_ webhook: Field) {
        let name = webhook["name"]
        if name.require(), name.matches(Validation.dns1123Subdomain), name.text.split(separator: ".").count < 3 {
            name.refuse("should be a domain with at least three segments separated by dots")
        }
        let versions = webhook["admissionReviewVersions"]
        if versions.require("must specify one of v1, v1beta1"), !versions.value.strings.contains(where: { $0 == "v1" || $0 == "v1beta1" }) {
            versions.refuse("must include at least one of v1, v1beta1")
        }
        for rule in webhook.elements("rules") { self.rule(rule) }
        if let policy = webhook.present("failurePolicy") { policy.mustBeOneOf(["Fail", "Ignore"]) }
        if let policy = webhook.present("matchPolicy") { policy.mustBeOneOf(["Equivalent", "Exact"]) }
        if let policy = webhook.present("reinvocationPolicy") { policy.mustBeOneOf(["IfNeeded", "Never"]) }
        if webhook["sideEffects"].requirePresent("must specify one of None, NoneOnDryRun") {
            webhook["sideEffects"].mustBeOneOf(["None", "NoneOnDryRun"])
        }
        if let timeout = webhook.present("timeoutSeconds"), !(1...30).contains(timeout.number) {
            timeout.refuse("the timeout value must be between 1 and 30 seconds")
        }
        webhook["namespaceSelector"].labelSelector()
        webhook["objectSelector"].labelSelector()
        client(webhook["clientConfig"])
        AdmissionPolicyValidation.matchConditions(webhook)
    }

    static func rule(_ rule: Field) {
        let operations = rule["operations"]
        operations.require()
        if operations.value.strings.contains("*"), operations.value.array.count > 1 {
            operations.refuse("if '*' is present, must not specify other operations")
        }
        for operation in rule.elements("operations") { operation.mustBeOneOf(["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]) }
        for field in ["apiGroups", "apiVersions", "resources"] {
            let list = rule[field]
            list.require()
            if field != "resources", list.value.strings.contains("*"), list.value.array.count > 1 {
                list.refuse(
                    field == "apiGroups"
                        ? "if '*' is present, must not specify other API groups" : "if '*' is present, must not specify other API versions")
            }
        }
        if let scope = rule.present("scope") { scope.mustBeOneOf(["*", "Cluster", "Namespaced"]) }
    }

    /// Where a webhook is reached: by address, or through a service.
    static func client(_ config: Field) {
        let (url, service) = (config.present("url"), config.present("service"))
        guard (url == nil) != (service == nil) else { return config.missing("exactly one of url or service is required") }
        if let url {
            if !url.text.hasPrefix("https://") { url.refuse("'https' is the only allowed URL scheme") }
            return
        }
        guard let service else { return }
        service["name"].require("service name is required")
        service["namespace"].require("service namespace is required")
        if let path = service.present("path"), !path.text.hasPrefix("/") { path.refuse("must start with a '/'") }
        if let port = service.present("port"), !(1...65535).contains(port.number) {
            port.refuse("port is not valid: must be between 1 and 65535, inclusive")
        }
    }
}
