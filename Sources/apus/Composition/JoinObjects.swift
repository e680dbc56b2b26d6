import ClusterClient
import ObjectModel

/// What lets nodes join: who may ask for a node's certificate, who gets one without being asked about, and what a node reads before it trusts anyone.
enum JoinObjects {
    private static let rbac = "rbac.authorization.k8s.io"

    private static func resource(_ plural: String, _ kind: String, isNamespaced: Bool = false) -> Resource {
        Resource(group: rbac, version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }

    private static let clusterRoles = resource("clusterroles", "ClusterRole")
    private static let clusterRoleBindings = resource("clusterrolebindings", "ClusterRoleBinding")
    private static let roles = resource("roles", "Role", isNamespaced: true)
    private static let roleBindings = resource("rolebindings", "RoleBinding", isNamespaced: true)

    private static func binding(_ name: String, group: String, role: String) -> (Resource, Value) {
        (
            clusterRoleBindings,
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": .string(name)],
                "roleRef": ["apiGroup": .string(rbac), "kind": "ClusterRole", "name": .string(role)],
                "subjects": [["apiGroup": .string(rbac), "kind": "Group", "name": .string(group)]],
            ]
        )
    }

    private static func namespaced(_ name: String, _ namespace: String, rules: Value, subject: Value) -> [(Resource, Value)] {
        let metadata: Value = ["name": .string(name), "namespace": .string(namespace)]
        return [
            (roles, ["apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules]),
            (
                roleBindings,
                [
                    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
                    "roleRef": ["apiGroup": .string(rbac), "kind": "Role", "name": .string(name)], "subjects": [subject],
                ]
            ),
        ]
    }

    private static let signing = "system:certificates.k8s.io:certificatesigningrequests"

    private static let network: Value = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "apus:node-network"],
        "rules": [
            ["apiGroups": [""], "resources": ["services", "endpoints", "nodes", "namespaces", "pods"], "verbs": ["get", "list", "watch"]],
            ["apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["get", "list", "watch"]],
            ["apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["get", "list", "watch"]],
        ],
    ]
    /// Upstream's role of the certificate controller lets it approve nodes' client certificates only.
    private static let servingApproval: Value = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "apus:kubelet-serving-approval"],
        "rules": [
            [
                "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["kubernetes.io/kubelet-serving"],
                "verbs": ["approve"],
            ]
        ],
    ]
    private static let servingApprovalBinding: Value = [
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "apus:kubelet-serving-approval"],
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "apus:kubelet-serving-approval"],
        "subjects": [["kind": "ServiceAccount", "name": "certificate-controller", "namespace": "kube-system"]],
    ]
    private static let dnsRules: Value = [
        ["apiGroups": [""], "resources": ["services"], "verbs": ["create"]],
        ["apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["create", "update", "patch", "delete"]],
    ]
    private static let infoRules: Value = [
        ["apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["cluster-info"], "verbs": ["get"]]
    ]

    static let objects: [(Resource, Value)] =
        [
            binding("apus:node-bootstrapper", group: "system:bootstrappers", role: "system:node-bootstrapper"),
            binding("apus:node-certificates", group: "system:bootstrappers", role: "\(signing):nodeclient"),
            binding("apus:node-certificate-renewal", group: "system:nodes", role: "\(signing):selfnodeclient"),
            // A node that joined over the network has one identity for its agent, its service proxy and its DNS.
            (clusterRoles, network), (clusterRoles, servingApproval), (clusterRoleBindings, servingApprovalBinding),
            binding("apus:node-network", group: "system:nodes", role: "apus:node-network"),
        ]
        + namespaced(
            "apus:node-dns", "kube-system",
            rules: dnsRules, subject: ["apiGroup": .string(rbac), "kind": "Group", "name": "system:nodes"])
        + namespaced(
            "apus:cluster-info", "kube-public",
            rules: infoRules, subject: ["apiGroup": .string(rbac), "kind": "User", "name": "system:anonymous"])

    /// `kube-public/cluster-info`, as kubeadm has it: where the cluster is and whom to trust, with nobody's credentials.
    static func clusterInfo(server: String, caPEM: String) -> Value {
        let kubeconfig: Value = [
            "apiVersion": "v1", "kind": "Config",
            "clusters": [
                [
                    "name": "",
                    "cluster": ["server": .string(server), "certificate-authority-data": .string(Base64.encode(Array(caPEM.utf8)))],
                ]
            ],
        ]
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "cluster-info", "namespace": "kube-public"],
            "data": ["kubeconfig": .string(String(decoding: kubeconfig.json(), as: UTF8.self))],
        ]
    }

    static func ensure(_ client: Client, server: String, caPEM: String) async throws {
        for (resource, object) in objects where try await client.find(resource, namespace: object.namespace, name: object.name) == nil {
            try await client.create(resource, object)
        }
        let wanted = clusterInfo(server: server, caPEM: caPEM)
        guard var existing = try await client.find(.configMaps, namespace: "kube-public", name: "cluster-info") else {
            try await client.create(.configMaps, wanted)
            return
        }
        guard existing["data"] != wanted["data"] else { return }
        existing["data"] = wanted["data"]
        try await client.update(.configMaps, existing)
    }
}
