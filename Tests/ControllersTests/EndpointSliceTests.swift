import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct EndpointSliceTests {
    private func service(_ name: String, port: Value = 8080) -> Value {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": ["selector": ["app": .string(name)], "ports": [["name": "http", "port": 80, "targetPort": port]]],
        ]
    }

    private func pod(_ name: String, _ app: String) -> Value {
        [
            "metadata": ["name": .string(name), "namespace": "default", "labels": ["app": .string(app)]],
            "spec": ["containers": [["name": "c", "image": "repo/i:1", "ports": [["name": "web", "containerPort": 9090]]]]],
        ]
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let controllers: [any Controller] = [
            EndpointSliceController(cluster.context("endpointslice-controller")), EndpointsController(cluster.context("endpoint-controller")),
        ]
        try await cluster.run(controllers) { try await body(cluster) }
    }

    private func own(_ slices: [Value], _ service: String) -> [Value] { slices.filter { $0.labels["kubernetes.io/service-name"] == service } }

    @Test func `lists the pods behind a service, ready or not, and forgets those that go`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.services, service("web", port: "web"))
            let empty = try await cluster.wait(.endpointSlices, "an empty slice") { own($0, "web").count == 1 }
            #expect(own(empty, "web")[0]["endpoints"].isEmpty)
            for name in ["p1", "p2"] { try await cluster.admin.create(.pods, pod(name, "web")) }
            let slices = try await cluster.wait(.endpointSlices, "two endpoints") { slices in
                own(slices, "web").flatMap { $0["endpoints"].array }.filter { $0["conditions"]["ready"] == true }.count == 2
            }
            let slice = try #require(own(slices, "web").first)
            #expect(own(slices, "web").count == 1)
            #expect(slice["ports"] == [["name": "http", "port": 9090, "protocol": "TCP"]])
            #expect(slice.labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io")
            #expect(slice.controllerReference?["kind"] == "Service")
            #expect(slice["endpoints"][0]["targetRef"]["kind"] == "Pod")
            let endpoints = try await cluster.wait(.endpoints, name: "web", "two addresses") { $0["subsets"][0]["addresses"].array.count == 2 }
            #expect(endpoints["subsets"][0]["ports"] == [["name": "http", "port": 9090, "protocol": "TCP"]])
            try await cluster.admin.delete(.pods, namespace: "default", name: "p1", gracePeriod: .zero)
            try await cluster.wait(.endpointSlices, "one endpoint") { own($0, "web").flatMap { $0["endpoints"].array }.count == 1 }
            try await cluster.admin.delete(.services, namespace: "default", name: "web")
            try await cluster.wait(.endpoints, name: "web", "gone with the service") { $0.isNull }
        }
    }

    private static func plan(_ count: Int, existing: [Value] = []) -> EndpointSlicePlan {
        let service: Value = [
            "metadata": ["name": "s", "namespace": "default", "uid": "u"], "spec": ["clusterIP": "10.0.0.1", "ports": [["port": 80]]],
        ]
        let pods = (0..<count).map { index -> Value in
            [
                "metadata": ["name": .string("p\(index)"), "namespace": "default", "uid": .string("u\(index)")], "spec": [:],
                "status": [
                    "phase": "Running", "podIP": .string("10.1.\(index / 250).\(index % 250)"), "conditions": [["type": "Ready", "status": "True"]],
                ],
            ]
        }
        return EndpointSlicePlan(service: service, pods: pods, existing: existing, node: { _ in nil })
    }

    /// The slices as the server would hold them after a plan was carried out.
    private static func after(_ plan: EndpointSlicePlan, _ existing: [Value]) -> [Value] {
        let gone = Set((plan.deletes + plan.updates).map(\.uid))
        let made = plan.creates.enumerated().map { index, slice in
            var slice = slice
            slice.metadata["uid"] = .string("s\(existing.count + index)")
            slice.metadata["name"] = .string("s-\(existing.count + index)")
            return slice
        }
        return existing.filter { !gone.contains($0.uid) } + plan.updates + made
    }

    @Test func `a slice holds a hundred at most, and few slices change`() {
        let first = Self.after(Self.plan(250), [])
        #expect(first.map { $0["endpoints"].array.count }.sorted() == [50, 100, 100])
        let more = Self.plan(251, existing: first)
        #expect(more.creates.isEmpty && more.updates.count == 1 && more.deletes.isEmpty)
        let same = Self.plan(250, existing: first)
        #expect(same.creates.isEmpty && same.updates.isEmpty && same.deletes.isEmpty)
        let fewer = Self.after(Self.plan(10, existing: first), first)
        #expect(fewer.flatMap { $0["endpoints"].array }.count == 10)
        let none = Self.after(Self.plan(0, existing: first), first)
        #expect(none.flatMap { $0["endpoints"].array }.isEmpty && none.count == 1)
    }
}
