import ClusterClient
import ObjectModel

/// An Ingress that names no class gets the default one.
public struct DefaultIngressClass: AdmissionPlugin {
    public let name = "DefaultIngressClass"

    static let ingressClasses = Resource(
        group: "networking.k8s.io", version: "v1", plural: "ingressclasses", kind: "IngressClass", isNamespaced: false)

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.resource.group == "networking.k8s.io", request.resource.plural == "ingresses", request.subresource.isEmpty,
            request.operation == .create, request.object.spec["ingressClassName"].isNull,
            request.object.metadata["annotations"]["kubernetes.io/ingress.class"].isNull,
            let ingressClass = DefaultClass.newest(Self.ingressClasses, ["ingressclass.kubernetes.io/is-default-class"], stored)
        else { return }
        request.object.spec["ingressClassName"] = .string(ingressClass.name)
    }
}
