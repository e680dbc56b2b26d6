import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct DeploymentTests {
    static func deployment(_ name: String, replicas: Int, image: String = "repo/i:1", strategy: Value = .null) -> Value {
        var deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": ["name": .string(name), "namespace": "default", "annotations": ["team": "red"]],
            "spec": [
                "replicas": Value(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": ["metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [["name": "c", "image": .string(image)]]]],
            ],
        ]
        if !strategy.isNull { deployment["spec"]["strategy"] = strategy }
        return deployment
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let controllers: [any Controller] = [
            DeploymentController(cluster.context("deployment-controller")),
            ReplicaSetController(.replicaSet, cluster.context("replicaset-controller")),
        ]
        try await cluster.run(controllers) { try await body(cluster) }
    }

    private func setImage(_ cluster: TestCluster, _ name: String, _ image: String) async throws {
        let patch: Value = ["spec": ["template": ["spec": ["containers": [["name": "c", "image": .string(image)]]]]]]
        try await cluster.admin.patch(.deployments, namespace: "default", name: name, .strategicMerge, patch)
    }

    @Sendable private func isDone(_ deployment: Value, replicas: Int, generation: Int) -> Bool {
        deployment.status["availableReplicas"].int == replicas && deployment.status["updatedReplicas"].int == replicas
            && deployment.status["replicas"].int == replicas && deployment.status["observedGeneration"].int == generation
            && deployment.condition("Progressing")?["reason"] == "NewReplicaSetAvailable"
    }

    @Test func `runs its pods through a set named by the template's hash`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.deployments, Self.deployment("web", replicas: 3))
            let deployment = try await cluster.wait(.deployments, name: "web", "rolled out") { isDone($0, replicas: 3, generation: 1) }
            #expect(deployment.annotation("deployment.kubernetes.io/revision") == "1")
            #expect(deployment.condition("Available")?["reason"] == "MinimumReplicasAvailable")
            #expect(deployment.status["unavailableReplicas"].isNull)
            let sets = try await cluster.admin.list(.replicaSets, namespace: "default").items
            let set = try #require(sets.first)
            #expect(sets.count == 1)
            let hash = try #require(set.labels["pod-template-hash"])
            #expect(set.name == "web-\(hash)")
            #expect(hash.utf8.allSatisfy { "bcdfghjklmnpqrstvwxz2456789".utf8.contains($0) })
            #expect(set.annotation("deployment.kubernetes.io/desired-replicas") == "3")
            #expect(set.annotation("deployment.kubernetes.io/max-replicas") == "4")
            #expect(set.annotation("team") == "red")
            #expect(deployment.condition("Progressing")?["message"] == .string("ReplicaSet \"\(set.name)\" has successfully progressed."))
            try await cluster.wait(.events, "an event of scaling") { events in
                events.contains { $0["reason"] == "ScalingReplicaSet" && $0["message"] == .string("Scaled up replica set \(set.name) from 0 to 3") }
            }
        }
    }

    @Test func `rolls to a new template within its bounds, and back`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.deployments, Self.deployment("web", replicas: 4))
            try await cluster.wait(.deployments, name: "web", "rolled out") { isDone($0, replicas: 4, generation: 1) }
            try await setImage(cluster, "web", "repo/i:2")
            // 25 % of 4: at least 3 are available at any time.
            let second = try await cluster.wait(.deployments, name: "web", "rolled on") { deployment in
                #expect((deployment.status["availableReplicas"].int ?? 0) >= 3)
                return isDone(deployment, replicas: 4, generation: 2)
            }
            #expect(second.annotation("deployment.kubernetes.io/revision") == "2")
            var sets = try await cluster.admin.list(.replicaSets, namespace: "default").items
            #expect(sets.map(\.replicas).sorted() == [0, 4])
            try await setImage(cluster, "web", "repo/i:1")
            let third = try await cluster.wait(.deployments, name: "web", "rolled back") { isDone($0, replicas: 4, generation: 3) }
            #expect(third.annotation("deployment.kubernetes.io/revision") == "3")
            sets = try await cluster.admin.list(.replicaSets, namespace: "default").items
            let current = try #require(sets.first { $0.replicas == 4 })
            #expect(sets.count == 2)
            #expect(current.annotation("deployment.kubernetes.io/revision") == "3")
            #expect(current.annotation("deployment.kubernetes.io/revision-history") == "1")
        }
    }

    @Test func `recreates: all old pods are gone before the first new one comes`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.deployments, Self.deployment("web", replicas: 3, strategy: ["type": "Recreate"]))
            try await cluster.wait(.deployments, name: "web", "rolled out") { isDone($0, replicas: 3, generation: 1) }
            try await setImage(cluster, "web", "repo/i:2")
            try await cluster.wait(.pods, "never both") { pods in
                let images = Set(pods.compactMap { $0.spec["containers"][0]["image"].string })
                #expect(images.count < 2)
                return images == ["repo/i:2"] && pods.count == 3
            }
            try await cluster.wait(.deployments, name: "web", "rolled on") { isDone($0, replicas: 3, generation: 2) }
        }
    }

    @Test func `keeps as many old sets as its history allows`() async throws {
        try await run { cluster in
            var deployment = Self.deployment("web", replicas: 1)
            deployment["spec"]["revisionHistoryLimit"] = 1
            try await cluster.admin.create(.deployments, deployment)
            for generation in 1...4 {
                if generation > 1 { try await setImage(cluster, "web", "repo/i:\(generation)") }
                try await cluster.wait(.deployments, name: "web", "revision \(generation)") { isDone($0, replicas: 1, generation: generation) }
            }
            let sets = try await cluster.wait(.replicaSets, "two sets left") { $0.count == 2 }
            #expect(sets.map(\.revisionNumber).sorted() == [3, 4])
        }
    }

    @Test func `a paused deployment is scaled and not rolled`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.deployments, Self.deployment("web", replicas: 2))
            try await cluster.wait(.deployments, name: "web", "rolled out") { isDone($0, replicas: 2, generation: 1) }
            try await cluster.admin.patch(.deployments, namespace: "default", name: "web", .merge, ["spec": ["paused": true, "replicas": 3]])
            try await setImage(cluster, "web", "repo/i:2")
            let paused = try await cluster.wait(.deployments, name: "web", "scaled") {
                $0.status["availableReplicas"] == 3 && $0.status["observedGeneration"] == 3
            }
            #expect(paused.condition("Progressing")?["reason"] == "DeploymentPaused")
            #expect(try await cluster.admin.list(.replicaSets, namespace: "default").items.count == 1)
            try await cluster.admin.patch(.deployments, namespace: "default", name: "web", .merge, ["spec": ["paused": false]])
            try await cluster.wait(.deployments, name: "web", "rolled on") { isDone($0, replicas: 3, generation: 4) }
        }
    }

    @Test func `tells when a rollout misses its deadline`() async throws {
        try await run { cluster in
            var deployment = Self.deployment("web", replicas: 1, image: "stuck")
            deployment["spec"]["progressDeadlineSeconds"] = 1
            try await cluster.admin.create(.deployments, deployment)
            let late = try await cluster.wait(.deployments, name: "web", "timed out") { $0.condition("Progressing")?["status"] == "False" }
            #expect(late.condition("Progressing")?["reason"] == "ProgressDeadlineExceeded")
            #expect(late.condition("Available")?["reason"] == "MinimumReplicasUnavailable")
        }
    }

    @Test func `a change of size spreads over the sets of a rollout`() throws {
        func set(_ name: String, _ replicas: Int, available: Int) -> Value {
            [
                "metadata": [
                    "name": .string(name), "uid": .string(name),
                    "annotations": ["deployment.kubernetes.io/max-replicas": "13", "deployment.kubernetes.io/desired-replicas": "10"],
                ], "spec": ["replicas": Value(replicas)], "status": ["availableReplicas": Value(available), "replicas": Value(replicas)],
            ]
        }
        let deployment: Value = [
            "spec": ["replicas": 15, "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 3, "maxUnavailable": 2]]],
            "status": ["replicas": 13],
        ]
        // The example of upstream's documentation: 10 replicas, surge 3; 8 old and 5 new become 11 and 7 when scaled to 15.
        let sizes = RolloutPlan.scale(
            old: [set("old", 8, available: 8)], new: set("new", 5, available: 0), deployment: deployment, spec: DeploymentSpec(deployment))
        #expect(sizes.map { "\($0.uid) \($0.replicas)" } == ["old 11", "new 7"])
    }
}
