import ClusterClient
import ObjectModel

/// The rights of Apus's own components where upstream has no role that fits.
enum ComponentRoles {
    static let objects: [(Resource, Value)] = [
        (
            .clusterRoles,
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "apus:cluster-dns"],
                "rules": [
                    ["apiGroups": [""], "resources": ["services", "endpoints", "pods", "namespaces"], "verbs": ["get", "list", "watch"]],
                    [
                        "apiGroups": [""], "resources": ["services"], "verbs": ["create", "update", "patch", "delete"],
                    ],
                    [
                        "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                        "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
                    ],
                ],
            ]
        ),
        (
            .clusterRoles,
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "apus:flow-schema-controller"],
                "rules": [
                    ["apiGroups": ["flowcontrol.apiserver.k8s.io"], "resources": ["flowschemas/status"], "verbs": ["update", "patch"]]
                ],
            ]
        ),
        (
            clusterRoleBindings,
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "apus:flow-schema-controller"],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "apus:flow-schema-controller"],
                "subjects": [["kind": "ServiceAccount", "name": "flow-schema-controller", "namespace": "kube-system"]],
            ]
        ),
        (
            clusterRoleBindings,
            [
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": ["name": "apus:cluster-dns"],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "apus:cluster-dns"],
                "subjects": [["kind": "ServiceAccount", "name": "cluster-dns", "namespace": "kube-system"]],
            ]
        ),
    ]

    private static let clusterRoleBindings = Resource(
        group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterrolebindings", kind: "ClusterRoleBinding", isNamespaced: false)

    static func ensure(_ client: Client) async throws {
        for (resource, object) in objects where try await client.find(resource, name: object.name) == nil {
            try await client.create(resource, object)
        }
    }
}
