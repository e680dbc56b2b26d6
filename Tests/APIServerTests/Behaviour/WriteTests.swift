import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite struct WriteTests {
    @Test func aCreatedObjectHasWhatTheServerGives() async throws {
        let server = try await TestServer()
        let created = try await server.admin.create(.pods, TestServer.pod("web"))
        #expect(!created.uid.isEmpty)
        #expect(!created.resourceVersion.isEmpty)
        #expect(created.generation == 1)
        #expect(created["spec"]["restartPolicy"].string == "Always")
        #expect(created["spec"]["serviceAccountName"].string == "default")
        #expect(created["status"]["phase"].string == "Pending")
        #expect(created["status"]["qosClass"].string == "BestEffort")
        let read = try await server.admin.get(.pods, namespace: "default", name: "web")
        #expect(read == created)
    }

    @Test func creatingTwiceSaysAlreadyExists() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        await #expect(throws: APIError.self) { try await server.admin.create(.configMaps, TestServer.configMap("a")) }
        let (status, body) = try await server.post("/api/v1/namespaces/default/configmaps", TestServer.configMap("a"))
        #expect(status == 409)
        #expect(body["reason"].string == "AlreadyExists")
        #expect(body["message"].string == "configmaps \"a\" already exists")
    }

    @Test func aStaleReplaceConflicts() async throws {
        let server = try await TestServer()
        let first = try await server.admin.create(.configMaps, TestServer.configMap("a"))
        var second = first
        second["data"]["k"] = "v"
        try await server.admin.update(.configMaps, second)
        do {
            try await server.admin.update(.configMaps, first)
            Issue.record("the stale write was taken")
        } catch let error as APIError {
            #expect(error.reason == .conflict)
            #expect(
                error.message
                    == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
            )
        }
    }

    @Test func writingTheSameAgainIsNoChange() async throws {
        let server = try await TestServer()
        let first = try await server.admin.create(.configMaps, TestServer.configMap("a", ["k": "v"]))
        let second = try await server.admin.update(.configMaps, first)
        #expect(second.resourceVersion == first.resourceVersion)
    }

    private static let patches: [(Client.PatchType, Value)] = [
        (.merge, ["data": ["b": "2"]]), (.strategicMerge, ["data": ["b": "2"]]), (.json, [["op": "add", "path": "/data/b", "value": "2"]]),
    ]

    @Test(arguments: patches)
    func everyPatchTypeChangesAField(type: Client.PatchType, patch: Value) async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a", ["a": "1"]))
        let patched = try await server.admin.patch(.configMaps, namespace: "default", name: "a", type, patch)
        #expect(patched["data"] == ["a": "1", "b": "2"])
    }

    @Test func anUnknownFieldIsRefusedWhereStrictnessIsAskedFor() async throws {
        let server = try await TestServer()
        var pod = TestServer.pod("web")
        pod["spec"]["foo"] = 1
        let (status, body) = try await server.post("/api/v1/namespaces/default/pods", pod, query: [("fieldValidation", "Strict")])
        #expect(status == 400)
        #expect(body["reason"].string == "BadRequest")
        #expect(body["message"].string?.hasSuffix("strict decoding error: unknown field \"spec.foo\"") == true)
        #expect(try await server.admin.find(.pods, namespace: "default", name: "web") == nil)
    }

    @Test func finalizersHoldADeletedObjectBack() async throws {
        let server = try await TestServer()
        var map = TestServer.configMap("a")
        map.metadata["finalizers"] = ["example.com/hold"]
        try await server.admin.create(.configMaps, map)
        try await server.admin.delete(.configMaps, namespace: "default", name: "a")
        let held = try await server.admin.get(.configMaps, namespace: "default", name: "a")
        #expect(held.isBeingDeleted)
        try await server.admin.patch(.configMaps, namespace: "default", name: "a", .merge, ["metadata": .object(Fields([("finalizers", .null)]))])
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") == nil)
    }

    @Test func aPodOnANodeIsDeletedGracefully() async throws {
        let server = try await TestServer()
        try await server.admin.create(.pods, TestServer.pod("web"))
        try await server.admin.create(
            .pods,
            ["apiVersion": "v1", "kind": "Binding", "metadata": ["name": "web", "namespace": "default"], "target": ["kind": "Node", "name": "n1"]],
            name: "web", subresource: "binding")
        // Where a pod runs is no change that its node has yet to carry out; that it ends is one.
        #expect(try await server.admin.get(.pods, namespace: "default", name: "web").generation == 1)
        try await server.admin.delete(.pods, namespace: "default", name: "web")
        let pod = try await server.admin.get(.pods, namespace: "default", name: "web")
        #expect(pod.metadata["deletionGracePeriodSeconds"].int == 30)
        #expect(pod.generation == 2)
        try await server.admin.delete(.pods, namespace: "default", name: "web", gracePeriod: .zero)
        #expect(try await server.admin.find(.pods, namespace: "default", name: "web") == nil)
    }

    @Test func aDryRunStoresNothing() async throws {
        let server = try await TestServer()
        let (status, _) = try await server.post("/api/v1/namespaces/default/configmaps", TestServer.configMap("a"), query: [("dryRun", "All")])
        #expect(status == 201)
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") == nil)
    }

    @Test func aServiceGetsAnAddressAndAPort() async throws {
        let server = try await TestServer()
        let service: Value = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web", "namespace": "default"],
            "spec": ["type": "NodePort", "ports": [["port": 80]], "selector": ["app": "web"]],
        ]
        let created = try await server.admin.create(.services, service)
        #expect(created["spec"]["clusterIP"].string?.hasPrefix("10.96.") == true)
        #expect((30000...32767).contains(created["spec"]["ports"][0]["nodePort"].int ?? 0))
    }

    @Test func aScaleChangesReplicas() async throws {
        let server = try await TestServer()
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
            "spec": [
                "replicas": 2, "selector": ["matchLabels": ["app": "web"]],
                "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]],
            ],
        ]
        try await server.admin.create(.deployments, deployment)
        let scale = try await server.admin.patch(
            .deployments, namespace: "default", name: "web", subresource: "scale", .merge, ["spec": ["replicas": 5]])
        #expect(scale.kind == "Scale")
        #expect(scale["status"]["selector"].string == "app=web")
        let scaled = try await server.admin.get(.deployments, namespace: "default", name: "web")
        #expect(scaled["spec"]["replicas"].int == 5)
        #expect(scaled.generation == 2)
    }
}
