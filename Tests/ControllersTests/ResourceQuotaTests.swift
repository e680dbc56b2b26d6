import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct ResourceQuotaTests {
    private func quota(_ hard: [String: String]) -> Value {
        ["apiVersion": "v1", "kind": "ResourceQuota", "metadata": ["name": "team", "namespace": "default"], "spec": ["hard": Value(hard)]]
    }

    private func map(_ name: String) -> Value { ["metadata": ["name": .string(name), "namespace": "default"], "data": ["k": "v"]] }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let resources: [Resource] = [.configMaps, .pods, .services, .persistentVolumeClaims, .deployments, .jobs]
        try await cluster.run([ResourceQuotaController(cluster.context("resourcequota-controller"), resources: resources)]) {
            try await body(cluster)
        }
    }

    private func used(_ name: String, _ amount: String) -> @Sendable (Value) -> Bool { { $0.status["used"][name].string == amount } }

    @Test func `counts what is there, charges what comes, refuses what is too much and gives back what goes`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.configMaps, map("a"))
            try await cluster.admin.create(.resourceQuotas, quota(["configmaps": "3", "count/deployments.apps": "1"]))
            let counted = try await cluster.wait(.resourceQuotas, name: "team", "counted", until: used("configmaps", "1"))
            #expect(counted.status["hard"] == ["configmaps": "3", "count/deployments.apps": "1"])
            #expect(counted.status["used"]["count/deployments.apps"] == "0")
            for name in ["b", "c"] { try await cluster.admin.create(.configMaps, map(name)) }
            // Charged in the same commit: nobody has to wait for it.
            let charged = try await cluster.admin.get(.resourceQuotas, namespace: "default", name: "team")
            #expect(charged.status["used"]["configmaps"] == "3")
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(.configMaps, map("d")) }
            #expect(error?.code == 403)
            #expect(
                error?.message
                    == "configmaps \"d\" is forbidden: exceeded quota: team, requested: configmaps=1, used: configmaps=3, limited: configmaps=3")
            try await cluster.admin.delete(.configMaps, namespace: "default", name: "a")
            try await cluster.wait(.resourceQuotas, name: "team", "given back", until: used("configmaps", "2"))
            try await cluster.admin.create(.configMaps, map("d"))
        }
    }

    @Test func `many at once get exactly what is allowed`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.resourceQuotas, quota(["configmaps": "20"]))
            try await cluster.wait(.resourceQuotas, name: "team", "counted") { !$0.status["used"].isNull }
            let free =
                20
                - (try await cluster.admin.get(.resourceQuotas, namespace: "default", name: "team").status["used"]["configmaps"].string.flatMap {
                    Int($0)
                } ?? 0)
            let failures = await concurrently(0..<60) { index in try await cluster.admin.create(.configMaps, map("m\(index)")) }
            #expect(failures.count == 60 - free)
            #expect(failures.allSatisfy { ($0 as? APIError)?.reason == .forbidden })
            #expect(try await cluster.admin.list(.configMaps, namespace: "default").items.count == 20)
        }
    }

    @Test func `a pod that ended needs nothing any more`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.resourceQuotas, quota(["pods": "1", "requests.cpu": "1"]))
            try await cluster.wait(.resourceQuotas, name: "team", "counted", until: used("pods", "0"))
            func pod(_ name: String) -> Value {
                [
                    "metadata": ["name": .string(name), "namespace": "default"],
                    "spec": [
                        "restartPolicy": "Never",
                        "containers": [["name": "c", "image": "done", "resources": ["requests": ["cpu": "600m"]]]],
                    ],
                ]
            }
            try await cluster.admin.create(.pods, pod("one"))
            try await cluster.wait(.resourceQuotas, name: "team", "given back", until: used("requests.cpu", "0"))
            try await cluster.admin.create(.pods, pod("two"))
        }
    }

    @Test func `a dry run is refused as the real one would be and charges nothing`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.resourceQuotas, quota(["count/configmaps": "1"]))
            try await cluster.wait(.resourceQuotas, name: "team", "counted", until: used("count/configmaps", "0"))
            func dry(_ name: String) async throws {
                _ = try await cluster.admin.object(
                    APIRequest(
                        .post, Resource.configMaps.path(namespace: "default"), query: [("dryRun", "All")], body: map(name).canonicalJSON()))
            }
            try await dry("a")
            #expect(try await cluster.admin.get(.resourceQuotas, namespace: "default", name: "team").status["used"]["count/configmaps"] == "0")
            try await cluster.admin.create(.configMaps, map("a"))
            await #expect(throws: APIError.self) { try await dry("b") }
        }
    }

    @Test func `any kind can be counted, but not events`() async throws {
        let cluster = try await TestCluster()
        let resources: [Resource] = [
            .configMaps, .deployments, .jobs,
            Resource(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true),
        ]
        try await cluster.run([ResourceQuotaController(cluster.context("resourcequota-controller"), resources: resources)]) {
            let hard = [
                "count/leases.coordination.k8s.io": "1", "count/events": "0", "count/events.events.k8s.io": "0", "count/lamps.example.com": "1",
            ]
            try await cluster.admin.create(.resourceQuotas, quota(hard))
            let counted = try await cluster.wait(.resourceQuotas, name: "team", "counted", until: used("count/leases.coordination.k8s.io", "0"))
            #expect(counted.status["used"] == ["count/leases.coordination.k8s.io": "0"])
            #expect(counted.status["hard"] == Value(hard))
            let lease: @Sendable (String) -> Value = {
                ["metadata": ["name": .string($0), "namespace": "default"], "spec": ["holderIdentity": "me"]]
            }
            try await cluster.admin.create(resources[3], lease("a"))
            let error = await #expect(throws: APIError.self) { try await cluster.admin.create(resources[3], lease("b")) }
            #expect(
                error?.message
                    == "leases.coordination.k8s.io \"b\" is forbidden: exceeded quota: team, requested: count/leases.coordination.k8s.io=1, used: count/leases.coordination.k8s.io=1, limited: count/leases.coordination.k8s.io=1"
            )
            try await cluster.admin.create(
                .events,
                [
                    "metadata": ["name": "e", "namespace": "default"], "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"],
                    "reason": "R",
                ])
            try await cluster.admin.delete(resources[3], namespace: "default", name: "a")
            try await cluster.wait(.resourceQuotas, name: "team", "given back", until: used("count/leases.coordination.k8s.io", "0"))
        }
    }
}
