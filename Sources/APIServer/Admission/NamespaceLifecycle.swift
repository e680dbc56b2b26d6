import ClusterClient
import ObjectModel

/// Objects are created and changed only in namespaces that exist, and created only in those that are not going away. Three namespaces stay for ever.
public struct NamespaceLifecycle: AdmissionPlugin {
    public let name = "NamespaceLifecycle"

    static let immortal: Set<String> = ["default", "kube-system", "kube-public"]

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        if request.resource.plural == "namespaces", request.resource.group.isEmpty {
            if request.operation == .delete, request.subresource.isEmpty, Self.immortal.contains(request.name) {
                throw .forbidden(resource: "namespaces", group: "", name: request.name, "this namespace may not be deleted")
            }
            return
        }
        guard !request.namespace.isEmpty, request.operation == .create || request.operation == .update else { return }
        // An access review's answer must not tell whether the namespace exists.
        if request.resource.group == "authorization.k8s.io", request.resource.plural == "localsubjectaccessreviews" { return }
        guard let namespace = stored.object(.namespaces, namespace: "", name: request.namespace) else {
            throw .notFound(resource: "namespaces", group: "", name: request.namespace)
        }
        guard request.operation == .create, namespace.status["phase"].string == "Terminating" else { return }
        var error = request.forbidden("unable to create new content in namespace \(request.namespace) because it is being terminated")
        error.details?.causes.append(
            APIError.Cause(
                reason: "NamespaceTerminating", message: "namespace \(request.namespace) is being terminated", field: "metadata.namespace"))
        throw error
    }
}
