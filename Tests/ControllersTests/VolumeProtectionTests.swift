import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct VolumeProtectionTests {
    private func claim(_ name: String) -> Value {
        [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
        ]
    }

    @Test func `a claim goes when the last pod that uses it has gone`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ClaimProtectionController(cluster.context("pvc-protection-controller"))], hasNodes: false) {
            for name in ["used", "free"] { try await cluster.admin.create(.persistentVolumeClaims, claim(name)) }
            try await cluster.admin.create(.nodes, ["metadata": ["name": "n"]])
            try await cluster.admin.create(
                .pods,
                [
                    "metadata": ["name": "p", "namespace": "default"],
                    "spec": [
                        "nodeName": "n", "containers": [["name": "c", "image": "repo/i:1"]],
                        "volumes": [["name": "v", "persistentVolumeClaim": ["claimName": "used"]]],
                    ],
                ])
            for name in ["used", "free"] { try await cluster.admin.delete(.persistentVolumeClaims, namespace: "default", name: name) }
            let left = try await cluster.wait(.persistentVolumeClaims, "one left") { $0.count == 1 }
            #expect(left[0].name == "used" && left[0].isBeingDeleted)
            try await cluster.admin.delete(.pods, namespace: "default", name: "p", gracePeriod: .zero)
            try await cluster.wait(.persistentVolumeClaims, "none left") { $0.isEmpty }
        }
    }

    @Test func `a volume goes where no claim is bound to it`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([VolumeProtectionController(cluster.context("pv-protection-controller"))], hasNodes: false) {
            try await cluster.admin.create(
                .persistentVolumes,
                [
                    "metadata": ["name": "disk"],
                    "spec": ["capacity": ["storage": "1Gi"], "accessModes": ["ReadWriteOnce"], "hostPath": ["path": "/tmp/disk"]],
                ])
            try await cluster.admin.delete(.persistentVolumes, name: "disk")
            try await cluster.wait(.persistentVolumes, namespace: "", "gone") { $0.isEmpty }
        }
    }
}
