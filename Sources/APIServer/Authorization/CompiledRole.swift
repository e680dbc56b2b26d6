/// A role's rules in the form that decisions ask. Classes all the way: asking copies no lists, which was most of a decision's cost.
final class CompiledRole: Sendable {
    let rules: [PolicyRule]
    private let compiled: [CompiledRule]

    init(_ rules: [PolicyRule]) {
        self.rules = rules
        compiled = rules.map { CompiledRule($0) }
    }

    /// - Parameter combined: `resource/subresource`, or `resource`; made once by whoever asks several roles.
    func allows(_ attributes: RequestAttributes, combined: String) -> Bool {
        for rule in compiled where rule.allows(attributes, combined: combined) { return true }
        return false
    }
}

private final class CompiledRule: Sendable {
    private let verbs: [String]
    private let apiGroups: [String]
    private let resources: [String]
    private let resourceNames: [String]
    private let nonResourceURLs: [String]

    init(_ rule: PolicyRule) {
        verbs = rule.verbs
        apiGroups = rule.apiGroups
        resources = rule.resources
        resourceNames = rule.resourceNames
        nonResourceURLs = rule.nonResourceURLs
    }

    func allows(_ attributes: RequestAttributes, combined: String) -> Bool {
        guard PolicyRule.has(verbs, attributes.verb) else { return false }
        guard attributes.isResourceRequest else { return nonResourceURLs.contains { PolicyRule.covers($0, path: attributes.path) } }
        return PolicyRule.has(apiGroups, attributes.group) && allowsResource(combined, attributes.subresource)
            && (resourceNames.isEmpty || resourceNames.contains(attributes.name))
    }

    private func allowsResource(_ combined: String, _ subresource: String) -> Bool {
        for resource in resources {
            if resource == combined || resource == "*" { return true }
            if !subresource.isEmpty, resource.utf8.count == subresource.utf8.count + 2, resource.hasPrefix("*/"), resource.hasSuffix(subresource) {
                return true
            }
        }
        return false
    }
}
