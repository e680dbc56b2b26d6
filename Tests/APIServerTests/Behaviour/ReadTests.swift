import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite struct ReadTests {
    @Test func pagesOfAListAreFromOneRevision() async throws {
        let server = try await TestServer()
        for index in 0..<5 { try await server.admin.create(.configMaps, TestServer.configMap("m\(index)")) }
        let path = "/api/v1/namespaces/default/configmaps"
        let (_, first) = try await server.send(APIRequest(.get, path, query: [("limit", "2")]))
        #expect(first["items"].array.map(\.name) == ["m0", "m1"])
        #expect(first["metadata"]["remainingItemCount"].int == 3)
        try await server.admin.delete(.configMaps, namespace: "default", name: "m3")
        let token = try #require(first["metadata"]["continue"].string)
        let (_, second) = try await server.send(APIRequest(.get, path, query: [("limit", "10"), ("continue", token)]))
        #expect(second["items"].array.map(\.name) == ["m2", "m3", "m4"])
        #expect(second.resourceVersion == first.resourceVersion)
    }

    @Test func selectorsPickObjects() async throws {
        let server = try await TestServer()
        try await server.admin.create(.pods, TestServer.pod("a", labels: ["app": "x"]))
        try await server.admin.create(.pods, TestServer.pod("b", labels: ["app": "y"]))
        #expect(try await server.admin.list(.pods, labelSelector: "app in (x,z)").items.map(\.name) == ["a"])
        #expect(try await server.admin.list(.pods, fieldSelector: "metadata.name!=a").items.map(\.name) == ["b"])
        #expect(try await server.admin.list(.pods, fieldSelector: "status.phase=Pending").items.count == 2)
    }

    @Test func aMissingObjectIsNotFound() async throws {
        let server = try await TestServer()
        let (status, body) = try await server.send(APIRequest(.get, "/api/v1/namespaces/default/pods/none"))
        #expect(status == 404)
        #expect(body["message"].string == "pods \"none\" not found")
        #expect(body["details"] == ["name": "none", "kind": "pods"])
    }

    @Test func tablesHaveACellForEachColumn() async throws {
        let server = try await TestServer()
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
        for resource in server.standard.registry.all where resource.definition.verbs.contains("list") {
            let path = resource.reference.path()
            let (status, table) = try await server.send(APIRequest(.get, path, accept: accept))
            #expect(status == 200, "\(path)")
            guard table.kind == "Table" else { continue }
            for row in table["rows"].array { #expect(row["cells"].array.count == table["columnDefinitions"].array.count, "\(path)") }
        }
    }

    @Test func aWatchTellsWhatHappensAfterItsRevision() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("before"))
        let (_, version) = try await server.admin.list(.configMaps, namespace: "default")
        let events = try await server.admin.watch(.configMaps, namespace: "default", resourceVersion: version)
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        try await server.admin.patch(.configMaps, namespace: "default", name: "a", .merge, ["data": ["k": "v"]])
        try await server.admin.delete(.configMaps, namespace: "default", name: "a")
        var seen: [String] = []
        for try await event in events {
            seen.append("\(event.kind.rawValue) \(event.object.name) \(event.object["data"]["k"].string ?? "-")")
            if event.kind == .deleted { break }
        }
        #expect(seen == ["ADDED a -", "MODIFIED a v", "DELETED a v"])
    }

    @Test func aWatchBySelectorSeesObjectsComeAndGo() async throws {
        let server = try await TestServer()
        let (_, version) = try await server.admin.list(.pods)
        let events = try await server.admin.watch(.pods, labelSelector: "app=x", resourceVersion: version)
        try await server.admin.create(.pods, TestServer.pod("a", labels: ["app": "y"]))
        try await server.admin.patch(.pods, namespace: "default", name: "a", .merge, ["metadata": ["labels": ["app": "x"]]])
        try await server.admin.patch(.pods, namespace: "default", name: "a", .merge, ["metadata": ["labels": ["app": "z"]]])
        var kinds: [WatchEvent.Kind] = []
        for try await event in events {
            kinds.append(event.kind)
            if event.kind == .deleted { break }
        }
        #expect(kinds == [.added, .deleted])
    }

    @Test func aDeniedUserIsToldWhat() async throws {
        let server = try await TestServer()
        let user = server.standard.client(user: "eve", userAgent: "test")
        do {
            _ = try await user.list(.pods, namespace: "default")
            Issue.record("eve may list pods")
        } catch let error as APIError {
            #expect(error.code == 403)
            #expect(error.message == "pods is forbidden: User \"eve\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"")
        }
    }
}
