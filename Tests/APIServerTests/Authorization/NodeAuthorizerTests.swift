import APIServer
import ObjectModel
import Testing

@Suite struct NodeAuthorizerTests {
    let nodes = NodeAuthorizer()

    func asks(
        _ verb: String, _ resource: String, _ name: String = "", namespace: String = "team", group: String = "", subresource: String = "",
        fields: String = ""
    )
        -> RequestAttributes
    {
        var attributes = wants(
            "system:node:n1", verb, resource, group: group, subresource: subresource, namespace: namespace, name: name,
            groups: ["system:nodes", "system:authenticated"])
        attributes.fieldSelector = try? FieldSelector(parsing: fields)
        return attributes
    }

    func apply(_ spec: Value, node: String = "n1") {
        var spec = spec
        spec["nodeName"] = .string(node)
        nodes.apply("pods", key: "team/web", ["metadata": ["name": "web", "namespace": "team"], "spec": spec])
    }

    @Test func `a node reads what its pods name, and only while they do`() {
        #expect(
            nodes.authorize(asks("get", "secrets", "tls")) == .noOpinion(reason: "no relationship found between node 'n1' and this object"))
        apply([
            "serviceAccountName": "builder",
            "volumes": [["name": "a", "secret": ["secretName": "tls"]], ["name": "b", "persistentVolumeClaim": ["claimName": "data"]]],
            "containers": [["name": "c", "envFrom": [["configMapRef": ["name": "settings"]]]]],
        ])
        #expect(nodes.allows(asks("get", "secrets", "tls")))
        #expect(nodes.allows(asks("watch", "secrets", "tls")))
        #expect(nodes.allows(asks("get", "configmaps", "settings")))
        #expect(nodes.allows(asks("get", "persistentvolumeclaims", "data")))
        #expect(nodes.allows(asks("create", "serviceaccounts", "builder", subresource: "token")))
        #expect(!nodes.allows(asks("get", "secrets", "tls", namespace: "other")))
        #expect(!nodes.allows(asks("get", "secrets", "other")))
        #expect(!nodes.allows(asks("list", "secrets")))
        #expect(!nodes.allows(asks("update", "secrets", "tls")))
        apply([:])
        #expect(!nodes.allows(asks("get", "secrets", "tls")))
        #expect(!nodes.allows(asks("create", "serviceaccounts", "builder", subresource: "token")))
    }

    @Test func `pods of other nodes, and mirror pods, give nothing`() {
        let spec: Value = ["volumes": [["name": "a", "secret": ["secretName": "tls"]]]]
        apply(spec, node: "n2")
        #expect(!nodes.allows(asks("get", "secrets", "tls")))
        var mirror: Value = ["metadata": ["annotations": ["kubernetes.io/config.mirror": "x"]], "spec": spec]
        mirror.spec["nodeName"] = "n1"
        nodes.apply("pods", key: "team/mirror", mirror)
        #expect(!nodes.allows(asks("get", "secrets", "tls")))
        apply(spec)
        nodes.apply("pods", key: "team/web", nil)
        #expect(!nodes.allows(asks("get", "secrets", "tls")))
    }

    @Test func `a volume and its secrets are read through the claim`() {
        apply(["volumes": [["name": "b", "persistentVolumeClaim": ["claimName": "data"]]]])
        nodes.apply(
            "persistentvolumes", key: "pv1",
            [
                "spec": [
                    "claimRef": ["namespace": "team", "name": "data"],
                    "csi": ["nodePublishSecretRef": ["namespace": "storage", "name": "credentials"]],
                ]
            ])
        #expect(nodes.allows(asks("get", "persistentvolumes", "pv1", namespace: "")))
        #expect(nodes.allows(asks("get", "secrets", "credentials", namespace: "storage")))
        #expect(!nodes.allows(asks("get", "persistentvolumes", "pv2", namespace: "")))
        nodes.apply("persistentvolumes", key: "pv1", nil)
        #expect(!nodes.allows(asks("get", "secrets", "credentials", namespace: "storage")))
    }

    @Test func `its own node, lease and pods only`() {
        #expect(nodes.allows(asks("get", "nodes", "n1", namespace: "")))
        #expect(!nodes.allows(asks("get", "nodes", "n2", namespace: "")))
        #expect(!nodes.allows(asks("list", "nodes", namespace: "")))
        #expect(nodes.allows(asks("patch", "nodes", "n1", namespace: "", subresource: "status")))
        #expect(nodes.allows(asks("update", "leases", "n1", namespace: "kube-node-lease", group: "coordination.k8s.io")))
        #expect(!nodes.allows(asks("update", "leases", "n2", namespace: "kube-node-lease", group: "coordination.k8s.io")))
        #expect(!nodes.allows(asks("update", "leases", "n1", namespace: "kube-system", group: "coordination.k8s.io")))
        #expect(nodes.allows(asks("list", "pods", namespace: "", fields: "spec.nodeName=n1")))
        #expect(!nodes.allows(asks("list", "pods", namespace: "", fields: "spec.nodeName=n2")))
        #expect(!nodes.allows(asks("list", "pods", namespace: "")))
        apply([:])
        #expect(nodes.allows(asks("get", "pods", "web")))
        #expect(!nodes.allows(asks("get", "pods", "db")))
        #expect(nodes.allows(asks("list", "services", namespace: "")))
        #expect(!nodes.allows(asks("delete", "services", "x")))
    }

    @Test func `only nodes are its business`() {
        #expect(nodes.authorize(wants("system:node:n1", "list", "services")) == .noOpinion(reason: ""))
        #expect(nodes.authorize(wants("alice", "list", "services", groups: ["system:nodes"])) == .noOpinion(reason: ""))
    }
}
