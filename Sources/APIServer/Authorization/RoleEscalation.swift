import ObjectModel

/// Nobody grants what they don't hold: the check on every write of a role or binding.
public struct RoleEscalation: Sendable {
    private let roles: RoleBasedAuthorizer
    private let authorizer: any Authorizer

    /// - Parameter authorizer: the whole chain, asked for the verbs `escalate` and `bind`.
    public init(roles: RoleBasedAuthorizer, authorizer: any Authorizer) {
        self.roles = roles
        self.authorizer = authorizer
    }

    /// Of a `roles` or `clusterroles` object about to be created or updated.
    public func checkRole(_ resource: String, _ role: Value, old: Value = .null, namespace: String, user: UserInfo) throws(APIError) {
        if isPrivileged(user) || (!old.isNull && old["rules"] == role["rules"] && old["aggregationRule"] == role["aggregationRule"]) { return }
        let verb = RequestAttributes(
            user: user, verb: "escalate", group: Self.group, version: "v1", resource: resource, namespace: namespace, name: role.name)
        if case .allow = authorizer.authorize(verb) { return }
        if !role["aggregationRule"].isNull {
            let everything = [PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"])]
            guard RuleCover.missing(from: roles.rules(for: user, namespace: "").rules, everything).isEmpty else {
                throw .forbidden(
                    resource: resource, group: Self.group, name: role.name, "must have cluster-admin privileges to use an aggregationRule")
            }
        }
        try confirm(role["rules"].array.map { PolicyRule($0) }, resource, role.name, namespace, user)
    }

    /// Of a `rolebindings` or `clusterrolebindings` object about to be created or updated.
    public func checkBinding(_ resource: String, _ binding: Value, old: Value = .null, namespace: String, user: UserInfo) throws(APIError) {
        if isPrivileged(user) || (!old.isNull && old["roleRef"] == binding["roleRef"] && old["subjects"] == binding["subjects"]) { return }
        let reference = binding["roleRef"]
        let referenced = reference["kind"].string == "Role" ? "roles" : "clusterroles"
        let roleName = reference["name"].string ?? ""
        let verb = RequestAttributes(
            user: user, verb: "bind", group: Self.group, version: "v1", resource: referenced, namespace: namespace, name: roleName)
        if case .allow = authorizer.authorize(verb) { return }
        guard let rules = roles.rules(ofRole: reference, namespace: namespace) else {
            throw .notFound(resource: referenced, group: Self.group, name: roleName)
        }
        try confirm(rules, resource, binding.name, namespace, user)
    }

    private static let group = "rbac.authorization.k8s.io"

    private func isPrivileged(_ user: UserInfo) -> Bool { user.groups.contains(PrivilegedGroupAuthorizer.group) }

    private func confirm(_ rules: [PolicyRule], _ resource: String, _ name: String, _ namespace: String, _ user: UserInfo) throws(APIError) {
        let held = roles.rules(for: user, namespace: namespace)
        let missing = RuleCover.missing(from: held.rules, rules)
        guard !missing.isEmpty else { return }
        let shown = Set(RuleCover.compact(missing).map(\.description)).sorted().joined(separator: "\n")
        var why = "user \(quoted(user.name)) (groups=\(quoted(user.groups))) is attempting to grant RBAC permissions not currently held:\n\(shown)"
        if !held.errors.isEmpty { why += "; resolution errors: [\(held.errors.joined(separator: " "))]" }
        throw .forbidden(resource: resource, group: Self.group, name: name, why)
    }
}

/// Whether some rules allow everything that others do.
enum RuleCover {
    /// The single permissions of `wanted` that no rule of `held` covers.
    static func missing(from held: [PolicyRule], _ wanted: [PolicyRule]) -> [PolicyRule] {
        wanted.flatMap(breakdown).filter { permission in !held.contains { covers($0, permission) } }
    }

    /// One verb on one resource (of one name) in one group, or on one path, each.
    static func breakdown(_ rule: PolicyRule) -> [PolicyRule] {
        var result: [PolicyRule] = []
        for group in rule.apiGroups {
            for resource in rule.resources {
                for verb in rule.verbs {
                    let single = PolicyRule(verbs: [verb], apiGroups: [group], resources: [resource])
                    if rule.resourceNames.isEmpty { result.append(single) }
                    for name in rule.resourceNames {
                        var named = single
                        named.resourceNames = [name]
                        result.append(named)
                    }
                }
            }
        }
        for path in rule.nonResourceURLs {
            for verb in rule.verbs { result.append(PolicyRule(verbs: [verb], nonResourceURLs: [path])) }
        }
        return result
    }

    /// Of a permission as `breakdown` makes them.
    private static func covers(_ held: PolicyRule, _ permission: PolicyRule) -> Bool {
        permission.verbs.allSatisfy { PolicyRule.has(held.verbs, $0) }
            && permission.apiGroups.allSatisfy { PolicyRule.has(held.apiGroups, $0) }
            && permission.resources.allSatisfy { coversResource(held.resources, $0) }
            && (held.resourceNames.isEmpty || (!permission.resourceNames.isEmpty && permission.resourceNames.allSatisfy(held.resourceNames.contains)))
            && permission.nonResourceURLs.allSatisfy { path in held.nonResourceURLs.contains { PolicyRule.covers($0, path: path) } }
    }

    private static func coversResource(_ held: [String], _ resource: String) -> Bool {
        if PolicyRule.has(held, resource) { return true }
        guard let slash = resource.firstIndex(of: "/") else { return false }
        return held.contains("*" + resource[slash...])
    }

    /// Joins the verbs of permissions that are otherwise the same.
    static func compact(_ permissions: [PolicyRule]) -> [PolicyRule] {
        var order: [PolicyRule] = []
        var verbs: [PolicyRule: [String]] = [:]
        for permission in permissions {
            var rest = permission
            rest.verbs = []
            if verbs[rest] == nil { order.append(rest) }
            verbs[rest, default: []] += permission.verbs
        }
        return order.map { rule in
            var rule = rule
            rule.verbs = verbs[rule] ?? []
            return rule
        }
    }
}
