import Identity
import ObjectModel

/// The kinds of the groups that workloads, the network, nodes and storage are made of.
extension ResourceLifeTests {
    private static let podTemplate: Value = ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "i"]]]]
    private static let selector: Value = ["matchLabels": ["a": "b"]]
    private static let condition: Value = [
        "type": "Tested", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z",
    ]

    /// Of pods and jobs, whose conditions have one time more.
    private static let probed: Value = [
        "type": "Tested", "status": "True", "reason": "R", "message": "m", "lastProbeTime": "2026-01-01T00:00:00Z",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    ]

    static let workloads: [Example] = [
        Example(
            group: "", plural: "pods", object: ["kind": "Pod", "spec": ["containers": [["name": "c", "image": "i"]]]],
            spec: ["activeDeadlineSeconds": 60], status: ["message": "m", "conditions": [probed]]),
        Example(
            group: "", plural: "replicationcontrollers",
            object: ["kind": "ReplicationController", "spec": ["selector": ["a": "b"], "template": podTemplate]], spec: ["replicas": 3],
            status: ["replicas": 1, "conditions": [condition]]),
        Example(
            group: "apps", plural: "replicasets", object: ["kind": "ReplicaSet", "spec": ["selector": selector, "template": podTemplate]],
            spec: ["replicas": 3], status: ["replicas": 1, "conditions": [condition]]),
        Example(
            group: "apps", plural: "daemonsets", object: ["kind": "DaemonSet", "spec": ["selector": selector, "template": podTemplate]],
            spec: ["minReadySeconds": 3], status: ["desiredNumberScheduled": 1, "conditions": [condition]]),
        Example(
            group: "apps", plural: "statefulsets",
            object: ["kind": "StatefulSet", "spec": ["serviceName": "s", "selector": selector, "template": podTemplate]], spec: ["replicas": 3],
            status: ["replicas": 1, "conditions": [condition]]),
        Example(
            group: "batch", plural: "jobs",
            object: [
                "kind": "Job",
                "spec": ["suspend": true, "template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]]],
            ], spec: ["parallelism": 2], status: ["conditions": [probed]]),
        Example(
            group: "scheduling.k8s.io", plural: "priorityclasses", object: ["kind": "PriorityClass", "value": 7], spec: .null, isNamespaced: false),
        Example(group: "", plural: "serviceaccounts", object: ["kind": "ServiceAccount"], spec: .null),
        Example(
            group: "certificates.k8s.io", plural: "certificatesigningrequests",
            object: [
                "kind": "CertificateSigningRequest",
                "spec": [
                    "request": .string((try? SigningRequest.make(.client("web", groups: []))).map { Base64.encode(Array($0.requestPEM.utf8)) } ?? ""),
                    "signerName": "example.com/s", "usages": ["client auth"],
                ],
            ], spec: .null,
            status: [
                "conditions": [
                    [
                        "type": "Failed", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z",
                        "lastUpdateTime": "2026-01-01T00:00:00Z",
                    ]
                ]
            ], isNamespaced: false),
    ]

    static let network: [Example] = [
        Example(
            group: "", plural: "services",
            object: ["kind": "Service", "spec": ["type": "LoadBalancer", "selector": ["a": "b"], "ports": [["port": 80]]]],
            spec: ["sessionAffinity": "ClientIP"],
            status: ["conditions": [condition]]),
        Example(
            group: "", plural: "endpoints",
            object: ["kind": "Endpoints", "subsets": [["addresses": [["ip": "192.0.2.1"]], "ports": [["port": 80]]]]], spec: .null),
        Example(
            group: "discovery.k8s.io", plural: "endpointslices",
            object: ["kind": "EndpointSlice", "addressType": "IPv4", "endpoints": [["addresses": ["192.0.2.1"]]], "ports": [["port": 80]]],
            spec: .null),
        Example(
            group: "networking.k8s.io", plural: "networkpolicies", object: ["kind": "NetworkPolicy", "spec": ["podSelector": selector]],
            spec: ["podSelector": ["matchLabels": ["a": "c"]]]),
        Example(
            group: "networking.k8s.io", plural: "servicecidrs", object: ["kind": "ServiceCIDR", "spec": ["cidrs": ["10.98.0.0/24"]]], spec: .null,
            status: ["conditions": [condition]], isNamespaced: false),
        Example(
            group: "networking.k8s.io", plural: "ipaddresses",
            object: ["kind": "IPAddress", "spec": ["parentRef": ["resource": "services", "namespace": "default", "name": "s"]]], spec: .null,
            isNamespaced: false, names: ["192.0.2.1", "192.0.2.3", "192.0.2.2"]),
    ]

    private static let request: Value = ["name": "r", "exactly": ["deviceClassName": "c"]]

    static let nodes: [Example] = [
        Example(
            group: "", plural: "nodes", object: ["kind": "Node"], spec: ["unschedulable": true],
            status: ["addresses": [["type": "InternalIP", "address": "192.0.2.1"]]], isNamespaced: false),
        Example(
            group: "resource.k8s.io", plural: "deviceclasses", object: ["kind": "DeviceClass"],
            spec: ["selectors": [["cel": ["expression": "true"]]]], isNamespaced: false),
        Example(
            group: "resource.k8s.io", plural: "resourceclaims", object: ["kind": "ResourceClaim", "spec": ["devices": ["requests": [request]]]],
            spec: .null,
            status: ["allocation": ["devices": ["results": [["request": "r", "driver": "d.example.com", "pool": "p", "device": "one"]]]]]),
        Example(
            group: "resource.k8s.io", plural: "resourceclaimtemplates",
            object: ["kind": "ResourceClaimTemplate", "spec": ["spec": ["devices": ["requests": [request]]]]], spec: .null),
        Example(
            group: "resource.k8s.io", plural: "resourceslices",
            object: [
                "kind": "ResourceSlice",
                "spec": [
                    "driver": "d.example.com", "nodeName": "n", "pool": ["name": "p", "generation": 1, "resourceSliceCount": 1],
                    "devices": [["name": "one"]],
                ],
            ], spec: ["devices": [["name": "one"], ["name": "two"]]], isNamespaced: false),
    ]

    static let storage: [Example] = [
        Example(
            group: "storage.k8s.io", plural: "csidrivers", object: ["kind": "CSIDriver", "spec": ["attachRequired": true]],
            spec: ["requiresRepublish": true], isNamespaced: false),
        Example(
            group: "storage.k8s.io", plural: "csinodes",
            object: ["kind": "CSINode", "spec": ["drivers": [["name": "d.example.com", "nodeID": "n"]]]], spec: .null, isNamespaced: false),
        Example(
            group: "storage.k8s.io", plural: "csistoragecapacities", object: ["kind": "CSIStorageCapacity", "storageClassName": "c"], spec: .null),
        Example(
            group: "storage.k8s.io", plural: "storageclasses", object: ["kind": "StorageClass", "provisioner": "example.com/p"], spec: .null,
            isNamespaced: false),
        Example(
            group: "storage.k8s.io", plural: "volumeattachments",
            object: [
                "kind": "VolumeAttachment",
                "spec": ["attacher": "d.example.com", "nodeName": "n", "source": ["persistentVolumeName": "v"]],
            ], spec: .null, status: ["attached": true], isNamespaced: false),
        Example(
            group: "storage.k8s.io", plural: "volumeattributesclasses",
            object: ["kind": "VolumeAttributesClass", "driverName": "d.example.com", "parameters": ["a": "b"]], spec: .null, isNamespaced: false),
        Example(
            group: "", plural: "persistentvolumes",
            object: [
                "kind": "PersistentVolume",
                "spec": ["capacity": ["storage": "1Gi"], "accessModes": ["ReadWriteOnce"], "hostPath": ["path": "/tmp/v"]],
            ], spec: ["persistentVolumeReclaimPolicy": "Delete"], status: ["phase": "Available", "message": "m"], isNamespaced: false),
        Example(
            group: "", plural: "persistentvolumeclaims",
            object: [
                "kind": "PersistentVolumeClaim",
                "spec": ["storageClassName": "c", "accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
            ], spec: .null, status: ["phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": ["storage": "1Gi"]]),
    ]
}
