import ObjectModel

/// `aggregationRule`: a ClusterRole whose rules are those of all ClusterRoles with certain labels.
public enum RoleAggregation {
    /// The rules that `role` should have, or nil if it aggregates nothing. Each rule once, in the order of the roles' names.
    /// A selector that can't be read selects nothing.
    public static func rules(for role: Value, among clusterRoles: [Value]) -> Value? {
        guard case .array(let selectors) = role["aggregationRule"]["clusterRoleSelectors"] else { return nil }
        var seen: Set<PolicyRule> = []
        var rules: [Value] = []
        // As upstream: selector by selector, and within one by name.
        let candidates = clusterRoles.filter { $0.name != role.name }.sorted { $0.name < $1.name }
        for selector in selectors.compactMap({ try? LabelSelector($0) }) {
            for other in candidates where selector.matches(other) {
                for rule in other["rules"].array where seen.insert(PolicyRule(rule)).inserted { rules.append(rule) }
            }
        }
        return .array(rules)
    }
}
