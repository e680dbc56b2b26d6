import ObjectModel

/// `aggregationRule`: a ClusterRole whose rules are those of all ClusterRoles with certain labels.
public enum RoleAggregation {
    /// The rules that `role` should have, or nil if it aggregates nothing. Each rule once, in the order of the roles' names.
    /// - Parameter matches: whether a `LabelSelector` selects labels.
    public static func rules(for role: Value, among clusterRoles: [Value], matches: (_ selector: Value, _ labels: [String: String]) -> Bool) -> Value? {
        guard case .array(let selectors) = role["aggregationRule"]["clusterRoleSelectors"] else { return nil }
        var seen: Set<PolicyRule> = []
        var rules: [Value] = []
        // As upstream: selector by selector, and within one by name.
        for selector in selectors {
            for other in clusterRoles.sorted(by: { $0.name < $1.name }) where other.name != role.name && matches(selector, other.labels) {
                for rule in other["rules"].array where seen.insert(PolicyRule(rule)).inserted { rules.append(rule) }
            }
        }
        return .array(rules)
    }
}
