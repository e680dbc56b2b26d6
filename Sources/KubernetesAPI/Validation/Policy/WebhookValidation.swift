import ObjectModel

/// The rules of validating and mutating webhook configurations.
enum WebhookValidation {
    static func check(_ configuration: Field, _ old: Field?) {
        var names = Names()
        for webhook in configuration.elements("webhooks") {
            self.webhook(webhook)
            reviewVersions(webhook)
            names.insertUnique(webhook["name"])
        }
    }

    private static func webhook(_ webhook: Field) {
        let name = webhook["name"]
        if name.require(), name.matches(Validation.dns1123Subdomain), name.text.split(separator: ".").count < 3 {
            name.refuse("should be a domain with at least three segments separated by dots")
        }
        for rule in webhook.elements("rules") { AdmissionRuleValidation.check(rule) }
        if let policy = webhook.present("failurePolicy") { policy.mustBeOneOf(["Fail", "Ignore"]) }
        if let policy = webhook.present("matchPolicy") { policy.mustBeOneOf(["Equivalent", "Exact"]) }
        if webhook["sideEffects"].requirePresent("must specify one of None, NoneOnDryRun") {
            webhook["sideEffects"].mustBeOneOf(["None", "NoneOnDryRun"])
        }
        if let timeout = webhook.present("timeoutSeconds"), !(1...30).contains(timeout.number) {
            timeout.refuse("the timeout value must be between 1 and 30 seconds")
        }
        webhook["namespaceSelector"].labelSelector()
        webhook["objectSelector"].labelSelector()
        if let policy = webhook.present("reinvocationPolicy") { policy.mustBeOneOf(["IfNeeded", "Never"]) }
        client(webhook["clientConfig"])
        AdmissionPolicyValidation.matchConditions(webhook)
    }

    private static func reviewVersions(_ webhook: Field) {
        let versions = webhook["admissionReviewVersions"]
        guard versions.require("must specify one of v1, v1beta1") else { return }
        self.versions(versions, webhook.elements("admissionReviewVersions"))
        if !versions.value.strings.contains(where: { $0 == "v1" || $0 == "v1beta1" }) {
            versions.refuse("must include at least one of v1, v1beta1")
        }
    }

    /// Versions of reviews, each once.
    static func versions(_ list: Field, _ versions: [Field]) {
        var seen = Names()
        for version in versions {
            guard seen.insert(version.text) else {
                version.refuse("duplicate version")
                continue
            }
            for problem in Validation.dns1035Label(version.text) { version.refuse(problem) }
        }
    }

    // MARK: Where a webhook is reached

    /// By address, or through a service.
    static func client(_ config: Field) {
        let (url, service) = (config.present("url"), config.present("service"))
        guard (url == nil) != (service == nil) else { return config.missing("exactly one of url or service is required") }
        if let url { address(url) }
        if let service { self.service(service) }
    }

    private static let form = "; desired format: https://host[/path]"

    /// `https://host/path`.
    private static func address(_ url: Field) {
        var rest = url.text[...]
        var scheme = Substring()
        if let colon = rest.firstRange(of: ":") {
            scheme = rest[..<colon.lowerBound]
            rest = rest[colon.upperBound...]
        }
        if scheme != "https" { url.refuse(.string(String(scheme)), "'https' is the only allowed URL scheme" + form) }
        let (beforeFragment, fragment) = split(rest, at: "#")
        let (beforeQuery, query) = split(beforeFragment, at: "?")
        var host = beforeQuery.hasPrefix("//") ? beforeQuery.dropFirst(2).prefix { $0 != "/" } : ""
        var user: Substring?
        if let at = host.lastIndex(of: "@") {
            user = host[..<at]
            host = host[host.index(after: at)...]
        }
        if host.isEmpty { url.refuse("", "host must be specified" + form) }
        if let user { url.refuse(.string(String(user)), "user information is not permitted in the URL") }
        if !fragment.isEmpty { url.refuse(.string(String(fragment)), "fragments are not permitted in the URL") }
        if !query.isEmpty { url.refuse(.string(String(query)), "query parameters are not permitted in the URL") }
    }

    private static func split(_ text: Substring, at mark: Character) -> (Substring, Substring) {
        guard let index = text.firstIndex(of: mark) else { return (text, "") }
        return (text[..<index], text[text.index(after: index)...])
    }

    private static func service(_ service: Field) {
        service["name"].require("service name is required")
        service["namespace"].require("service namespace is required")
        if let port = service.present("port"), !(1...65535).contains(port.number) {
            port.refuse("port is not valid: must be between 1 and 65535, inclusive")
        }
        guard let path = service.nonEmpty("path"), path.text != "/" else { return }
        if path.text == "//" { return path.refuse("segment[0] may not be empty") }
        if !path.text.hasPrefix("/") { path.refuse("must start with a '/'") }
        var rest = path.text.dropFirst()
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        for (index, step) in rest.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
            if step.isEmpty {
                path.refuse("segment[\(index)] may not be empty")
                continue
            }
            for problem in Validation.dns1123Subdomain(String(step)) { path.refuse("segment[\(index)]: \(problem)") }
        }
    }
}
