import ClusterClient
import ObjectModel

/// A pod's RuntimeClass must exist; its overhead and where it can run become the pod's.
public struct RuntimeClassAdmission: AdmissionPlugin {
    public let name = "RuntimeClass"

    static let runtimeClasses = Resource(group: "node.k8s.io", version: "v1", plural: "runtimeclasses", kind: "RuntimeClass", isNamespaced: false)

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods), request.operation == .create, let runtimeClass = try runtimeClass(request, stored) else { return }
        let overhead = runtimeClass["overhead"]["podFixed"]
        if !overhead.isEmpty {
            let given = request.object.spec["overhead"]
            if !given.isEmpty, given.resourceList != overhead.resourceList {
                throw request.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            }
            request.object.spec["overhead"] = overhead
        }
        for (key, value) in runtimeClass["scheduling"]["nodeSelector"].fields {
            let given = request.object.spec["nodeSelector"][key]
            guard given.isNull || given == value else {
                throw request.forbidden(
                    "conflict: runtimeClass.scheduling.nodeSelector[\(key)] = \(value.string ?? ""); pod.spec.nodeSelector[\(key)] = \(given.string ?? "")"
                )
            }
            request.object.spec["nodeSelector"][key] = value
        }
        for toleration in runtimeClass["scheduling"]["tolerations"].array where !request.object.spec["tolerations"].array.contains(toleration) {
            request.object.spec["tolerations"].append(toleration)
        }
    }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods), request.operation == .create, !request.object.spec["overhead"].isEmpty else { return }
        let overhead = try runtimeClass(request, stored)?["overhead"]["podFixed"] ?? .null
        if overhead.isEmpty { throw request.forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead") }
        if overhead.resourceList != request.object.spec["overhead"].resourceList {
            throw request.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
        }
    }

    private func runtimeClass(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> Value? {
        guard let name = request.object.spec["runtimeClassName"].string, !name.isEmpty else { return nil }
        guard let runtimeClass = stored.object(Self.runtimeClasses, namespace: "", name: name) else {
            throw request.forbidden("pod rejected: RuntimeClass \(quoted(name)) not found")
        }
        return runtimeClass
    }
}
