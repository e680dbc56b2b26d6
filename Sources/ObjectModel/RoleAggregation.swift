/// `aggregationRule`: a ClusterRole whose rules are those of all ClusterRoles with certain labels.
public enum RoleAggregation {
    /// The rules that `role` should have, or nil if it aggregates nothing. Each rule once: selector by selector, and within one by the roles' names.
    /// A selector that can't be read selects nothing.
    public static func rules(for role: Value, among clusterRoles: [Value]) -> Value? {
        guard case .array(let selectors) = role["aggregationRule"]["clusterRoleSelectors"] else { return nil }
        var seen: Set<Value> = []
        let candidates = clusterRoles.filter { $0.name != role.name }.sorted { $0.name < $1.name }
        return .array(
            selectors.compactMap { try? LabelSelector($0) }.flatMap { selector in
                candidates.filter { selector.matches($0) }.flatMap { $0["rules"].array.filter { seen.insert($0).inserted } }
            })
    }
}
