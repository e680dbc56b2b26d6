import APIServer
import ObjectModel
import Testing

@Suite struct RoleEscalationTests {
    let roles = RoleBasedAuthorizer()
    let alice = UserInfo(name: "alice", groups: ["devs", "system:authenticated"])

    init() {
        roles.role("dev", [rule(["get", "list"], ["pods", "*/scale"]), rule(["get"], ["configmaps"], names: ["a"])])
        roles.bind("devs", "dev", group("devs"))
    }

    var escalation: RoleEscalation { RoleEscalation(roles: roles, authorizer: roles) }

    func write(_ rules: Value) throws(APIError) {
        try escalation.checkRole("roles", ["metadata": ["name": "new"], "rules": rules], namespace: "team", user: alice)
    }

    @Test func `one may grant what one holds`() throws {
        try write([rule(["get"], ["pods"])])
        try write([rule(["list"], ["deployments/scale"])])
        try write([rule(["get"], ["configmaps"], names: ["a"])])
    }

    @Test func `one may not grant more, and is told what`() {
        let error = #expect(throws: APIError.self) { try write([rule(["get", "delete", "update"], ["pods"])]) }
        #expect(
            error?.message
                == "roles.rbac.authorization.k8s.io \"new\" is forbidden: user \"alice\" (groups=[\"devs\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\" \"update\"]}"
        )
        #expect(throws: APIError.self) { try write([rule(["get"], ["configmaps"])]) }
        #expect(throws: APIError.self) { try write([rule(["*"], ["pods"])]) }
        #expect(throws: APIError.self) { try write([["verbs": ["get"], "nonResourceURLs": ["/"]]]) }
    }

    @Test func `masters, and whoever may escalate, are free`() throws {
        let everything: Value = ["metadata": ["name": "new"], "rules": [rule(["*"], ["*"], groups: ["*"])]]
        try escalation.checkRole("roles", everything, namespace: "team", user: UserInfo(name: "root", groups: ["system:masters"]))
        roles.role("escalate", [rule(["escalate"], ["roles"], groups: ["rbac.authorization.k8s.io"])])
        roles.bind("e", "escalate", user("alice"))
        try escalation.checkRole("roles", everything, namespace: "team", user: alice)
    }

    @Test func `a binding grants its role's rules`() throws {
        roles.role("small", [rule(["get"], ["pods"])])
        roles.role("big", [rule(["delete"], ["pods"])])
        func bind(_ name: String) throws(APIError) {
            try escalation.checkBinding(
                "rolebindings", ["metadata": ["name": "b"], "roleRef": ["kind": "ClusterRole", "name": .string(name)]], namespace: "team", user: alice
            )
        }
        try bind("small")
        #expect(throws: APIError.self) { try bind("big") }
        let missing = #expect(throws: APIError.self) { try bind("none") }
        #expect(missing?.message == "clusterroles.rbac.authorization.k8s.io \"none\" not found")
        roles.role("binder", [rule(["bind"], ["clusterroles"], groups: ["rbac.authorization.k8s.io"], names: ["big"])])
        roles.bind("x", "binder", user("alice"))
        try bind("big")
    }

    @Test func `an update that grants nothing new passes`() throws {
        let role: Value = ["metadata": ["name": "old"], "rules": [rule(["*"], ["*"])]]
        try escalation.checkRole("clusterroles", role, old: role, namespace: "", user: alice)
    }

    @Test func `aggregation is for those who may do everything`() {
        let error = #expect(throws: APIError.self) {
            try escalation.checkRole(
                "clusterroles", ["metadata": ["name": "agg"], "aggregationRule": ["clusterRoleSelectors": []]], namespace: "", user: alice)
        }
        #expect(
            error?.message
                == "clusterroles.rbac.authorization.k8s.io \"agg\" is forbidden: must have cluster-admin privileges to use an aggregationRule")
    }
}
