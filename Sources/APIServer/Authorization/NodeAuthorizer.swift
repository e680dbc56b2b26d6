import ObjectModel
import Synchronization

/// What a node may do: read what its pods name, write about itself and its pods, and nothing else. `NodeRestriction` looks into the objects.
public final class NodeAuthorizer: Authorizer {
    private let graph = Mutex(NodeGraph())

    public init() {}

    /// Takes note of a `pods`, `persistentvolumes` or `volumeattachments` object; nil once it is deleted. Other resources are ignored.
    public func apply(_ resource: String, key: String, _ object: Value?) {
        graph.withLock { $0.apply(resource, key: key, object) }
    }

    /// The node that a user is: `system:node:NAME` in the group `system:nodes`.
    public static func nodeName(_ user: UserInfo) -> String? {
        guard user.name.hasPrefix("system:node:"), user.groups.contains("system:nodes") else { return nil }
        let name = user.name.dropFirst("system:node:".count)
        return name.isEmpty ? nil : String(name)
    }

    public func authorize(_ attributes: RequestAttributes) -> Decision {
        guard let node = Self.nodeName(attributes.user) else { return .noOpinion(reason: "") }
        if attributes.isResourceRequest {
            switch (attributes.group, attributes.resource) {
            case ("", "secrets"): return readNamespaced(.secret, node, attributes)
            case ("", "configmaps"): return readNamespaced(.configMap, node, attributes)
            case ("", "persistentvolumeclaims"):
                if attributes.subresource == "status" { return updateClaimStatus(node, attributes) }
                return get(node, attributes) {
                    $0.has(node, .init(kind: .persistentVolumeClaim, namespace: attributes.namespace, name: attributes.name))
                }
            case ("", "persistentvolumes"): return get(node, attributes) { $0.has(node, volume: attributes.name) }
            case ("resource.k8s.io", "resourceclaims"):
                return get(node, attributes) { $0.has(node, .init(kind: .resourceClaim, namespace: attributes.namespace, name: attributes.name)) }
            case ("storage.k8s.io", "volumeattachments"): return get(node, attributes) { $0.has(node, attachment: attributes.name) }
            case ("", "serviceaccounts"): return serviceAccount(node, attributes)
            case ("coordination.k8s.io", "leases"): return lease(node, attributes)
            case ("storage.k8s.io", "csinodes"): return csiNode(node, attributes)
            case ("", "nodes"): return self.node(node, attributes)
            case ("", "pods"): return pod(node, attributes)
            case ("resource.k8s.io", "resourceslices"): return resourceSlice(node, attributes)
            default: break
            }
        }
        return Self.allowsStatically(attributes) ? .allow(reason: "") : .noOpinion(reason: "")
    }

    // MARK: What pods name

    private func readNamespaced(_ kind: NodeGraph.Vertex.Kind, _ node: String, _ attributes: RequestAttributes) -> Decision {
        guard ["get", "list", "watch"].contains(attributes.verb) else { return .noOpinion(reason: "can only read resources of this type") }
        guard attributes.subresource.isEmpty else { return .noOpinion(reason: "cannot read subresource") }
        guard !attributes.namespace.isEmpty else { return .noOpinion(reason: "can only read namespaced object of this type") }
        guard !attributes.name.isEmpty else { return .noOpinion(reason: "No Object name found") }
        return related(node) { $0.has(node, .init(kind: kind, namespace: attributes.namespace, name: attributes.name)) }
    }

    private func get(_ node: String, _ attributes: RequestAttributes, _ isRelated: (NodeGraph) -> Bool) -> Decision {
        guard attributes.verb == "get" else { return .noOpinion(reason: "can only get individual resources of this type") }
        guard attributes.subresource.isEmpty else { return .noOpinion(reason: "cannot get subresource") }
        return related(node, isRelated)
    }

    private func updateClaimStatus(_ node: String, _ attributes: RequestAttributes) -> Decision {
        guard ["get", "update", "patch"].contains(attributes.verb) else { return .noOpinion(reason: "can only get/update/patch this type") }
        return related(node) { $0.has(node, .init(kind: .persistentVolumeClaim, namespace: attributes.namespace, name: attributes.name)) }
    }

    private func serviceAccount(_ node: String, _ attributes: RequestAttributes) -> Decision {
        if attributes.verb == "get", attributes.subresource.isEmpty {
            return related(node) { $0.has(node, .init(kind: .serviceAccount, namespace: attributes.namespace, name: attributes.name)) }
        }
        guard attributes.verb == "create", attributes.subresource == "token" else {
            return .noOpinion(reason: "can only create tokens for individual service accounts")
        }
        return related(node) { $0.has(node, .init(kind: .serviceAccount, namespace: attributes.namespace, name: attributes.name)) }
    }

    private func related(_ node: String, _ isRelated: (NodeGraph) -> Bool) -> Decision {
        graph.withLock { isRelated($0) }
            ? .allow(reason: "") : .noOpinion(reason: "no relationship found between node '\(node)' and this object")
    }

    // MARK: The node's own

    private func lease(_ node: String, _ attributes: RequestAttributes) -> Decision {
        guard ["get", "create", "update", "patch", "delete"].contains(attributes.verb) else {
            return .noOpinion(reason: "can only get, create, update, patch, or delete a node lease")
        }
        guard attributes.namespace == "kube-node-lease" else {
            return .noOpinion(reason: "can only access leases in the \"kube-node-lease\" system namespace")
        }
        guard attributes.verb == "create" || attributes.name == node else {
            return .noOpinion(reason: "can only access node lease with the same name as the requesting node")
        }
        return .allow(reason: "")
    }

    private func csiNode(_ node: String, _ attributes: RequestAttributes) -> Decision {
        guard ["get", "create", "update", "patch", "delete"].contains(attributes.verb) else {
            return .noOpinion(reason: "can only get, create, update, patch, or delete a CSINode")
        }
        guard attributes.subresource.isEmpty else { return .noOpinion(reason: "cannot authorize CSINode subresources") }
        guard attributes.verb == "create" || attributes.name == node else {
            return .noOpinion(reason: "can only access CSINode with the same name as the requesting node")
        }
        return .allow(reason: "")
    }

    private func node(_ node: String, _ attributes: RequestAttributes) -> Decision {
        switch (attributes.verb, attributes.subresource) {
        case ("create", ""), ("update", ""), ("patch", ""), ("update", "status"), ("patch", "status"): return .allow(reason: "")
        case ("get", ""), ("list", ""), ("watch", ""):
            if attributes.name == node { return .allow(reason: "") }
            return .noOpinion(
                reason: attributes.name.isEmpty
                    ? "node '\(node)' cannot read all nodes, only its own Node object"
                    : "node '\(node)' cannot read '\(attributes.name)', only its own Node object")
        default: return .noOpinion(reason: "")
        }
    }

    private func pod(_ node: String, _ attributes: RequestAttributes) -> Decision {
        switch (attributes.verb, attributes.subresource) {
        case ("create", ""), ("delete", ""), ("update", "status"), ("patch", "status"), ("create", "eviction"): return .allow(reason: "")
        case ("get", ""): return related(node) { $0.has(node, pod: "\(attributes.namespace)/\(attributes.name)") }
        case ("list", ""), ("watch", ""):
            if attributes.fieldSelector?.required("spec.nodeName") == node { return .allow(reason: "") }
            return .noOpinion(reason: "can only list/watch pods with spec.nodeName field selector")
        default: return .noOpinion(reason: "")
        }
    }

    private func resourceSlice(_ node: String, _ attributes: RequestAttributes) -> Decision {
        guard attributes.subresource.isEmpty else { return .noOpinion(reason: "cannot authorize ResourceSlice subresources") }
        // `NodeRestriction` looks whose slice it is.
        if ["get", "create", "update", "patch", "delete"].contains(attributes.verb) { return .allow(reason: "") }
        if attributes.fieldSelector?.required("spec.nodeName") == node { return .allow(reason: "") }
        return .noOpinion(reason: "can only list/watch/deletecollection resourceslices with nodeName field selector")
    }

    // MARK: What every node may

    private static func allowsStatically(_ attributes: RequestAttributes) -> Bool {
        let combined = attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        return staticRole.allows(attributes, combined: combined)
    }

    private static let staticRole = CompiledRole([
        PolicyRule(verbs: ["create"], apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"]),
        PolicyRule(verbs: ["create"], apiGroups: ["authorization.k8s.io"], resources: ["localsubjectaccessreviews", "subjectaccessreviews"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["services"]),
        PolicyRule(verbs: ["create", "patch", "update"], apiGroups: [""], resources: ["events"]),
        PolicyRule(verbs: ["create", "patch", "update"], apiGroups: ["events.k8s.io"], resources: ["events"]),
        PolicyRule(verbs: ["create", "get", "list", "watch"], apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: ["storage.k8s.io"], resources: ["csidrivers"]),
        PolicyRule(verbs: ["get", "list", "watch"], apiGroups: ["node.k8s.io"], resources: ["runtimeclasses"]),
    ])
}
