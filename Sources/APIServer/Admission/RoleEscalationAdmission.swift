import ObjectModel

/// The escalation check on every write of roles and bindings. (Upstream does this in its storage layer.)
public struct RoleEscalationAdmission: AdmissionPlugin {
    public let name = "RoleEscalation"

    private let escalation: RoleEscalation

    public init(_ escalation: RoleEscalation) { self.escalation = escalation }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.resource.group == "rbac.authorization.k8s.io", request.subresource.isEmpty,
            request.operation == .create || request.operation == .update
        else { return }
        let (resource, object, old) = (request.resource.plural, request.object, request.oldObject)
        switch resource {
        case "roles", "clusterroles":
            try escalation.checkRole(resource, object, old: old, namespace: request.namespace, user: request.user)
        case "rolebindings", "clusterrolebindings":
            try escalation.checkBinding(resource, object, old: old, namespace: request.namespace, user: request.user)
        default: return
        }
    }
}
