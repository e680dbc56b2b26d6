import ClusterClient
import ObjectModel

extension Resource {
    static let storageClasses = Resource(group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass", isNamespaced: false)
}

/// Claims and volumes in use are kept until nobody needs them: a finalizer from the start.
public struct StorageObjectInUseProtection: AdmissionPlugin {
    public let name = "StorageObjectInUseProtection"

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.operation == .create else { return }
        if request.concerns(.persistentVolumeClaims) { Self.add("kubernetes.io/pvc-protection", to: &request.object) }
        if request.concerns(.persistentVolumes) { Self.add("kubernetes.io/pv-protection", to: &request.object) }
        if request.resource.group == "storage.k8s.io", request.resource.plural == "volumeattributesclasses", request.subresource.isEmpty {
            Self.add("kubernetes.io/vac-protection", to: &request.object)
        }
    }

    private static func add(_ finalizer: String, to object: inout Value) {
        if !object.finalizers.contains(finalizer) { object.metadata["finalizers"].append(.string(finalizer)) }
    }
}

/// A claim that names no storage class gets the default one; `""` is a name.
public struct DefaultStorageClass: AdmissionPlugin {
    public let name = "DefaultStorageClass"

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.persistentVolumeClaims), request.operation == .create, request.object.spec["storageClassName"].isNull,
            request.object.metadata["annotations"]["volume.beta.kubernetes.io/storage-class"].isNull
        else { return }
        let annotations = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        if let storageClass = DefaultClass.newest(.storageClasses, annotations, stored) {
            request.object.spec["storageClassName"] = .string(storageClass.name)
        }
    }
}

enum DefaultClass {
    /// The class that an annotation marks as the default; should there be several, the newest.
    static func newest(_ resource: Resource, _ annotations: [String], _ stored: any ObjectReader) -> Value? {
        stored.objects(resource, namespace: "")
            .filter { object in annotations.contains { object.metadata["annotations"][$0].string == "true" } }
            .min { left, right in
                let (leftTime, rightTime) = (left.metadata["creationTimestamp"].string ?? "", right.metadata["creationTimestamp"].string ?? "")
                return leftTime == rightTime ? left.name < right.name : leftTime > rightTime
            }
    }
}

/// A bound claim may grow where its storage class allows it.
public struct PersistentVolumeClaimResize: AdmissionPlugin {
    public let name = "PersistentVolumeClaimResize"

    public init() {}

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.persistentVolumeClaims), request.operation == .update,
            let old = try? Quantity(request.oldObject.spec["resources"]["requests"]["storage"]),
            let new = try? Quantity(request.object.spec["resources"]["requests"]["storage"]), new > old
        else { return }
        guard request.oldObject.status["phase"].string == "Bound" else {
            throw request.forbidden("Only bound persistent volume claims can be expanded")
        }
        let annotated = request.object.metadata["annotations"]["volume.beta.kubernetes.io/storage-class"].string
        let name = annotated ?? request.object.spec["storageClassName"].string ?? ""
        guard !name.isEmpty, stored.object(.storageClasses, namespace: "", name: name)?["allowVolumeExpansion"].bool == true else {
            throw request.forbidden(
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize")
        }
    }
}
