import ObjectModel

/// `rbac.authorization.k8s.io/v1 PolicyRule`, read once, asked often.
public struct PolicyRule: Sendable, Hashable {
    public var verbs: [String]
    public var apiGroups: [String]

    /// `pods`, `pods/log`, `*` (with all subresources), `*/scale`.
    public var resources: [String]

    /// Empty: all.
    public var resourceNames: [String]

    /// `/healthz`, `/healthz/*`, `*`.
    public var nonResourceURLs: [String]

    public init(
        verbs: [String], apiGroups: [String] = [], resources: [String] = [], resourceNames: [String] = [], nonResourceURLs: [String] = []
    ) {
        self.verbs = verbs
        self.apiGroups = apiGroups
        self.resources = resources
        self.resourceNames = resourceNames
        self.nonResourceURLs = nonResourceURLs
    }

    public init(_ value: Value) {
        self.init(
            verbs: value["verbs"].strings, apiGroups: value["apiGroups"].strings, resources: value["resources"].strings,
            resourceNames: value["resourceNames"].strings, nonResourceURLs: value["nonResourceURLs"].strings)
    }

    public var value: Value {
        var value: Value = ["verbs": Value(verbs)]
        if !apiGroups.isEmpty { value["apiGroups"] = Value(apiGroups) }
        if !resources.isEmpty { value["resources"] = Value(resources) }
        if !resourceNames.isEmpty { value["resourceNames"] = Value(resourceNames) }
        if !nonResourceURLs.isEmpty { value["nonResourceURLs"] = Value(nonResourceURLs) }
        return value
    }

    static func has(_ list: [String], _ element: String) -> Bool {
        for candidate in list where candidate == element || candidate == "*" { return true }
        return false
    }

    /// Whether a rule's path, which may end with `*`, covers a path or another such pattern.
    static func covers(_ pattern: String, path: String) -> Bool {
        pattern == path || pattern == "*" || (pattern.hasSuffix("*") && path.hasPrefix(pattern.dropLast()))
    }
}

extension PolicyRule: CustomStringConvertible {
    /// `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`
    public var description: String {
        let parts = [
            ("APIGroups", apiGroups), ("Resources", resources), ("NonResourceURLs", nonResourceURLs), ("ResourceNames", resourceNames),
            ("Verbs", verbs),
        ]
        return "{" + parts.filter { !$0.1.isEmpty }.map { "\($0.0):\(quoted($0.1))" }.joined(separator: ", ") + "}"
    }
}
