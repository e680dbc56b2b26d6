import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

/// What becomes of those whose owner is deleted.
@Suite(.timeLimit(.minutes(2))) struct GarbageCollectorTests {
    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let controllers: [any Controller] = [
            GarbageCollector(
                cluster.context("generic-garbage-collector"),
                resources: [.replicationControllers, .replicaSets, .deployments, .pods, .configMaps]),
            ReplicaSetController(.replicationController, cluster.context("replication-controller")),
            ReplicaSetController(.replicaSet, cluster.context("replicaset-controller")),
            DeploymentController(cluster.context("deployment-controller")),
        ]
        try await cluster.run(controllers) { try await body(cluster) }
    }

    private func controller(_ name: String, replicas: Int) -> Value {
        [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "replicas": Value(replicas), "selector": ["rc": .string(name)],
                "template": ["metadata": ["labels": ["rc": .string(name)]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]],
            ],
        ]
    }

    private func start(_ cluster: TestCluster, _ name: String, replicas: Int = 2) async throws -> Value {
        try await cluster.admin.create(.replicationControllers, controller(name, replicas: replicas))
        try await cluster.wait(.pods, "\(replicas) pods of \(name)") { $0.count { $0.labels["rc"] == name } == replicas }
        return try await cluster.admin.get(.replicationControllers, namespace: "default", name: name)
    }

    // MARK: Replication controllers

    @Test func `pods go in the background where nothing else is said`() async throws {
        try await run { cluster in
            let owner = try await start(cluster, "one")
            try await cluster.admin.delete(.replicationControllers, namespace: "default", name: "one", uid: owner.uid, propagation: .background)
            #expect(try await cluster.admin.find(.replicationControllers, namespace: "default", name: "one") == nil)
            try await cluster.wait(.pods, "none is left") { $0.isEmpty }
        }
    }

    @Test func `pods are orphaned where the deletion says so, and another of the selector adopts them`() async throws {
        try await run { cluster in
            _ = try await start(cluster, "one")
            try await cluster.admin.delete(.replicationControllers, namespace: "default", name: "one", propagation: .orphan)
            try await cluster.wait(.replicationControllers, name: "one", "gone") { $0.isNull }
            let pods = try await cluster.admin.list(.pods, namespace: "default").items
            #expect(pods.count == 2 && pods.allSatisfy { $0.ownerReferences.isEmpty && !$0.isBeingDeleted })
            let names = Set(pods.map(\.name))
            let heir = try await cluster.admin.create(.replicationControllers, controller("one", replicas: 2))
            let adopted = try await cluster.wait(.pods, "adopted") { $0.allSatisfy { $0.controllerUID == heir.uid } }
            #expect(Set(adopted.map(\.name)) == names)
        }
    }

    @Test func `an owner deleted in the foreground stays until its pods are gone`() async throws {
        try await run { cluster in
            _ = try await start(cluster, "one")
            // One that takes its time.
            let first = try await cluster.admin.list(.pods, namespace: "default").items[0]
            try await cluster.admin.patch(
                .pods, namespace: "default", name: first.name, .merge, ["metadata": ["finalizers": ["example.com/hold"]]])
            try await cluster.admin.delete(.replicationControllers, namespace: "default", name: "one", propagation: .foreground)
            let left = try await cluster.wait(.pods, "all but one are gone") { $0.map(\.name) == [first.name] && $0[0].isBeingDeleted }
            #expect(left.count == 1)
            let owner = try await cluster.admin.get(.replicationControllers, namespace: "default", name: "one")
            #expect(owner.isBeingDeleted && owner.finalizers == ["foregroundDeletion"])
            try await cluster.admin.patch(
                .pods, namespace: "default", name: first.name, .merge, ["metadata": .object(Fields([("finalizers", .null)]))])
            try await cluster.wait(.replicationControllers, name: "one", "gone") { $0.isNull }
        }
    }

    @Test func `what has another valid owner loses the one that waits, and stays`() async throws {
        try await run { cluster in
            let dying = try await start(cluster, "dying")
            let staying = try await start(cluster, "staying", replicas: 1)
            let half = try await cluster.admin.list(.pods, namespace: "default", labelSelector: "rc=dying").items[0]
            let second: Value = [
                "apiVersion": "v1", "kind": "ReplicationController", "name": "staying", "uid": .string(staying.uid),
            ]
            try await cluster.admin.patch(
                .pods, namespace: "default", name: half.name, .merge,
                ["metadata": ["ownerReferences": .array(half.ownerReferences + [second])]])
            try await cluster.admin.delete(.replicationControllers, namespace: "default", name: "dying", uid: dying.uid, propagation: .foreground)
            try await cluster.wait(.replicationControllers, name: "dying", "gone") { $0.isNull }
            let pods = try await cluster.admin.list(.pods, namespace: "default", labelSelector: "rc=dying").items
            #expect(pods.map(\.name) == [half.name])
            #expect(pods.first?.ownerReferences.map { $0["uid"].string } == [staying.uid] && pods.first?.isBeingDeleted == false)
        }
    }

    // MARK: Deployments

    @Test(arguments: [true, false]) func `a deployment's sets go with it unless they are orphaned`(isOrphaned: Bool) async throws {
        try await run { cluster in
            try await cluster.admin.create(.deployments, DeploymentTests.deployment("web", replicas: 2))
            try await cluster.wait(.pods, "two pods") { $0.count == 2 }
            try await cluster.admin.delete(.deployments, namespace: "default", name: "web", propagation: isOrphaned ? .orphan : .background)
            try await cluster.wait(.deployments, name: "web", "gone") { $0.isNull }
            if isOrphaned {
                let sets = try await cluster.admin.list(.replicaSets, namespace: "default").items
                #expect(sets.count == 1 && sets[0].ownerReferences.isEmpty && !sets[0].isBeingDeleted)
                #expect(try await cluster.admin.list(.pods, namespace: "default").items.count == 2)
            } else {
                try await cluster.wait(.replicaSets, "none is left") { $0.isEmpty }
                try await cluster.wait(.pods, "none is left") { $0.isEmpty }
            }
        }
    }

    // MARK: Circles

    @Test func `three that own each other all go when one is deleted`() async throws {
        try await run { cluster in
            var maps: [Value] = []
            for index in 0..<3 {
                maps.append(try await cluster.admin.create(.configMaps, ["metadata": ["name": .string("m\(index)"), "namespace": "default"]]))
            }
            for index in 0..<3 {
                let owner = maps[(index + 2) % 3]
                let reference: Value = [
                    "apiVersion": "v1", "kind": "ConfigMap", "name": .string(owner.name), "uid": .string(owner.uid), "blockOwnerDeletion": true,
                ]
                try await cluster.admin.patch(
                    .configMaps, namespace: "default", name: "m\(index)", .merge, ["metadata": ["ownerReferences": [reference]]])
            }
            try await cluster.admin.delete(.configMaps, namespace: "default", name: "m0", propagation: .foreground)
            try await cluster.wait(.configMaps, "none is left") { !$0.contains { $0.name.hasPrefix("m") } }
        }
    }
}
