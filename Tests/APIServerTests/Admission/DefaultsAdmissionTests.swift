import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct StorageAdmissionTests {
    func storageClass(_ name: String, isDefault: Bool = true, created: String = "2026-01-01T00:00:00Z", expands: Bool = false) -> (Resource, Value) {
        (
            Resource(group: "storage.k8s.io", version: "v1", plural: "storageclasses", kind: "StorageClass", isNamespaced: false),
            [
                "metadata": [
                    "name": .string(name), "creationTimestamp": .string(created),
                    "annotations": ["storageclass.kubernetes.io/is-default-class": .string(isDefault ? "true" : "false")],
                ], "allowVolumeExpansion": .bool(expands),
            ]
        )
    }

    let claim: Value = ["metadata": ["name": "data"], "spec": [:]]

    @Test func `claims and volumes are protected from the start`() throws {
        let plugin = StorageObjectInUseProtection()
        #expect(try plugin.admit(creating(claim, .persistentVolumeClaims), StoredObjects()).finalizers == ["kubernetes.io/pvc-protection"])
        #expect(try plugin.admit(creating(claim, .persistentVolumes, namespace: ""), StoredObjects()).finalizers == ["kubernetes.io/pv-protection"])
    }

    @Test func `the newest default class is for claims that name none`() throws {
        let plugin = DefaultStorageClass()
        let stored = StoredObjects(
            storageClass("old"), storageClass("new", created: "2026-02-01T00:00:00Z"),
            storageClass("other", isDefault: false, created: "2026-03-01T00:00:00Z"))
        #expect(try plugin.admit(creating(claim, .persistentVolumeClaims), stored).spec["storageClassName"] == "new")
        var none = claim
        none.spec["storageClassName"] = ""
        #expect(try plugin.admit(creating(none, .persistentVolumeClaims), stored).spec["storageClassName"] == "")
        #expect(try plugin.admit(creating(claim, .persistentVolumeClaims), StoredObjects()).spec["storageClassName"].isNull)
    }

    @Test func `a claim grows where it is bound and its class allows it`() throws {
        let plugin = PersistentVolumeClaimResize()
        func claim(_ size: String, phase: String = "Bound", _ name: String = "fast") -> Value {
            [
                "metadata": ["name": "data"], "spec": ["storageClassName": .string(name), "resources": ["requests": ["storage": .string(size)]]],
                "status": ["phase": .string(phase)],
            ]
        }
        let stored = StoredObjects(storageClass("fast", expands: true), storageClass("rigid"))
        _ = try plugin.admit(updating(claim("1Gi"), to: claim("2Gi"), .persistentVolumeClaims), stored)
        let pending = #expect(throws: APIError.self) {
            try plugin.admit(updating(claim("1Gi", phase: "Pending"), to: claim("2Gi"), .persistentVolumeClaims), stored)
        }
        #expect(pending?.message.hasSuffix("Only bound persistent volume claims can be expanded") == true)
        #expect(throws: APIError.self) {
            try plugin.admit(updating(claim("1Gi", "rigid"), to: claim("2Gi", "rigid"), .persistentVolumeClaims), stored)
        }
    }
}

@Suite struct ClassAdmissionTests {
    @Test func `an ingress that names no class gets the default one`() throws {
        let classes = Resource(group: "networking.k8s.io", version: "v1", plural: "ingressclasses", kind: "IngressClass", isNamespaced: false)
        let ingresses = Resource(group: "networking.k8s.io", version: "v1", plural: "ingresses", kind: "Ingress", isNamespaced: true)
        let stored = StoredObjects(
            (classes, ["metadata": ["name": "envoy", "annotations": ["ingressclass.kubernetes.io/is-default-class": "true"]]]))
        let admitted = try DefaultIngressClass().admit(creating(["metadata": ["name": "i"], "spec": [:]], ingresses), stored)
        #expect(admitted.spec["ingressClassName"] == "envoy")
        let annotated: Value = ["metadata": ["name": "i", "annotations": ["kubernetes.io/ingress.class": "x"]], "spec": [:]]
        #expect(try DefaultIngressClass().admit(creating(annotated, ingresses), stored) == annotated)
    }

    @Test func `a runtime class brings overhead and a place to run`() throws {
        let classes = Resource(group: "node.k8s.io", version: "v1", plural: "runtimeclasses", kind: "RuntimeClass", isNamespaced: false)
        let stored = StoredObjects(
            (
                classes,
                [
                    "metadata": ["name": "kata"], "overhead": ["podFixed": ["cpu": "100m"]],
                    "scheduling": ["nodeSelector": ["kata": "yes"], "tolerations": [["key": "kata"]]],
                ]
            ))
        let plugin = RuntimeClassAdmission()
        let admitted = try plugin.admit(creating(pod(["runtimeClassName": "kata"])), stored)
        #expect(
            admitted.spec == [
                "runtimeClassName": "kata", "overhead": ["cpu": "100m"], "nodeSelector": ["kata": "yes"], "tolerations": [["key": "kata"]],
            ])
        let missing = #expect(throws: APIError.self) { try plugin.admit(creating(pod(["runtimeClassName": "x"])), stored) }
        #expect(missing?.message == "pods \"web\" is forbidden: pod rejected: RuntimeClass \"x\" not found")
        #expect(throws: APIError.self) { try plugin.admit(creating(pod(["overhead": ["cpu": "1"]])), stored) }
        #expect(throws: APIError.self) { try plugin.admit(creating(pod(["runtimeClassName": "kata", "nodeSelector": ["kata": "no"]])), stored) }
    }
}
