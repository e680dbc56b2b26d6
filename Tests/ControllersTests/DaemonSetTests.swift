import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct DaemonSetTests {
    private func node(_ name: String, labels: [String: String] = [:], taints: Value = .null) -> Value {
        var node: Value = ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "labels": Value(labels)]]
        if !taints.isNull { node["spec"]["taints"] = taints }
        return node
    }

    /// A new node is tainted until it is ready; these are.
    private func add(_ node: Value, to cluster: TestCluster) async throws {
        try await cluster.admin.create(.nodes, node)
        let taints = Value.object(Fields([("taints", node.spec["taints"])]))
        try await cluster.admin.patch(.nodes, name: node.name, .merge, .object(Fields([("spec", taints)])))
    }

    private func set(_ name: String = "agent") -> Value {
        [
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "selector": ["matchLabels": ["app": .string(name)]],
                "template": ["metadata": ["labels": ["app": .string(name)]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]],
            ],
        ]
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        for node in [
            node("a"), node("b", labels: ["disk": "ssd"]), node("c", taints: [["key": "dedicated", "value": "x", "effect": "NoSchedule"]]),
            node("d", taints: [["key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"]]),
        ] { try await add(node, to: cluster) }
        try await cluster.run([DaemonSetController(cluster.context("daemon-set-controller"))]) { try await body(cluster) }
    }

    @Test func `puts one pod on every node that tolerates it`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.daemonSets, set())
            let set = try await cluster.wait(.daemonSets, name: "agent", "three pods") { $0.status["numberAvailable"] == 3 }
            #expect(set.status["desiredNumberScheduled"] == 3)
            #expect(set.status["updatedNumberScheduled"] == 3)
            #expect(set.status["numberMisscheduled"] == 0)
            let pods = try await cluster.admin.list(.pods, namespace: "default").items
            #expect(pods.map(DaemonSetPlan.node).sorted() == ["a", "b", "d"])
            #expect(pods.allSatisfy { $0.labels["controller-revision-hash"] != nil })
            try await add(node("e"), to: cluster)
            try await cluster.wait(.daemonSets, name: "agent", "a pod on the new node") { $0.status["numberAvailable"] == 4 }
        }
    }

    @Test func `leaves nodes that no longer match`() async throws {
        try await run { cluster in
            var wanted = set()
            wanted["spec"]["template"]["spec"]["nodeSelector"] = ["disk": "ssd"]
            try await cluster.admin.create(.daemonSets, wanted)
            try await cluster.wait(.daemonSets, name: "agent", "one pod") { $0.status["numberAvailable"] == 1 }
            try await cluster.admin.patch(.nodes, name: "b", .merge, ["metadata": ["labels": ["disk": "hdd"]]])
            try await cluster.wait(.pods, "no pods") { $0.isEmpty }
        }
    }

    @Test func `replaces pods node by node on a new template`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.daemonSets, set())
            try await cluster.wait(.daemonSets, name: "agent", "three pods") { $0.status["numberAvailable"] == 3 }
            let patch: Value = ["spec": ["template": ["spec": ["containers": [["name": "c", "image": "repo/i:2"]]]]]]
            try await cluster.admin.patch(.daemonSets, namespace: "default", name: "agent", .strategicMerge, patch)
            try await cluster.wait(.daemonSets, name: "agent", "three new pods") { set in
                #expect(set.status["numberAvailable"].int ?? 0 >= 2)
                return set.status["updatedNumberScheduled"] == 3 && set.status["numberAvailable"] == 3 && set.status["observedGeneration"] == 2
            }
            let pods = try await cluster.admin.list(.pods, namespace: "default").items
            #expect(Set(pods.compactMap { $0.spec["containers"][0]["image"].string }) == ["repo/i:2"])
            #expect(try await cluster.admin.list(.controllerRevisions, namespace: "default").items.map(RevisionHistory.number).sorted() == [1, 2])
        }
    }

    @Test func `with a surge the new pod is there before the old one goes`() async throws {
        try await run { cluster in
            var wanted = set()
            wanted.spec["updateStrategy"] = ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]]
            try await cluster.admin.create(.daemonSets, wanted)
            try await cluster.wait(.daemonSets, name: "agent", "three pods") { $0.status["numberAvailable"] == 3 }
            let patch: Value = ["spec": ["template": ["spec": ["containers": [["name": "c", "image": "repo/i:2"]]]]]]
            try await cluster.admin.patch(.daemonSets, namespace: "default", name: "agent", .strategicMerge, patch)
            try await cluster.wait(.daemonSets, name: "agent", "three new pods") { set in
                #expect(set.status["numberAvailable"] == 3)
                return set.status["updatedNumberScheduled"] == 3 && set.status["observedGeneration"] == 2
            }
            try await cluster.wait(.pods, "the old ones gone") { pods in
                pods.count == 3 && pods.allSatisfy { $0.spec["containers"][0]["image"] == "repo/i:2" }
            }
        }
    }

    @Test func `a failed pod is replaced, and not again at once`() {
        let (backoff, start) = (FailedPodBackoff(), Timestamp(seconds: 1_000))
        let set: Value = ["metadata": ["uid": "u", "generation": 1]]
        #expect(backoff.wait(set, node: "a", now: start) == nil)
        #expect(backoff.wait(set, node: "a", now: start) == .seconds(1))
        #expect(backoff.wait(set, node: "b", now: start) == nil)
        #expect(backoff.wait(set, node: "a", now: start + .seconds(1)) == nil)
        #expect(backoff.wait(set, node: "a", now: start + .seconds(1)) == .seconds(2))
    }
}
