import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

/// A quota through the life of what it counts, as conformance goes through it.
@Suite(.timeLimit(.minutes(2))) struct QuotaLifeTests {
    private static let resources: [Resource] = [
        .configMaps, .secrets, .pods, .services, .replicationControllers, .resourceQuotas, .replicaSets, .persistentVolumeClaims,
    ]

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let controller = ResourceQuotaController(cluster.context("resourcequota-controller"), resources: Self.resources)
        try await cluster.run([controller], hasNodes: false) { try await body(cluster) }
    }

    private func quota(_ hard: [String: String], name: String = "quota", scopes: [String] = []) -> Value {
        var quota: Value = ["metadata": ["name": .string(name), "namespace": "default"], "spec": ["hard": Value(hard)]]
        if !scopes.isEmpty { quota.spec["scopes"] = Value(scopes) }
        return quota
    }

    private func used(_ cluster: TestCluster, _ amounts: [String: String], _ comment: String) async throws {
        try await used(cluster, "quota", amounts, comment)
    }

    private func used(_ cluster: TestCluster, _ name: String, _ amounts: [String: String], _ comment: String) async throws {
        try await cluster.wait(.resourceQuotas, name: name, comment) { quota in
            amounts.allSatisfy { quota.status["used"][$0.key].string == $0.value }
        }
    }

    private func pod(_ name: String, cpu: String? = nil, memory: String? = nil, deadline: Int? = nil) -> Value {
        var pod: Value = [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": ["terminationGracePeriodSeconds": 0, "containers": [["name": "c", "image": "repo/i:1"]]],
        ]
        var requests: Value = .null
        if let cpu { requests["cpu"] = .string(cpu) }
        if let memory { requests["memory"] = .string(memory) }
        if !requests.isNull {
            pod.spec["containers"] = [["name": "c", "image": "repo/i:1", "resources": ["requests": requests, "limits": requests]]]
        }
        if let deadline { pod.spec["activeDeadlineSeconds"] = Value(deadline) }
        return pod
    }

    // MARK: Lives

    /// What is counted under which names, and an object of it.
    struct Life: Sendable, CustomTestStringConvertible {
        var resource: Resource
        var names: [String]
        var object: Value
        var testDescription: String { resource.plural }
    }

    private static let template: Value = ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]]]

    static let lives: [Life] = [
        Life(resource: .configMaps, names: ["configmaps", "count/configmaps"], object: ["data": ["a": "b"]]),
        Life(resource: .secrets, names: ["secrets", "count/secrets"], object: ["stringData": ["a": "b"]]),
        Life(
            resource: .replicationControllers, names: ["replicationcontrollers", "count/replicationcontrollers"],
            object: ["spec": ["replicas": 0, "selector": ["a": "b"], "template": template]]),
        Life(
            resource: .replicaSets, names: ["count/replicasets.apps"],
            object: ["spec": ["replicas": 0, "selector": ["matchLabels": ["a": "b"]], "template": template]]),
        Life(resource: .services, names: ["services", "count/services"], object: ["spec": ["ports": [["port": 80]]]]),
        Life(resource: .pods, names: ["pods", "count/pods"], object: ["spec": ["containers": [["name": "c", "image": "repo/i:1"]]]]),
    ]

    @Test(arguments: lives) func `what comes is charged, one too many refused, what goes given back`(_ life: Life) async throws {
        try await run { cluster in
            let present = try await cluster.admin.list(life.resource, namespace: "default").items.count
            let hard = Dictionary(uniqueKeysWithValues: life.names.map { ($0, "\(present + 1)") })
            func amounts(_ count: Int) -> [String: String] { hard.mapValues { _ in "\(present + count)" } }
            try await cluster.admin.create(.resourceQuotas, quota(hard))
            try await used(cluster, amounts(0), "calculated")
            func object(_ name: String) -> Value {
                var object = life.object
                object["metadata"] = ["name": .string(name), "namespace": "default"]
                return object
            }
            try await cluster.admin.create(life.resource, object("one"))
            try await used(cluster, amounts(1), "charged")
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(life.resource, object("two")) }
            #expect(error?.reason == .forbidden && error?.message.contains("exceeded quota: quota") == true)
            try await cluster.admin.delete(life.resource, namespace: "default", name: "one", gracePeriod: .zero)
            try await used(cluster, amounts(0), "given back")
            try await cluster.admin.create(life.resource, object("two"))
        }
    }

    @Test func `services count by what they need`() async throws {
        try await run { cluster in
            try await cluster.admin.create(
                .resourceQuotas, quota(["services": "10", "services.nodeports": "1", "services.loadbalancers": "1"]))
            try await used(cluster, ["services.nodeports": "0"], "calculated")
            func service(_ name: String, _ type: String) -> Value {
                [
                    "metadata": ["name": .string(name), "namespace": "default"], "spec": ["type": .string(type), "ports": [["port": 80]]],
                ]
            }
            try await cluster.admin.create(.services, service("cluster", "ClusterIP"))
            try await cluster.admin.create(.services, service("node", "NodePort"))
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(.services, service("balancer", "LoadBalancer")) }
            #expect(error?.reason == .forbidden)
            try await used(cluster, ["services.nodeports": "1", "services.loadbalancers": "0"], "one node port")
            for name in ["cluster", "node"] { try await cluster.admin.delete(.services, namespace: "default", name: name) }
            try await used(cluster, ["services.nodeports": "0"], "given back")
        }
    }

    @Test func `a pod is charged for what it requests, and an update cannot pass the limit`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.resourceQuotas, quota(["pods": "5", "cpu": "1", "memory": "500Mi"]))
            try await used(cluster, ["pods": "0", "cpu": "0", "memory": "0"], "calculated")
            try await cluster.admin.create(.pods, pod("fits", cpu: "500m", memory: "252Mi"))
            try await used(cluster, ["pods": "1", "cpu": "500m", "memory": "252Mi"], "charged")
            for (cpu, memory) in [("600m", "100Mi"), ("100m", "300Mi")] {
                await #expect(throws: APIError.self) { try await cluster.admin.create(.pods, pod("large", cpu: cpu, memory: memory)) }
            }
            // One that names neither cannot be counted.
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(.pods, pod("silent")) }
            #expect(error?.message.contains("must specify cpu for: c; memory for: c") == true)
            try await used(cluster, ["pods": "1", "cpu": "500m", "memory": "252Mi"], "as before")
            try await cluster.admin.delete(.pods, namespace: "default", name: "fits", gracePeriod: .zero)
            try await used(cluster, ["pods": "0", "cpu": "0", "memory": "0"], "given back")
        }
    }

    // MARK: Scopes

    @Test func `scopes part pods that end by themselves from those that don't`() async throws {
        try await run { cluster in
            let hard = ["pods": "5", "requests.cpu": "1", "limits.cpu": "2"]
            for (name, scope) in [("ending", "Terminating"), ("lasting", "NotTerminating")] {
                try await cluster.admin.create(.resourceQuotas, quota(hard, name: name, scopes: [scope]))
                try await used(cluster, name, ["pods": "0"], "calculated")
            }
            try await cluster.admin.create(.pods, pod("long", cpu: "500m"))
            try await used(cluster, "lasting", ["pods": "1", "requests.cpu": "500m", "limits.cpu": "500m"], "charged")
            try await used(cluster, "ending", ["pods": "0", "requests.cpu": "0"], "not charged")
            try await cluster.admin.delete(.pods, namespace: "default", name: "long", gracePeriod: .zero)
            try await used(cluster, "lasting", ["pods": "0", "requests.cpu": "0"], "given back")
            try await cluster.admin.create(.pods, pod("short", cpu: "500m", deadline: 3_600))
            try await used(cluster, "ending", ["pods": "1", "requests.cpu": "500m"], "charged")
            try await used(cluster, "lasting", ["pods": "0"], "not charged")
        }
    }

    @Test func `scopes part pods of best effort from the others`() async throws {
        try await run { cluster in
            for (name, scope) in [("best", "BestEffort"), ("sure", "NotBestEffort")] {
                try await cluster.admin.create(.resourceQuotas, quota(["pods": "5"], name: name, scopes: [scope]))
                try await used(cluster, name, ["pods": "0"], "calculated")
            }
            try await cluster.admin.create(.pods, pod("silent"))
            try await used(cluster, "best", ["pods": "1"], "charged")
            try await used(cluster, "sure", ["pods": "0"], "not charged")
            try await cluster.admin.delete(.pods, namespace: "default", name: "silent", gracePeriod: .zero)
            try await used(cluster, "best", ["pods": "0"], "given back")
            try await cluster.admin.create(.pods, pod("asking", cpu: "100m"))
            try await used(cluster, "sure", ["pods": "1"], "charged")
            try await used(cluster, "best", ["pods": "0"], "not charged")
        }
    }

    @Test func `a scope by the class of volumes counts claims of that class alone`() async throws {
        try await run { cluster in
            var gold = quota(["persistentvolumeclaims": "1", "requests.storage": "2Gi"], name: "gold")
            gold.spec["scopeSelector"] = ["matchExpressions": [["scopeName": "VolumeAttributesClass", "operator": "In", "values": ["gold"]]]]
            try await cluster.admin.create(.resourceQuotas, gold)
            try await used(cluster, "gold", ["persistentvolumeclaims": "0"], "calculated")
            func claim(_ name: String, _ attributes: String?) -> Value {
                var claim: Value = [
                    "metadata": ["name": .string(name), "namespace": "default"],
                    "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
                ]
                if let attributes { claim.spec["volumeAttributesClassName"] = .string(attributes) }
                return claim
            }
            try await cluster.admin.create(.persistentVolumeClaims, claim("plain", nil))
            try await cluster.admin.create(.persistentVolumeClaims, claim("silver", "silver"))
            try await cluster.admin.create(.persistentVolumeClaims, claim("one", "gold"))
            try await used(cluster, "gold", ["persistentvolumeclaims": "1", "requests.storage": "1Gi"], "charged")
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(.persistentVolumeClaims, claim("two", "gold")) }
            #expect(error?.reason == .forbidden)
        }
    }

    @Test func `a scope by priority counts pods of that class alone`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.priorityClasses, ["metadata": ["name": "high"], "value": 1000])
            var high = quota(["pods": "1"], name: "high")
            high.spec["scopeSelector"] = ["matchExpressions": [["scopeName": "PriorityClass", "operator": "In", "values": ["high"]]]]
            try await cluster.admin.create(.resourceQuotas, high)
            try await used(cluster, "high", ["pods": "0"], "calculated")
            func important(_ name: String) -> Value {
                var pod = pod(name)
                pod.spec["priorityClassName"] = "high"
                return pod
            }
            try await cluster.admin.create(.pods, pod("plain"))
            try await cluster.admin.create(.pods, important("one"))
            try await used(cluster, "high", ["pods": "1"], "charged")
            await #expect(throws: APIError.self) { try await cluster.admin.create(.pods, important("two")) }
            try await cluster.admin.delete(.pods, namespace: "default", name: "one", gracePeriod: .zero)
            try await used(cluster, "high", ["pods": "0"], "given back")
        }
    }

    // MARK: The quota itself

    @Test func `a quota is changed, told of, and deleted with others`() async throws {
        try await run { cluster in
            for name in ["a", "b"] {
                var wanted = quota(["cpu": "1", "memory": "500Mi"], name: name)
                wanted.metadata["labels"] = ["group": "x"]
                try await cluster.admin.create(.resourceQuotas, wanted)
            }
            var one = try await cluster.admin.get(.resourceQuotas, namespace: "default", name: "a")
            one.spec["hard"] = ["cpu": "2", "memory": "1Gi"]
            one = try await cluster.admin.update(.resourceQuotas, one)
            #expect(one.spec["hard"] == ["cpu": "2", "memory": "1Gi"])
            try await cluster.wait(.resourceQuotas, name: "a", "followed") { $0.status["hard"] == ["cpu": "2", "memory": "1Gi"] }
            one = try await cluster.admin.patch(
                .resourceQuotas, namespace: "default", name: "a", .strategicMerge,
                ["metadata": ["labels": ["a": "patched"]], "spec": ["hard": ["memory": "750Mi"]]])
            #expect(one.labels["a"] == "patched" && one.spec["hard"] == ["cpu": "2", "memory": "750Mi"])
            #expect(try await cluster.admin.list(.resourceQuotas, labelSelector: "group=x").items.count == 2)
            let path = Resource.resourceQuotas.path(namespace: "default")
            _ = try await cluster.admin.object(APIRequest(.delete, path, query: [("labelSelector", "group=x")]))
            #expect(try await cluster.admin.list(.resourceQuotas, namespace: "default").items.isEmpty)
        }
    }

    @Test func `a status that somebody else wrote is put right`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.resourceQuotas, quota(["configmaps": "50", "pods": "5"]))
            try await used(cluster, ["pods": "0"], "calculated")
            let wrong: Value = ["status": ["hard": ["pods": "1"], "used": ["pods": "1"]]]
            let patched = try await cluster.admin.patch(
                .resourceQuotas, namespace: "default", name: "quota", subresource: "status", .merge, wrong)
            #expect(patched.status["used"]["pods"] == "1" && patched.spec["hard"]["pods"] == "5")
            try await cluster.wait(.resourceQuotas, name: "quota", "put right") {
                $0.status["hard"]["pods"] == "5" && $0.status["used"]["pods"] == "0"
            }
        }
    }
}
