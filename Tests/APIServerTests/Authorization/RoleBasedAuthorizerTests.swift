import APIServer
import ObjectModel
import Testing

/// Roles and bindings in a few words.
extension RoleBasedAuthorizer {
    func role(_ key: String, _ rules: Value) {
        apply(key.contains("/") ? "roles" : "clusterroles", key: key, ["metadata": ["name": .string(key)], "rules": rules])
    }

    func bind(_ key: String, _ role: String, kind: String = "ClusterRole", _ subjects: Value...) {
        apply(
            key.contains("/") ? "rolebindings" : "clusterrolebindings", key: key,
            ["roleRef": ["kind": .string(kind), "name": .string(role), "apiGroup": "rbac.authorization.k8s.io"], "subjects": .array(subjects)])
    }
}

func user(_ name: String) -> Value { ["kind": "User", "name": .string(name)] }
func group(_ name: String) -> Value { ["kind": "Group", "name": .string(name)] }
func rule(_ verbs: [String], _ resources: [String], groups: [String] = [""], names: [String] = []) -> Value {
    ["verbs": Value(verbs), "apiGroups": Value(groups), "resources": Value(resources), "resourceNames": names.isEmpty ? nil : Value(names)]
}

func wants(
    _ user: String, _ verb: String, _ resource: String, group: String = "", subresource: String = "", namespace: String = "default",
    name: String = "",
    groups: [String] = ["system:authenticated"]
) -> RequestAttributes {
    RequestAttributes(
        user: UserInfo(name: user, groups: groups), verb: verb, group: group, version: "v1", resource: resource, subresource: subresource,
        namespace: namespace, name: name)
}

extension Authorizer {
    func allows(_ attributes: RequestAttributes) -> Bool { if case .allow = authorize(attributes) { true } else { false } }
}

@Suite struct RoleBasedAuthorizerTests {
    let roles = RoleBasedAuthorizer()

    @Test func `nobody may do anything without a binding`() {
        roles.role("reader", [rule(["get"], ["pods"])])
        #expect(roles.authorize(wants("alice", "get", "pods")) == .noOpinion(reason: ""))
    }

    @Test func `a role binding counts in its namespace, a cluster role binding everywhere`() {
        roles.role("reader", [rule(["get"], ["pods"])])
        roles.bind("team/b", "reader", user("alice"))
        #expect(roles.allows(wants("alice", "get", "pods", namespace: "team")))
        #expect(!roles.allows(wants("alice", "get", "pods", namespace: "other")))
        #expect(!roles.allows(wants("alice", "get", "pods", namespace: "")))
        roles.bind("b", "reader", user("bob"))
        #expect(roles.allows(wants("bob", "get", "pods", namespace: "other")))
        #expect(roles.allows(wants("bob", "get", "pods", namespace: "")))
    }

    @Test func `users, groups and service accounts are told apart`() {
        roles.role("reader", [rule(["get"], ["pods"])])
        roles.bind("g", "reader", group("ops"))
        #expect(roles.allows(wants("x", "get", "pods", groups: ["ops"])))
        #expect(!roles.allows(wants("ops", "get", "pods")))
        roles.bind("team/sa", "reader", ["kind": "ServiceAccount", "name": "builder"])
        #expect(roles.allows(wants("system:serviceaccount:team:builder", "get", "pods", namespace: "team")))
        #expect(!roles.allows(wants("system:serviceaccount:other:builder", "get", "pods", namespace: "team")))
    }

    @Test(arguments: [
        ("pods", "", "pods", true), ("pods", "log", "pods", false), ("pods", "log", "pods/log", true), ("pods", "", "pods/log", false),
        ("pods", "log", "*", true), ("deployments", "scale", "*/scale", true), ("deployments", "", "*/scale", false),
        ("deployments", "rescale", "*/scale", false), ("pods", "log", "pods/*", false),
    ])
    func `resources and subresources`(resource: String, subresource: String, rule: String, isAllowed: Bool) {
        roles.role("r", [APIServerTests.rule(["get"], [rule])])
        roles.bind("b", "r", user("alice"))
        #expect(roles.allows(wants("alice", "get", resource, subresource: subresource)) == isAllowed)
    }

    @Test func `verbs, groups and names must all match one rule`() {
        roles.role(
            "r", [rule(["get"], ["pods"], names: ["web"]), rule(["list"], ["deployments"], groups: ["apps"]), rule(["*"], ["jobs"], groups: ["*"])])
        roles.bind("b", "r", user("alice"))
        #expect(roles.allows(wants("alice", "get", "pods", name: "web")))
        #expect(!roles.allows(wants("alice", "get", "pods", name: "db")))
        #expect(!roles.allows(wants("alice", "get", "pods")))
        #expect(roles.allows(wants("alice", "list", "deployments", group: "apps")))
        #expect(!roles.allows(wants("alice", "list", "deployments")))
        #expect(!roles.allows(wants("alice", "get", "deployments", group: "apps")))
        #expect(roles.allows(wants("alice", "delete", "jobs", group: "batch")))
    }

    @Test(arguments: [("/healthz", true), ("/healthz/etcd", true), ("/healthzz", false), ("/version", true), ("/", false), ("/metrics/a", true)])
    func `paths, with a star at the end`(path: String, isAllowed: Bool) {
        roles.role("r", [["verbs": ["get"], "nonResourceURLs": ["/healthz", "/healthz/*", "/version", "/metrics*"]]])
        roles.bind("b", "r", user("alice"))
        #expect(roles.allows(RequestAttributes(user: UserInfo(name: "alice"), verb: "get", path: path)) == isAllowed)
        #expect(!roles.allows(RequestAttributes(user: UserInfo(name: "alice"), verb: "post", path: path)))
    }

    @Test func `order of events does not matter, and later ones count`() {
        roles.bind("team/b", "late", kind: "Role", user("alice"))
        #expect(
            roles.authorize(wants("alice", "get", "pods", namespace: "team"))
                == .noOpinion(reason: "RBAC: role.rbac.authorization.k8s.io \"late\" not found"))
        roles.role("team/late", [rule(["get"], ["pods"])])
        #expect(roles.allows(wants("alice", "get", "pods", namespace: "team")))
        roles.role("team/late", [rule(["list"], ["pods"])])
        #expect(!roles.allows(wants("alice", "get", "pods", namespace: "team")))
        roles.bind("team/b", "late", kind: "Role", user("bob"))
        #expect(!roles.allows(wants("alice", "list", "pods", namespace: "team")))
        #expect(roles.allows(wants("bob", "list", "pods", namespace: "team")))
        roles.apply("rolebindings", key: "team/b", nil)
        #expect(roles.authorize(wants("bob", "list", "pods", namespace: "team")) == .noOpinion(reason: ""))
    }

    @Test func `the reason names binding, role and subject`() {
        roles.role("reader", [rule(["get"], ["pods"])])
        roles.bind("team/b", "reader", ["kind": "ServiceAccount", "name": "builder", "namespace": "ci"])
        #expect(
            roles.authorize(wants("system:serviceaccount:ci:builder", "get", "pods", namespace: "team"))
                == .allow(reason: "RBAC: allowed by RoleBinding \"b/team\" of ClusterRole \"reader\" to ServiceAccount \"builder/ci\""))
        roles.bind("all", "reader", group("ops"))
        #expect(
            roles.authorize(wants("x", "get", "pods", groups: ["ops"]))
                == .allow(reason: "RBAC: allowed by ClusterRoleBinding \"all\" of ClusterRole \"reader\" to Group \"ops\""))
    }

    @Test func `a denial reads as upstream's`() {
        let error = #expect(throws: APIError.self) { try roles.require(wants("u", "list", "pods")) }
        #expect(error?.message == "pods is forbidden: User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"")
        #expect(error?.details == .init(group: "", kind: "pods"))
        let named = #expect(throws: APIError.self) {
            try roles.require(wants("u", "get", "deployments", group: "apps", subresource: "scale", namespace: "", name: "web"))
        }
        #expect(
            named?.message
                == "deployments.apps \"web\" is forbidden: User \"u\" cannot get resource \"deployments/scale\" in API group \"apps\" at the cluster scope"
        )
        let path = #expect(throws: APIError.self) { try roles.require(RequestAttributes(user: .anonymous, verb: "get", path: "/")) }
        #expect(path?.message == "forbidden: User \"system:anonymous\" cannot get path \"/\"")
        #expect(path?.status["details"] == .object([:]))
    }

    @Test func `system masters need no role`() {
        let chain = AuthorizerChain([PrivilegedGroupAuthorizer(), roles])
        #expect(chain.allows(wants("root", "delete", "nodes", groups: ["system:masters"])))
        #expect(!chain.allows(wants("root", "delete", "nodes")))
    }

    @Test func `aggregation gathers the rules of the labelled roles, each once`() {
        let role: Value = [
            "metadata": ["name": "edit"], "aggregationRule": ["clusterRoleSelectors": [["matchLabels": ["a": "1"]], ["matchLabels": ["b": "1"]]]],
        ]
        let others: [Value] = [
            ["metadata": ["name": "z", "labels": ["a": "1", "b": "1"]], "rules": [rule(["get"], ["pods"])]],
            ["metadata": ["name": "y", "labels": ["a": "1"]], "rules": [rule(["get"], ["services"])]],
            ["metadata": ["name": "x"], "rules": [rule(["*"], ["*"])]],
        ]
        let rules = RoleAggregation.rules(for: role, among: others)
        #expect(rules == [rule(["get"], ["services"]), rule(["get"], ["pods"])])
        #expect(RoleAggregation.rules(for: ["rules": []], among: others) == nil)
    }

    @Test func `among a thousand namespaces a user has the rights of one`() {
        for index in 0..<1_000 {
            roles.role("ns\(index)/r", [rule(["get", "list", "watch"], ["pods", "services", "configmaps"])])
            roles.bind("ns\(index)/b", "r", kind: "Role", user("user-\(index)"))
        }
        let groups = ["a", "b", "system:authenticated"]
        let allowed = (0..<1_000).filter {
            roles.allows(wants("user-500", "watch", "configmaps", namespace: "ns\($0)", groups: groups))
        }
        #expect(allowed == [500])
    }
}
