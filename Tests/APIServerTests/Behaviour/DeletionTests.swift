import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// How deletions are asked for, and what they are answered with.
@Suite("Deletions") struct DeletionTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"

    private static func delete(
        _ server: TestServer, _ path: String, _ options: Value? = nil, query: [(name: String, value: String)] = []
    ) async throws -> (status: Int, body: Value) {
        try await server.send(APIRequest(.delete, path, query: query, body: options?.json() ?? []))
    }

    private static func held(_ name: String) -> Value {
        var map = TestServer.configMap(name)
        map.metadata["finalizers"] = ["example.com/hold"]
        return map
    }

    @Test("some kinds are shown as they were when they are gone, others are told of") func answers() async throws {
        let server = try await TestServer()
        try await server.admin.create(.pods, TestServer.pod("web"))
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        try await server.admin.create(.serviceAccounts, ["metadata": ["name": "robot", "namespace": "default"]])
        let uid = try await server.admin.find(.pods, namespace: "default", name: "web")?.uid
        let before = server.standard.registry.revision
        let (status, pod) = try await Self.delete(server, "/api/v1/namespaces/default/pods/web")
        #expect(status == 200 && pod.kind == "Pod" && pod.apiVersion == "v1" && pod.uid == uid)
        #expect(Int64(pod.resourceVersion) ?? 0 > before, "the version is the deletion's")
        #expect(try await server.admin.find(.pods, namespace: "default", name: "web") == nil)
        let (_, account) = try await Self.delete(server, "/api/v1/namespaces/default/serviceaccounts/robot")
        #expect(account.kind == "ServiceAccount")
        let (_, map) = try await Self.delete(server, "\(Self.maps)/a")
        #expect(map.kind == "Status" && map["status"] == "Success" && map["details"]["name"] == "a")
        let (_, document) = try await server.send(APIRequest(.get, "/openapi/v3/api/v1"))
        func answer(_ plural: String) -> String? {
            let schema = document["paths"]["/api/v1/namespaces/{namespace}/\(plural)/{name}"]["delete"]["responses"]["200"]["content"]
            return schema["application/json"]["schema"]["$ref"].string
        }
        #expect(answer("pods")?.hasSuffix(".Pod") == true && answer("configmaps")?.hasSuffix(".Status") == true)
    }

    @Test("what is not over yet is answered with 202 for those who ask by the old flag") func accepted() async throws {
        let server = try await TestServer()
        for (name, query, code) in [("a", "orphanDependents", 202), ("b", "", 200)] {
            try await server.admin.create(.configMaps, Self.held(name))
            let (status, object) = try await Self.delete(server, "\(Self.maps)/\(name)", query: query.isEmpty ? [] : [(query, "false")])
            #expect(status == code && object.isBeingDeleted, "\(name)")
        }
        try await server.admin.create(.configMaps, TestServer.configMap("c"))
        #expect(try await Self.delete(server, "\(Self.maps)/c", query: [("orphanDependents", "false")]).status == 200)
    }

    @Test("a body goes before the query, which has a uid of its own") func body() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let (status, body) = try await Self.delete(server, "\(Self.maps)/a", query: [("uid", "1")])
        let uid = try await server.admin.find(.configMaps, namespace: "default", name: "a")?.uid ?? ""
        #expect(status == 409 && body["reason"] == "Conflict" && body["details"]["kind"] == "ConfigMap", "\(body)")
        #expect(
            body["message"].string
                == "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (1) does not match the UID in record (\(uid)). The object might have been deleted and then recreated"
        )
        let (code, changed) = try await Self.delete(server, "\(Self.maps)/a", ["preconditions": ["resourceVersion": "1"]])
        #expect(code == 409 && changed["message"].string?.hasSuffix("The object might have been modified") == true, "\(changed)")
        let query: [(name: String, value: String)] = [("propagationPolicy", "Nonsense")]
        #expect(try await Self.delete(server, "\(Self.maps)/a", query: query).status == 422)
        let options: Value = ["kind": "DeleteOptions", "apiVersion": "v1"]
        #expect(try await Self.delete(server, "\(Self.maps)/a", options, query: query + [("dryRun", "All")]).status == 200)
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") != nil, "a dry run is one wherever it is said")
        #expect(try await Self.delete(server, "\(Self.maps)/a", options, query: query).status == 200)
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") == nil)
    }

    @Test("a policy and the flag that it replaced exclude each other") func both() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let (status, body) = try await Self.delete(server, "\(Self.maps)/a", ["orphanDependents": true, "propagationPolicy": "Orphan"])
        #expect(status == 422)
        #expect(
            body["message"].string?.contains(
                #"propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set"#) == true, "\(body)")
    }

    @Test("a dry run shows what a deletion would do, and does nothing") func dryRun() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, Self.held("a"))
        let before = try await server.admin.find(.configMaps, namespace: "default", name: "a")
        let (status, object) = try await Self.delete(server, "\(Self.maps)/a", query: [("dryRun", "All")])
        #expect(status == 200 && object.isBeingDeleted && object.resourceVersion == before?.resourceVersion)
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") == before)
    }

    @Test("to be marked for deletion counts as a change") func generation() async throws {
        let server = try await TestServer()
        let path = "/apis/apps/v1/namespaces/default/replicasets"
        let template: Value = ["metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]]
        let set: Value = ["metadata": ["name": "a"], "spec": ["selector": ["matchLabels": ["app": "a"]], "template": template]]
        #expect(try await server.post(path, set).body.generation == 1)
        for _ in 0..<2 {
            let (_, object) = try await Self.delete(server, "\(path)/a", query: [("propagationPolicy", "Foreground")])
            #expect(object.isBeingDeleted && object.generation == 2, "once")
        }
    }
}
