import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct StatefulSetTests {
    private func set(_ replicas: Int, policy: String = "OrderedReady") -> Value {
        [
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": ["name": "db", "namespace": "default"],
            "spec": [
                "replicas": Value(replicas), "serviceName": "db", "podManagementPolicy": .string(policy), "selector": ["matchLabels": ["app": "db"]],
                "template": ["metadata": ["labels": ["app": "db"]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]],
                "volumeClaimTemplates": [
                    ["metadata": ["name": "data"], "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]]
                ],
            ],
        ]
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        try await cluster.run([StatefulSetController(cluster.context("statefulset-controller"))]) { try await body(cluster) }
    }

    private func ready(_ count: Int, generation: Int) -> @Sendable (Value) -> Bool {
        { set in
            set.status["readyReplicas"].int ?? 0 == count && set.status["replicas"].int == count && set.status["observedGeneration"].int == generation
                && set.status["updatedReplicas"].int ?? 0 == count
        }
    }

    @Test func `brings pods up in order, each with a name and a claim of its own`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.statefulSets, set(3))
            let set = try await cluster.wait(.statefulSets, name: "db", "three pods", until: ready(3, generation: 1))
            #expect(set.status["currentRevision"] == set.status["updateRevision"])
            let pods = try await cluster.admin.list(.pods, namespace: "default").items.sorted { $0.name < $1.name }
            #expect(pods.map(\.name) == ["db-0", "db-1", "db-2"])
            #expect(
                pods.map { UInt64($0.metadata["creationTimestamp"].string?.filter(\.isNumber) ?? "") ?? 0 }
                    == pods.map { UInt64($0.metadata["creationTimestamp"].string?.filter(\.isNumber) ?? "") ?? 0 }.sorted())
            #expect(pods[1].labels["statefulset.kubernetes.io/pod-name"] == "db-1")
            #expect(pods[1].labels["apps.kubernetes.io/pod-index"] == "1")
            #expect(pods[1].spec["hostname"] == "db-1")
            #expect(pods[1].spec["subdomain"] == "db")
            #expect(pods[1].spec["volumes"].array.contains { $0["persistentVolumeClaim"]["claimName"] == "data-db-1" })
            #expect(
                try await cluster.admin.list(.persistentVolumeClaims, namespace: "default").items.map(\.name).sorted() == [
                    "data-db-0", "data-db-1", "data-db-2",
                ])
        }
    }

    @Test func `takes the last pods away first and keeps their claims`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.statefulSets, set(3))
            try await cluster.wait(.statefulSets, name: "db", "three pods", until: ready(3, generation: 1))
            try await cluster.admin.patch(.statefulSets, namespace: "default", name: "db", .merge, ["spec": ["replicas": 1]])
            try await cluster.wait(.statefulSets, name: "db", "one pod", until: ready(1, generation: 2))
            #expect(try await cluster.admin.list(.pods, namespace: "default").items.map(\.name) == ["db-0"])
            #expect(try await cluster.admin.list(.persistentVolumeClaims, namespace: "default").items.count == 3)
        }
    }

    @Test func `updates from the last pod down, as far as the partition`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.statefulSets, set(3))
            try await cluster.wait(.statefulSets, name: "db", "three pods", until: ready(3, generation: 1))
            let patch: Value = [
                "spec": [
                    "updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["partition": 2]],
                    "template": ["spec": ["containers": [["name": "c", "image": "repo/i:2"]]]],
                ]
            ]
            try await cluster.admin.patch(.statefulSets, namespace: "default", name: "db", .strategicMerge, patch)
            let partial = try await cluster.wait(.statefulSets, name: "db", "one updated") {
                $0.status["updatedReplicas"] == 1 && $0.status["readyReplicas"] == 3 && $0.status["observedGeneration"] == 2
            }
            #expect(partial.status["currentRevision"] != partial.status["updateRevision"])
            let pods = try await cluster.admin.list(.pods, namespace: "default").items.sorted { $0.name < $1.name }
            #expect(pods.map { $0.spec["containers"][0]["image"].string ?? "" } == ["repo/i:1", "repo/i:1", "repo/i:2"])
            try await cluster.admin.patch(
                .statefulSets, namespace: "default", name: "db", .merge, ["spec": ["updateStrategy": ["rollingUpdate": ["partition": 0]]]])
            let done = try await cluster.wait(.statefulSets, name: "db", "all updated", until: ready(3, generation: 3))
            #expect(done.status["currentRevision"] == done.status["updateRevision"])
        }
    }

    @Test func `claims go with the pods that are scaled away where the set says so`() async throws {
        let cluster = try await TestCluster()
        let controllers: [any Controller] = [
            StatefulSetController(cluster.context("statefulset-controller")),
            GarbageCollector(
                cluster.context("generic-garbage-collector"), resources: [.statefulSets, .pods, .persistentVolumeClaims, .controllerRevisions]),
        ]
        try await cluster.run(controllers) {
            var wanted = set(3, policy: "Parallel")
            wanted.spec["persistentVolumeClaimRetentionPolicy"] = ["whenScaled": "Delete", "whenDeleted": "Delete"]
            wanted.spec["ordinals"] = ["start": 5]
            try await cluster.admin.create(.statefulSets, wanted)
            try await cluster.wait(.statefulSets, name: "db", "three pods", until: ready(3, generation: 1))
            let claim = try await cluster.admin.get(.persistentVolumeClaims, namespace: "default", name: "data-db-5")
            #expect(claim.controllerReference?["kind"] == "StatefulSet")
            try await cluster.admin.patch(.statefulSets, namespace: "default", name: "db", .merge, ["spec": ["replicas": 1]])
            try await cluster.wait(.persistentVolumeClaims, "one claim on its way") { claims in
                claims.filter { !$0.isBeingDeleted }.map(\.name) == ["data-db-5"]
            }
        }
    }

    @Test func `where updates wait for a deletion by hand, the new pod has the new template`() async throws {
        try await run { cluster in
            var wanted = set(2)
            wanted.spec["updateStrategy"] = ["type": "OnDelete"]
            try await cluster.admin.create(.statefulSets, wanted)
            try await cluster.wait(.statefulSets, name: "db", "two pods", until: ready(2, generation: 1))
            let patch: Value = ["spec": ["template": ["spec": ["containers": [["name": "c", "image": "repo/i:2"]]]]]]
            try await cluster.admin.patch(.statefulSets, namespace: "default", name: "db", .strategicMerge, patch)
            try await cluster.wait(.statefulSets, name: "db", "seen") { $0.status["observedGeneration"] == 2 }
            try await cluster.admin.delete(.pods, namespace: "default", name: "db-0", gracePeriod: .zero)
            let pods = try await cluster.wait(.pods, "two pods") { pods in
                pods.count == 2 && pods.contains { $0.spec["containers"][0]["image"] == "repo/i:2" }
            }
            #expect(pods.first { $0.name == "db-1" }?.spec["containers"][0]["image"] == "repo/i:1")
        }
    }

    @Test func `goes on after a restart, and puts back what is deleted by hand`() async throws {
        let cluster = try await TestCluster()
        try await cluster.admin.create(.statefulSets, set(3))
        try await cluster.run([StatefulSetController(cluster.context("statefulset-controller"))]) {
            try await cluster.wait(.pods, "the first pod") { !$0.isEmpty }
        }
        let restarted = cluster.restarted()
        try await restarted.run([StatefulSetController(restarted.context("statefulset-controller"))]) {
            try await restarted.wait(.statefulSets, name: "db", "three pods", until: ready(3, generation: 1))
            let first = try await restarted.admin.get(.pods, namespace: "default", name: "db-0")
            try await restarted.admin.delete(.pods, namespace: "default", name: "db-0", gracePeriod: .zero)
            let pods = try await restarted.wait(.pods, "three again") { pods in
                pods.count == 3 && pods.contains { $0.name == "db-0" && $0.uid != first.uid }
            }
            #expect(pods.map(\.name).sorted() == ["db-0", "db-1", "db-2"])
        }
    }
}
