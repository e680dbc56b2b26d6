import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct DisruptionTests {
    private func budget(_ spec: Value) -> Value {
        var budget: Value = [
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "guard", "namespace": "default"],
            "spec": ["selector": ["matchLabels": ["app": "web"]]],
        ]
        for (key, value) in spec.fields { budget.spec[key] = value }
        return budget
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        try await cluster.run([DisruptionController(cluster.context("disruption-controller"))]) { try await body(cluster) }
    }

    /// Pods of a set that nobody keeps up: what goes stays gone.
    private func makePods(_ count: Int, _ cluster: TestCluster) async throws {
        let template = DeploymentTests.deployment("web", replicas: count).spec["template"]
        let set = try await cluster.admin.create(
            .replicaSets,
            [
                "metadata": ["name": "web", "namespace": "default"],
                "spec": ["replicas": Value(count), "selector": ["matchLabels": ["app": "web"]], "template": template],
            ])
        for _ in 0..<count { try await cluster.admin.create(.pods, PodControl.pod(from: template, owner: set, as: .replicaSets)) }
    }

    private func evict(_ pod: Value, _ cluster: TestCluster) async throws {
        let eviction: Value = [
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(pod.name), "namespace": "default"],
        ]
        try await cluster.admin.create(.pods, eviction, name: pod.name, subresource: "eviction")
    }

    @Test func `pods may be evicted as long as enough are left`() async throws {
        try await run { cluster in
            try await makePods(4, cluster)
            try await cluster.admin.create(.podDisruptionBudgets, budget(["maxUnavailable": "25%"]))
            let full = try await cluster.wait(.podDisruptionBudgets, name: "guard", "one may go") { $0.status["disruptionsAllowed"] == 1 }
            #expect(full.status["currentHealthy"] == 4 && full.status["desiredHealthy"] == 3 && full.status["expectedPods"] == 4)
            #expect(full.condition("DisruptionAllowed")?["reason"] == "SufficientPods")
            #expect(full.status["observedGeneration"] == 1)
            let pods = try await cluster.admin.list(.pods, namespace: "default").items
            try await evict(pods[0], cluster)
            let less = try await cluster.wait(.podDisruptionBudgets, name: "guard", "none may go") { $0.status["disruptionsAllowed"] == 0 }
            #expect(less.status["desiredHealthy"] == 3)
            let second = await #expect(throws: APIError.self) { try await evict(pods[1], cluster) }
            #expect(second?.code == 429)
            #expect(second?.message == "Cannot evict pod as it would violate the pod's disruption budget.")
        }
    }

    @Test func `a number that must stay asks for no owner`() async throws {
        try await run { cluster in
            for name in ["a", "b"] {
                try await cluster.admin.create(
                    .pods,
                    [
                        "metadata": ["name": .string(name), "namespace": "default", "labels": ["app": "web"]],
                        "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
                    ])
            }
            try await cluster.admin.create(.podDisruptionBudgets, budget(["minAvailable": 1]))
            try await cluster.wait(.podDisruptionBudgets, name: "guard", "one may go") {
                $0.status["disruptionsAllowed"] == 1 && $0.status["expectedPods"] == 2
            }
        }
    }

    @Test func `tells why it cannot say how many there should be`() async throws {
        try await run { cluster in
            var owned: Value = [
                "metadata": ["name": "a", "namespace": "default", "labels": ["app": "web"]],
                "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
            ]
            owned.metadata["ownerReferences"] = [
                ["apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "11111111-2222-4333-8444-555555555555", "controller": true]
            ]
            try await cluster.admin.create(.pods, owned)
            try await cluster.admin.create(.podDisruptionBudgets, budget(["maxUnavailable": 1]))
            let budget = try await cluster.wait(.podDisruptionBudgets, name: "guard", "failed") {
                $0.condition("DisruptionAllowed")?["reason"] == "SyncFailed"
            }
            #expect(budget.status["disruptionsAllowed"] == 0)
            #expect(budget.condition("DisruptionAllowed")?["message"] == "batch/v1, Kind=Job does not implement the scale subresource")
        }
    }

    // MARK: Conditions that outlived their reason

    private func pod(_ name: String, _ reason: String, ago: Duration) -> Value {
        let time = (Timestamp.now() + (.zero - ago)).rfc3339
        return [
            "metadata": ["name": .string(name), "namespace": "default"], "spec": ["containers": [["name": "c", "image": "stuck"]]],
            "status": [
                "conditions": [
                    [
                        "type": "DisruptionTarget", "status": "True", "reason": .string(reason), "message": "m",
                        "lastTransitionTime": .string(time),
                    ],
                    ["type": "PodScheduled", "status": "True"],
                ]
            ],
        ]
    }

    @Test func `a pod that was to be disrupted and wasn't is no target any more`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([StaleDisruptionController(cluster.context("disruption-controller"))], hasNodes: false) {
            for (name, reason, ago) in [
                ("fresh", "EvictionByEvictionAPI", 10), ("kubelet", "TerminationByKubelet", 600), ("stale", "PreemptionByScheduler", 121),
            ] {
                let wanted = pod(name, reason, ago: .seconds(ago))
                var created = try await cluster.admin.create(.pods, wanted)
                created["status"] = wanted["status"]
                try await cluster.admin.update(.pods, created, subresource: "status")
            }
            let stale = try await cluster.wait(.pods, name: "stale", "taken back") { $0.condition("DisruptionTarget")?["status"] == "False" }
            #expect(stale.condition("DisruptionTarget")?["reason"].string == nil && stale.hasCondition("PodScheduled"))
            for name in ["fresh", "kubelet"] {
                #expect(try await cluster.admin.get(.pods, namespace: "default", name: name).hasCondition("DisruptionTarget"))
            }
        }
    }

    @Test func `whoever ends or is deleted stays a target`() {
        var one = pod("a", "DeletionByTaintManager", ago: .seconds(300))
        #expect(StaleDisruptionController.mayBecomeStale(one))
        one.metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        #expect(!StaleDisruptionController.mayBecomeStale(one))
        var other = pod("b", "DeletionByTaintManager", ago: .seconds(300))
        other.status["phase"] = "Failed"
        #expect(!StaleDisruptionController.mayBecomeStale(other))
    }
}
