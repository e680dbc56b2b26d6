import ClusterClient
import ObjectModel
import Storage
import Testing

@testable import APIServer

/// Who owns what after plain writes.
@Suite struct ManagedFieldsTests {
    let server: TestServer
    static let configMap = "/api/v1/namespaces/default/configmaps/c"

    init() async throws { self.init(server: try await TestServer()) }

    init(server: TestServer) { self.server = server }

    func create(_ object: Value, _ path: String, agent: String = "creator/1.0") async throws -> Value {
        try await written(APIRequest(.post, path, userAgent: agent, body: object.json()))
    }

    func written(_ request: APIRequest, status: ClosedRange<Int> = 200...201) async throws -> Value {
        let (code, body) = try await server.send(request)
        #expect(status.contains(code), "\(body)")
        return body
    }

    func patch(_ path: String, _ patch: Value, agent: String, query: [(name: String, value: String)] = []) async throws -> Value {
        try await written(
            APIRequest(.patch, path, query: query, contentType: "application/merge-patch+json", userAgent: agent, body: patch.json()))
    }

    func createConfigMap() async throws -> Value {
        try await create(TestServer.configMap("c", ["a": "1"]), "/api/v1/namespaces/default/configmaps")
    }

    static func entries(_ object: Value) -> [Value] { object.metadata["managedFields"].array }

    static func entry(_ object: Value, _ manager: String) -> Value { entries(object).first { $0["manager"].string == manager } ?? .null }

    @Test func aCreatorOwnsWhatItSet() async throws {
        let object = try await createConfigMap()
        #expect(Self.entries(object).count == 1)
        let entry = Self.entry(object, "creator")
        #expect(entry["operation"] == "Update")
        #expect(entry["apiVersion"] == "v1")
        #expect(entry["fieldsType"] == "FieldsV1")
        #expect(entry["fieldsV1"] == ["f:data": [".": [:], "f:a": [:]]])
        #expect(entry["time"] == object.metadata["creationTimestamp"])
        #expect(entry["subresource"].isNull)
    }

    @Test func theQueryNamesTheManagerBeforeTheUserAgentDoes() async throws {
        let object = try await written(
            APIRequest(
                .post, "/api/v1/namespaces/default/configmaps", query: [("fieldManager", "chosen")], userAgent: "agent/1",
                body: TestServer.configMap("c", ["a": "1"]).json()))
        #expect(Self.entries(object).map { $0["manager"].string } == ["chosen"])
    }

    @Test func aClientWithoutANameIsUnknown() async throws {
        let object = try await create(TestServer.configMap("c", ["a": "1"]), "/api/v1/namespaces/default/configmaps", agent: "")
        #expect(Self.entries(object).map { $0["manager"].string } == ["unknown"])
    }

    @Test func whoChangesAFieldOwnsIt() async throws {
        _ = try await createConfigMap()
        let object = try await patch(Self.configMap, ["data": ["a": "2", "b": "1"]], agent: "other/1")
        #expect(Self.entry(object, "creator")["fieldsV1"] == ["f:data": [:]])
        #expect(Self.entry(object, "other")["fieldsV1"] == ["f:data": ["f:a": [:], "f:b": [:]]])
    }

    @Test func whatIsRemovedBelongsToNobody() async throws {
        _ = try await createConfigMap()
        let object = try await patch(Self.configMap, .object(["data": .null]), agent: "other/1")
        #expect(object["data"].isNull)
        #expect(Self.entries(object).isEmpty)
    }

    @Test func aWriteOfWhatIsThereIsNoChange() async throws {
        let object = try await createConfigMap()
        let patched = try await patch(Self.configMap, ["data": ["a": "1"]], agent: "other/1")
        #expect(patched == object)
        let replaced = try await written(APIRequest(.put, Self.configMap, userAgent: "third/1", body: object.json()))
        #expect(replaced == object)
    }

    @Test func statusWritesAreOwnedApart() async throws {
        _ = try await create(TestServer.pod("p", labels: ["app": "x"]), "/api/v1/namespaces/default/pods")
        let object = try await patch(
            "/api/v1/namespaces/default/pods/p/status",
            ["status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]], "spec": ["nodeName": "ignored"]], agent: "kubelet/1"
        )
        let entry = Self.entry(object, "kubelet")
        #expect(entry["subresource"] == "status")
        #expect(entry["fieldsV1"]["f:spec"].isNull)
        #expect(entry["fieldsV1"]["f:status"]["f:phase"] == [:])
        #expect(entry["fieldsV1"]["f:status"]["f:conditions"]["k:{\"type\":\"Ready\"}"]["f:status"] == [:])
        #expect(Self.entry(object, "creator")["fieldsV1"]["f:status"].isNull)
        #expect(Self.entry(object, "creator")["fieldsV1"]["f:metadata"]["f:labels"] == [".": [:], "f:app": [:]])
    }

    @Test func scalingOwnsTheReplicasUnderItsSubresource() async throws {
        var deployment = ApplyTests.deployment
        deployment["spec"]["replicas"] = 1
        _ = try await create(deployment, "/apis/apps/v1/namespaces/default/deployments")
        let path = "/apis/apps/v1/namespaces/default/deployments/web"
        let scale = try await patch(path + "/scale", ["spec": ["replicas": 3]], agent: "kubectl/1")
        let expected: Value = ["f:spec": ["f:replicas": [:]]]
        #expect(Self.entries(scale).map { $0["apiVersion"].string } == ["autoscaling/v1"])
        #expect(Self.entries(scale).map { $0["fieldsV1"] } == [expected])
        let object = try await written(APIRequest(.get, path))
        let entry = Self.entry(object, "kubectl")
        #expect(entry["subresource"] == "scale")
        #expect(entry["apiVersion"] == "apps/v1")
        #expect(entry["fieldsV1"] == expected)
        #expect(Self.entry(object, "creator")["fieldsV1"]["f:spec"]["f:replicas"].isNull)
    }

    @Test func oneEmptyEntryTakesAllManagersAway() async throws {
        _ = try await createConfigMap()
        let kept = try await patch(Self.configMap, ["metadata": ["managedFields": []]], agent: "other/1")
        #expect(Self.entries(kept).count == 1)
        let object = try await patch(Self.configMap, ["metadata": ["managedFields": [[:]]]], agent: "other/1")
        #expect(Self.entries(object).isEmpty)
        // From then on updates aren't tracked: only an apply begins again.
        let later = try await patch(Self.configMap, ["data": ["z": "1"]], agent: "other/1")
        #expect(Self.entries(later).isEmpty)
    }

    @Test func aClientMaySetManagers() async throws {
        let object = try await createConfigMap()
        var entry = Self.entry(object, "creator")
        entry["manager"] = "renamed"
        let patched = try await patch(Self.configMap, ["metadata": ["managedFields": .array([entry])]], agent: "other/1")
        #expect(Self.entries(patched).map { $0["manager"].string } == ["renamed"])
        let garbage = try await patch(Self.configMap, ["metadata": ["managedFields": [["manager": "x"]]]], agent: "other/1")
        #expect(Self.entries(garbage).map { $0["manager"].string } == ["renamed"])
    }

    @Test(arguments: ["update", "update of nothing", "apply", "apply of the same manager"])
    func whoWroteInAVersionThatIsNotServedAnyMoreIsForgottenWithTheNextWrite(how: String) async throws {
        let store = MemoryStore()
        let tests = ManagedFieldsTests(server: try await TestServer(store: store))
        try await tests.server.admin.create(.configMaps, TestServer.configMap("c", ["a": "1", "b": "1"]))
        let stored = try #require(try store.list(prefix: "", at: nil).entries.first { $0.key.hasSuffix("/configmaps/default/c") })
        var object = try Value(json: stored.value)
        let lost: Value = [
            "apiVersion": "example.com/v1beta1", "fieldsType": "FieldsV1", "fieldsV1": ["f:data": ["f:a": [:], "f:b": [:]]], "manager": "lost",
            "operation": how.hasPrefix("apply") ? "Apply" : "Update", "time": "2020-01-01T00:00:00Z",
        ]
        object.metadata["managedFields"] = .array([lost] + object.metadata["managedFields"].array)
        _ = try await store.commit([.put(stored.key, object.canonicalJSON())])
        let found = try await tests.written(APIRequest(.get, Self.configMap))
        #expect(Self.entry(found, "lost") == lost)
        let applied: Value = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": "2"]]
        let written =
            switch how {
            case "update": try await tests.patch(Self.configMap, ["data": ["c": "1"]], agent: "other/1")
            case "update of nothing": try await tests.patch(Self.configMap, ["data": ["a": "1"]], agent: "other/1")
            default:
                try await tests.written(
                    APIRequest(
                        .patch, Self.configMap, query: [("fieldManager", how == "apply" ? "other" : "lost"), ("force", "true")],
                        contentType: "application/apply-patch+yaml", body: applied.json()))
            }
        #expect(!Self.entries(written).contains { $0["apiVersion"] == "example.com/v1beta1" })
        #expect(Self.entry(written, "test")["apiVersion"] == "v1")
        // What it applied is not taken away: nobody can say what that is now.
        #expect(written["data"]["b"] == "1")
        #expect(written.resourceVersion != found.resourceVersion)
    }

    @Test func bindingAPodIsNobodysWrite() async throws {
        let pod = try await create(TestServer.pod("p"), "/api/v1/namespaces/default/pods")
        _ = try await server.post(
            "/api/v1/namespaces/default/pods/p/binding",
            ["apiVersion": "v1", "kind": "Binding", "metadata": ["name": "p"], "target": ["kind": "Node", "name": "n"]])
        let bound = try await written(APIRequest(.get, "/api/v1/namespaces/default/pods/p"))
        #expect(bound["spec"]["nodeName"] == "n")
        #expect(bound.metadata["managedFields"] == pod.metadata["managedFields"])
    }
}
