import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct ReplicaSetTests {
    static func set(_ name: String, replicas: Int, labels: [String: String] = ["app": "web"]) -> Value {
        [
            "apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "replicas": Value(replicas), "selector": ["matchLabels": Value(labels)],
                "template": ["metadata": ["labels": Value(labels)], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]],
            ],
        ]
    }

    @Test func `makes as many pods as asked for and counts them`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ReplicaSetController(.replicaSet, cluster.context("replicaset-controller"))]) {
            try await cluster.admin.create(.replicaSets, Self.set("web", replicas: 7))
            let set = try await cluster.wait(.replicaSets, name: "web", "seven pods") { $0.status["availableReplicas"] == 7 }
            #expect(set.status["replicas"] == 7)
            #expect(set.status["readyReplicas"] == 7)
            #expect(set.status["fullyLabeledReplicas"] == 7)
            #expect(set.status["observedGeneration"] == 1)
            let pods = try await cluster.admin.list(.pods, namespace: "default").items
            #expect(pods.count == 7)
            #expect(pods.allSatisfy { $0.isControlled(by: set) && $0.name.hasPrefix("web-") && $0.labels == ["app": "web"] })
            try await cluster.wait(.events, "events of creation") { events in
                events.filter { $0["reason"] == "SuccessfulCreate" && ($0["message"].string ?? "").hasPrefix("Created pod: web-") }.count == 7
            }
        }
    }

    @Test func `takes pods away when there are too many, and replaces those that go`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ReplicaSetController(.replicaSet, cluster.context("replicaset-controller"))]) {
            try await cluster.admin.create(.replicaSets, Self.set("web", replicas: 4))
            try await cluster.wait(.replicaSets, name: "web", "four pods") { $0.status["availableReplicas"] == 4 }
            try await cluster.admin.patch(.replicaSets, namespace: "default", name: "web", .merge, ["spec": ["replicas": 2]])
            try await cluster.wait(.replicaSets, name: "web", "two pods") { $0.status["replicas"] == 2 && $0.status["observedGeneration"] == 2 }
            let pods = try await cluster.wait(.pods, "two left") { $0.count == 2 }
            try await cluster.admin.delete(.pods, namespace: "default", name: pods[0].name)
            try await cluster.wait(.pods, "one replaced") { now in now.count == 2 && !now.contains { $0.uid == pods[0].uid } }
        }
    }

    @Test func `adopts orphans that match and lets go of pods that no longer do`() async throws {
        let cluster = try await TestCluster()
        try await cluster.admin.create(
            .pods,
            [
                "metadata": ["name": "orphan", "namespace": "default", "labels": ["app": "web"]],
                "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
            ])
        try await cluster.run([ReplicaSetController(.replicaSet, cluster.context("replicaset-controller"))]) {
            let set = try await cluster.admin.create(.replicaSets, Self.set("web", replicas: 1))
            try await cluster.wait(.pods, name: "orphan", "adopted") { $0.isControlled(by: set) }
            try await cluster.wait(.replicaSets, name: "web", "counted") { $0.status["replicas"] == 1 }
            #expect(try await cluster.admin.list(.pods, namespace: "default").items.count == 1)
            try await cluster.admin.patch(.pods, namespace: "default", name: "orphan", .merge, ["metadata": ["labels": ["app": "other"]]])
            try await cluster.wait(.pods, name: "orphan", "released") { $0.ownerReferences.isEmpty }
            try await cluster.wait(.pods, "replaced") { $0.count == 2 }
        }
    }

    @Test func `tells of a failure to create pods`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ReplicaSetController(.replicaSet, cluster.context("replicaset-controller"))]) {
            var wanted = Self.set("web", replicas: 3)
            wanted["spec"]["template"]["spec"]["serviceAccountName"] = "absent"
            try await cluster.admin.create(.replicaSets, wanted)
            let set = try await cluster.wait(.replicaSets, name: "web", "a failure condition") { $0.hasCondition("ReplicaFailure") }
            #expect(set.condition("ReplicaFailure")?["reason"] == "FailedCreate")
            #expect(set.condition("ReplicaFailure")?["message"].string?.contains("serviceaccount \"absent\" not found") == true)
        }
    }

    @Test func `serves replication controllers too`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ReplicaSetController(.replicationController, cluster.context("replication-controller"))]) {
            try await cluster.admin.create(
                .replicationControllers,
                [
                    "metadata": ["name": "rc", "namespace": "default"],
                    "spec": [
                        "replicas": 2, "selector": ["app": "rc"],
                        "template": ["metadata": ["labels": ["app": "rc"]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]],
                    ],
                ])
            try await cluster.wait(.replicationControllers, name: "rc", "two pods") { $0.status["availableReplicas"] == 2 }
        }
    }
}

@Suite struct PodDeletionOrderTests {
    private let now = Timestamp(seconds: 1_000_000)

    private func pod(
        _ name: String, node: String = "n", phase: String = "Running", readyFor: Int64? = 100, cost: String? = nil, restarts: Int = 0,
        age: Int64 = 1000
    ) -> Value {
        var pod: Value = [
            "metadata": ["name": .string(name), "uid": .string(name), "creationTimestamp": .string(Timestamp(seconds: 1_000_000 - age).rfc3339)],
            "spec": ["nodeName": .string(node)], "status": ["phase": .string(phase), "containerStatuses": [["restartCount": Value(restarts)]]],
        ]
        if let readyFor {
            pod["status"]["conditions"] = [
                ["type": "Ready", "status": "True", "lastTransitionTime": .string(Timestamp(seconds: 1_000_000 - readyFor).rfc3339)]
            ]
        }
        if let cost { pod["metadata"]["annotations"] = ["controller.kubernetes.io/pod-deletion-cost": .string(cost)] }
        return pod
    }

    private func victim(_ pods: [Value]) -> String { PodDeletionOrder(related: pods, now: now).first(1, of: pods).first?.name ?? "" }

    @Test func `the less a pod is worth, the sooner it goes`() {
        #expect(victim([pod("a"), pod("b", node: "")]) == "b")
        #expect(victim([pod("a"), pod("b", phase: "Pending")]) == "b")
        #expect(victim([pod("a"), pod("b", readyFor: nil)]) == "b")
        #expect(victim([pod("a", cost: "5"), pod("b", cost: "-5")]) == "b")
        #expect(victim([pod("a", node: "m"), pod("b"), pod("c")]) != "a")
        #expect(victim([pod("a", readyFor: 1000), pod("b", readyFor: 10)]) == "b")
        #expect(victim([pod("a", readyFor: nil), pod("b", readyFor: nil, restarts: 3)]) == "b")
        #expect(victim([pod("a", readyFor: nil, age: 5000), pod("b", readyFor: nil, age: 10)]) == "b")
    }
}
