import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct BootstrapObjectsTests {
    let objects = BootstrapObjects.objects()

    func find(_ kind: String, _ name: String) -> Value? { objects.first { $0.object.kind == kind && $0.object.name == name }?.object }

    /// An authorizer that knows the defaults.
    var roles: RoleBasedAuthorizer {
        let roles = RoleBasedAuthorizer()
        for (resource, object) in objects { roles.apply(resource.plural, key: object.key, object) }
        return roles
    }

    @Test func `a fresh server holds what upstream's holds`() {
        let counts = Dictionary(grouping: objects, by: \.object.kind).mapValues(\.count)
        #expect(
            counts == [
                "Namespace": 4, "PriorityClass": 2, "PriorityLevelConfiguration": 8, "FlowSchema": 11, "ClusterRole": 69, "ClusterRoleBinding": 50,
                "Role": 7, "RoleBinding": 7,
            ])
        #expect(objects.allSatisfy { $0.object.apiVersion == $0.resource.apiVersion })
        #expect(
            Set(objects.filter { $0.object.kind == "Namespace" }.map(\.object.name)) == ["default", "kube-system", "kube-public", "kube-node-lease"])
    }

    @Test func `namespaces come before what lives in them`() throws {
        let lastNamespace = try #require(objects.lastIndex { $0.object.kind == "Namespace" })
        let firstNamespaced = try #require(objects.firstIndex { $0.resource.isNamespaced })
        #expect(lastNamespace < firstNamespaced)
    }

    @Test func `the aggregated roles have their rules from the start`() {
        #expect(find("ClusterRole", "view")?["rules"].array.isEmpty == false)
        let roles = roles
        roles.bind("team/v", "view", user("viewer"))
        roles.bind("team/e", "edit", user("editor"))
        roles.bind("team/a", "admin", user("administrator"))
        #expect(roles.allows(wants("viewer", "list", "pods", namespace: "team")))
        #expect(!roles.allows(wants("viewer", "get", "secrets", namespace: "team")))
        #expect(roles.allows(wants("editor", "get", "secrets", namespace: "team")))
        #expect(!roles.allows(wants("editor", "create", "roles", group: "rbac.authorization.k8s.io", namespace: "team")))
        #expect(roles.allows(wants("administrator", "create", "roles", group: "rbac.authorization.k8s.io", namespace: "team")))
        #expect(roles.allows(wants("administrator", "create", "deployments", group: "apps", namespace: "team")))
    }

    @Test(arguments: [
        ("/healthz", true), ("/livez", true), ("/readyz", true), ("/version", true), ("/version/", true), ("/api", false), ("/metrics", false),
        ("/", false),
    ])
    func `anonymous sees that the server is well, and its version`(path: String, isAllowed: Bool) {
        #expect(roles.allows(RequestAttributes(user: .anonymous, verb: "get", path: path)) == isAllowed)
    }

    @Test func `everyone who is known may discover, and ask about themselves`() {
        let user = UserInfo(name: "x", groups: ["system:authenticated"])
        #expect(roles.allows(RequestAttributes(user: user, verb: "get", path: "/apis/apps/v1")))
        #expect(roles.allows(RequestAttributes(user: user, verb: "get", path: "/openapi/v3")))
        #expect(roles.allows(wants("x", "create", "selfsubjectaccessreviews", group: "authorization.k8s.io", namespace: "")))
        #expect(!roles.allows(wants("x", "list", "pods")))
    }

    @Test func `the components have their roles`() {
        #expect(roles.allows(wants("system:kube-scheduler", "create", "pods", subresource: "binding")))
        #expect(roles.allows(wants("system:serviceaccount:kube-system:replicaset-controller", "create", "pods")))
        #expect(roles.allows(wants("system:serviceaccount:kube-system:generic-garbage-collector", "delete", "anything", group: "example.com")))
        #expect(!roles.allows(wants("system:serviceaccount:default:replicaset-controller", "create", "pods")))
    }

    @Test func `the kubernetes service leads to the server`() {
        let service = KubernetesService.service(address: "10.96.0.1", port: 6443)
        #expect(service.spec["clusterIP"] == "10.96.0.1")
        #expect(service.spec["ports"][0]["targetPort"] == 6443)
        #expect(KubernetesService.endpointSlice(addresses: ["fd00::1"], port: 6443)["addressType"] == "IPv6")
    }
}

@Suite struct BootstrapReconciliationTests {
    let objects = BootstrapObjects.objects().map(\.object)

    func wanted(_ kind: String, _ name: String) throws -> Value { try #require(objects.first { $0.kind == kind && $0.name == name }) }

    @Test func `what is missing is created, what is complete is left alone`() {
        for object in objects {
            #expect(BootstrapReconciliation.reconcile(existing: nil, wanted: object) == .create(object))
            #expect(BootstrapReconciliation.reconcile(existing: object, wanted: object) == nil)
        }
    }

    @Test func `a role that lost permissions gets them back and keeps what was added`() throws {
        let wanted = try wanted("ClusterRole", "system:basic-user")
        var existing = wanted
        existing["rules"] = [rule(["get"], ["widgets"])]
        existing.metadata["labels"]["mine"] = "yes"
        guard case .update(let updated) = BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) else {
            Issue.record("not updated")
            return
        }
        #expect(updated["rules"].array.count > 1)
        #expect(updated["rules"][0] == rule(["get"], ["widgets"]))
        #expect(updated.labels["mine"] == "yes")
        #expect(BootstrapReconciliation.reconcile(existing: updated, wanted: wanted) == nil)
    }

    @Test func `autoupdate=false is respected`() throws {
        let wanted = try wanted("ClusterRole", "system:basic-user")
        var existing = wanted
        existing["rules"] = []
        existing.metadata["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false"
        #expect(BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) == nil)
    }

    @Test func `a binding keeps added subjects and gets back lost ones, another role replaces it`() throws {
        let wanted = try wanted("ClusterRoleBinding", "cluster-admin")
        var existing = wanted
        existing["subjects"] = [user("alice")]
        guard case .update(let updated) = BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) else {
            Issue.record("not updated")
            return
        }
        #expect(updated["subjects"].array.count == 2)
        existing["roleRef"]["name"] = "view"
        #expect(BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) == .replace(wanted))
    }

    @Test func `a flow schema follows the defaults until someone takes it over`() throws {
        let wanted = try wanted("FlowSchema", "global-default")
        var existing = wanted
        existing.spec["matchingPrecedence"] = 1
        #expect(BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) == .update(wanted))
        existing.metadata["annotations"]["apf.kubernetes.io/autoupdate-spec"] = "false"
        #expect(BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) == nil)
    }
}
