import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

/// How namespaces live and end.
@Suite(.timeLimit(.minutes(2))) struct NamespaceTests {
    private static let space = "team"

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let contents: [Resource] = [.configMaps, .services, .pods, .secrets, .deployments]
        let controller = NamespaceController(cluster.context("namespace-controller"), contents: contents)
        try await cluster.run([controller]) {
            try await cluster.admin.create(.namespaces, ["metadata": ["name": .string(Self.space)]])
            try await cluster.admin.create(.serviceAccounts, ["metadata": ["name": "default", "namespace": .string(Self.space)]])
            try await body(cluster)
        }
    }

    private func pod(_ name: String, finalizer: String? = nil) -> Value {
        var pod: Value = [
            "metadata": ["name": .string(name), "namespace": .string(Self.space)], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
        ]
        if let finalizer { pod.metadata["finalizers"] = [.string(finalizer)] }
        return pod
    }

    private func gone(_ cluster: TestCluster) async throws {
        try await cluster.wait(.namespaces, namespace: "", name: Self.space, "gone") { $0.isNull }
    }

    @Test func `all pods and services go with their namespace, and a new one of the name is empty`() async throws {
        try await run { cluster in
            for name in ["a", "b"] { try await cluster.admin.create(.pods, pod(name)) }
            try await cluster.admin.create(
                .services, ["metadata": ["name": "s", "namespace": .string(Self.space)], "spec": ["ports": [["port": 80]]]])
            try await cluster.admin.delete(.namespaces, name: Self.space)
            try await gone(cluster)
            try await cluster.admin.create(.namespaces, ["metadata": ["name": .string(Self.space)]])
            #expect(try await cluster.admin.list(.pods, namespace: Self.space).items.isEmpty)
            #expect(try await cluster.admin.list(.services, namespace: Self.space).items.isEmpty)
        }
    }

    @Test func `pods go before all else, and the conditions say what is waited for`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.pods, pod("held", finalizer: "example.com/hold"))
            try await cluster.admin.create(.configMaps, ["metadata": ["name": "m", "namespace": .string(Self.space)]])
            try await cluster.admin.delete(.namespaces, name: Self.space)
            let ending = try await cluster.wait(.namespaces, namespace: "", name: Self.space, "waits for the pod") {
                $0.hasCondition("NamespaceFinalizersRemaining")
            }
            #expect(ending.phase == "Terminating")
            #expect(ending.condition("NamespaceContentRemaining")?["message"] == "Some resources are remaining: pods. has 1 resource instances")
            #expect(
                ending.condition("NamespaceFinalizersRemaining")?["message"]
                    == "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances")
            for type in ["NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure"] {
                #expect(ending.hasCondition(type, status: "False"))
            }
            let map = try await cluster.admin.get(.configMaps, namespace: Self.space, name: "m")
            #expect(!map.isBeingDeleted)
            try await cluster.admin.patch(
                .pods, namespace: Self.space, name: "held", .merge, ["metadata": .object(Fields([("finalizers", .null)]))])
            try await gone(cluster)
        }
    }

    @Test func `a namespace is patched, updated, and has a status of its own`() async throws {
        try await run { cluster in
            var space = try await cluster.admin.patch(.namespaces, name: Self.space, .strategicMerge, ["metadata": ["labels": ["a": "b"]]])
            #expect(space.labels["a"] == "b" && space.labels["kubernetes.io/metadata.name"] == Self.space)
            space.metadata["labels"]["updated"] = "yes"
            space = try await cluster.admin.update(.namespaces, space)
            #expect(space.labels["updated"] == "yes")

            let condition: Value = ["type": "StatusPatch", "status": "True", "reason": "E2E", "message": "patched"]
            space = try await cluster.admin.patch(
                .namespaces, name: Self.space, subresource: "status", .merge, ["status": ["conditions": [condition]]])
            #expect(space.condition("StatusPatch")?["message"] == "patched" && space.phase == "Active")
            var other = condition
            other["type"] = "StatusUpdate"
            space["status"]["conditions"].append(other)
            space.metadata["labels"]["fromstatus"] = "x"
            space = try await cluster.admin.update(.namespaces, space, subresource: "status")
            #expect(space.hasCondition("StatusUpdate") && space.hasCondition("StatusPatch"))
        }
    }

    @Test func `a finalizer is put on and taken off through finalize alone`() async throws {
        try await run { cluster in
            var space = try await cluster.admin.get(.namespaces, name: Self.space)
            #expect(space.spec["finalizers"] == ["kubernetes"])
            space.spec["finalizers"].append("example.com/one")
            let unchanged = try await cluster.admin.update(.namespaces, space)
            #expect(unchanged.spec["finalizers"] == ["kubernetes"])
            space = unchanged
            space.spec["finalizers"].append("example.com/one")
            space = try await cluster.admin.update(.namespaces, space, subresource: "finalize")
            #expect(space.spec["finalizers"] == ["kubernetes", "example.com/one"])
            try await cluster.admin.delete(.namespaces, name: Self.space)
            var waiting = try await cluster.wait(.namespaces, namespace: "", name: Self.space, "waits for the other finalizer") {
                $0.spec["finalizers"] == ["example.com/one"]
            }
            waiting.spec["finalizers"] = []
            try await cluster.admin.update(.namespaces, waiting, subresource: "finalize")
            try await gone(cluster)
        }
    }
}
