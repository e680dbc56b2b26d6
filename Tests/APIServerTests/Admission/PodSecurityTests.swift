import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct PodSecurityTests {
    let plugin = PodSecurity()

    func refusal(_ level: String, version: String? = nil, _ spec: Value) -> String? {
        var labels = ["pod-security.kubernetes.io/enforce": level]
        labels["pod-security.kubernetes.io/enforce-version"] = version
        do {
            _ = try plugin.admit(creating(pod(spec)), StoredObjects(namespace("default", labels: labels)))
            return nil
        } catch {
            return error.message
        }
    }

    let hardened: Value = [
        "securityContext": ["runAsNonRoot": true, "seccompProfile": ["type": "RuntimeDefault"]],
        "containers": [["name": "c", "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]]]],
        "volumes": [["name": "v", "emptyDir": .object([:])]],
    ]

    @Test func `a hardened pod passes everywhere, any pod where nothing is asked`() {
        #expect(refusal("restricted", hardened) == nil)
        #expect(refusal("privileged", ["hostNetwork": true]) == nil)
        #expect(refusal("baseline", ["containers": [["name": "c"]]]) == nil)
    }

    @Test func `a plain pod under restricted is told all that is missing`() {
        #expect(
            refusal("restricted", ["containers": [["name": "nginx"]]])
                == "pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"nginx\" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \"nginx\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or container \"nginx\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container \"nginx\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")"
        )
    }

    /// A pod's spec, and what baseline says of it.
    private static let ways: [(spec: Value, violation: String)] = [
        (["hostNetwork": true, "hostPID": true] as Value, "host namespaces (hostNetwork=true, hostPID=true)"),
        (["volumes": [["name": "a", "hostPath": ["path": "/"]]]], "hostPath volumes (volume \"a\")"),
        (
            ["containers": [["name": "a", "ports": [["hostPort": 80]]], ["name": "b", "ports": [["hostPort": 443]]]]],
            "hostPort (containers \"a\", \"b\" use hostPorts 443, 80)"
        ),
        (
            ["containers": [["name": "a", "securityContext": ["privileged": true]]]],
            "privileged (container \"a\" must not set securityContext.privileged=true)"
        ),
        (
            ["containers": [["name": "a", "securityContext": ["capabilities": ["add": ["NET_ADMIN", "CHOWN"]]]]]],
            "non-default capabilities (container \"a\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)"
        ),
        (
            ["securityContext": ["seLinuxOptions": ["type": "foo", "user": "u"]]],
            "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type \"foo\"; user may not be set)"
        ),
        (["securityContext": ["sysctls": [["name": "kernel.msgmax"], ["name": "net.ipv4.tcp_syncookies"]]]], "forbidden sysctls (kernel.msgmax)"),
        (
            ["securityContext": ["seccompProfile": ["type": "Unconfined"]]],
            "seccompProfile (pod must not set securityContext.seccompProfile.type to \"Unconfined\")"
        ),
        (
            ["securityContext": ["appArmorProfile": ["type": "Unconfined"]]],
            "forbidden AppArmor profile (pod must not set AppArmor profile type to \"Unconfined\")"
        ),
    ]

    @Test(arguments: ways)
    func `baseline closes the ways to the node`(spec: Value, violation: String) {
        #expect(refusal("baseline", spec) == "pods \"web\" is forbidden: violates PodSecurity \"baseline:latest\": \(violation)")
    }

    @Test func `restricted puts its own rules in place of baseline's`() {
        var spec = hardened
        spec["volumes"] = [["name": "a", "hostPath": ["path": "/"]], ["name": "b", "nfs": ["path": "/"]]]
        #expect(
            refusal("restricted", version: "v1.30", spec)
                == "pods \"web\" is forbidden: violates PodSecurity \"restricted:v1.30\": restricted volume types (volumes \"a\", \"b\" use restricted volume types \"hostPath\", \"nfs\")"
        )
    }

    @Test func `an old version asks what it asked then`() {
        let spec: Value = ["securityContext": ["sysctls": [["name": "net.ipv4.tcp_rmem"]]]]
        #expect(refusal("baseline", version: "v1.31", spec) != nil)
        #expect(refusal("baseline", version: "v1.32", spec) == nil)
    }

    @Test func `updates count where images change`() throws {
        let stored = StoredObjects(namespace("default", labels: ["pod-security.kubernetes.io/enforce": "restricted"]))
        let old = pod(["containers": [["name": "c", "image": "a"]]])
        var labelled = old
        labelled.metadata["labels"]["x"] = "y"
        _ = try plugin.admit(updating(old, to: labelled), stored)
        #expect(throws: APIError.self) { try plugin.admit(updating(old, to: pod(["containers": [["name": "c", "image": "b"]]])), stored) }
    }

    @Test func `a level that there is not can't be set`() {
        let object: Value = ["metadata": ["name": "team", "labels": ["pod-security.kubernetes.io/enforce": "none"]]]
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(object, .namespaces, namespace: ""), StoredObjects()) }
        #expect(
            error?.message
                == "Namespace \"team\" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"none\": must be one of privileged, baseline, restricted"
        )
    }
}

@Suite struct StandardChainTests {
    @Test func `nobody grants through the standard chain what they don't hold`() throws {
        let roles = RoleBasedAuthorizer()
        let chain = AdmissionChain.standard(
            authorizer: AuthorizerChain([PrivilegedGroupAuthorizer(), NodeAuthorizer(), roles]), clock: { Timestamp(seconds: 0) })
        let resource = Resource(group: "rbac.authorization.k8s.io", version: "v1", plural: "roles", kind: "Role", isNamespaced: true)
        let role: Value = ["metadata": ["name": "all"], "rules": [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]]]
        let stored = StoredObjects(namespace("default"))
        #expect(throws: APIError.self) { try chain.validate(creating(role, resource), stored) }
        try chain.validate(creating(role, resource, user: UserInfo(name: "root", groups: ["system:masters"])), stored)
    }

    @Test func `a minimal pod comes out as upstream's admission leaves it`() throws {
        let chain = AdmissionChain.standard(authorizer: RoleBasedAuthorizer(), clock: { Timestamp(seconds: 0) }, randomSuffix: { "j9p5s" })
        var request = creating(pod(["containers": [["name": "c", "image": "repo/i:1"]]]))
        let stored = StoredObjects(namespace("default"), serviceAccount())
        try chain.mutate(&request, stored)
        try chain.validate(request, stored)
        #expect(
            request.object.spec.fields.keys == [
                "containers", "preemptionPolicy", "priority", "serviceAccount", "serviceAccountName", "tolerations", "volumes",
            ])
        #expect(request.object.spec["tolerations"].array.count == 2)
    }
}
