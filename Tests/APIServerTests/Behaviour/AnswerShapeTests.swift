import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Tables and metadata alone, on every way to read.
@Suite struct AnswerShapeTests {
    let server: TestServer
    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    private static let metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"

    init() async throws { server = try await TestServer() }

    private func get(_ path: String, accept: String, query: [(name: String, value: String)] = []) async throws -> (status: Int, body: Value) {
        try await server.send(APIRequest(.get, path, query: query, accept: accept))
    }

    /// What a watch sends; the sink hears of each write before its writer does.
    private func watch(_ path: String, accept: String, query: [(name: String, value: String)] = []) throws -> GatheringSink {
        let request = APIRequest(.get, path, query: query + [("watch", "1")], accept: accept)
        let outcome = server.standard.server.handle(HTTPRequest(api: request, inProcessUser: UserInfo(name: "admin", groups: ["system:masters"])))
        guard case .stream(_, let start) = outcome else { throw APIError(.internalError, "no stream") }
        let sink = GatheringSink()
        start(sink)
        return sink
    }

    private func events(_ sink: GatheringSink) throws -> [Value] { try sink.bytes.map { try Value(json: $0) } }

    // MARK: Scale

    @Test func aScaleIsATableToo() async throws {
        _ = try await server.post("/apis/apps/v1/namespaces/default/deployments", ApplyTests.deployment)
        let path = "\(ApplyTests.path)/scale"
        var answer = try await get(path, accept: Self.table)
        #expect(answer.status == 200 && answer.body.kind == "Table" && answer.body.apiVersion == "meta.k8s.io/v1")
        #expect(answer.body["columnDefinitions"].array.map { $0["name"] } == ["Name", "Desired", "Available", "Age"])
        #expect(answer.body["columnDefinitions"].array.map { $0["type"] } == ["string", "integer", "integer", "string"])
        let cells = answer.body["rows"][0]["cells"].array
        #expect(cells.prefix(3) == ["web", 2, 0] && cells.count == 4)
        #expect(answer.body["rows"][0]["object"].kind == "PartialObjectMetadata" && answer.body["rows"][0]["object"].name == "web")
        answer = try await get(path, accept: Self.table, query: [("includeObject", "Object")])
        #expect(answer.body["rows"][0]["object"].kind == "Scale")
        answer = try await get(path, accept: Self.metadata)
        #expect(answer.body.kind == "PartialObjectMetadata" && answer.body.name == "web" && answer.body["spec"].isNull)
        answer = try await server.send(
            APIRequest(
                .patch, path, contentType: "application/merge-patch+json", accept: Self.table,
                body: (["spec": ["replicas": 7]] as Value).json()))
        #expect(answer.body["rows"][0]["cells"].array.prefix(2) == ["web", 7])
    }

    // MARK: Metadata alone

    @Test func aWatchTellsMetadataAlone() async throws {
        let sink = try watch(
            Self.maps, accept: Self.metadata,
            query: [("allowWatchBookmarks", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")])
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["a": "b"]))
        try await server.admin.patch(.configMaps, namespace: "default", name: "m", .merge, ["data": ["a": "c"]])
        try await server.admin.delete(.configMaps, namespace: "default", name: "m")
        let events = try events(sink)
        #expect(events.allSatisfy { $0["object"].kind == "PartialObjectMetadata" && $0["object"]["data"].isNull }, "\(events)")
        let ours = events.filter { $0["object"].name == "m" }
        #expect(ours.map { $0["type"] } == ["ADDED", "MODIFIED", "DELETED"])
        let bookmark = events.first { $0["type"] == "BOOKMARK" }
        #expect(bookmark?["object"].annotations["k8s.io/initial-events-end"] == "true")
    }

    @Test func writesAnswerMetadataAlone() async throws {
        let created = try await server.send(APIRequest(.post, Self.maps, accept: Self.metadata, body: TestServer.configMap("m", ["a": "b"]).json()))
        #expect(created.status == 201 && created.body.kind == "PartialObjectMetadata" && !created.body.uid.isEmpty && created.body["data"].isNull)
        let got = try await get("\(Self.maps)/m", accept: Self.metadata)
        #expect(got.body["metadata"] == created.body["metadata"])
        let wrong = try await get("\(Self.maps)/m", accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
        #expect(wrong.status == 406 && wrong.body["reason"] == "NotAcceptable")
    }

    // MARK: Tables

    @Test func columnsComeWithAWatchsFirstEventOnly() async throws {
        try await server.admin.create(.configMaps, TestServer.configMap("a", ["k": "v"]))
        let sink = try watch(Self.maps, accept: Self.table, query: [("includeObject", "Object")])
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        try await server.admin.delete(.configMaps, namespace: "default", name: "b")
        let events = try events(sink)
        #expect(events.map { $0["type"] }.suffix(3) == ["ADDED", "ADDED", "DELETED"])
        #expect(events.allSatisfy { $0["object"].kind == "Table" && $0["object"]["rows"].array.count == 1 })
        #expect(events[0]["object"]["columnDefinitions"].array.map { $0["name"] } == ["Name", "Data", "Age"])
        #expect(events.dropFirst().allSatisfy { $0["object"]["columnDefinitions"].isNull })
        #expect(events.last?["object"]["rows"][0]["cells"][0] == "b")
        #expect(events.last?["object"]["rows"][0]["object"].kind == "ConfigMap")
        #expect(events.allSatisfy { $0["object"].resourceVersion == $0["object"]["rows"][0]["object"].resourceVersion })
    }

    @Test func aBookmarkIsATableOfOneRowThatHoldsItsAnnotations() throws {
        let query: [(name: String, value: String)] = [
            ("allowWatchBookmarks", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"),
        ]
        for resource in server.standard.registry.all where resource.definition.verbs.contains("watch") {
            let path = "/\(resource.group.isEmpty ? "api" : "apis")/\(resource.apiVersion)/\(resource.plural)"
            let all = try events(try watch(path, accept: Self.table, query: query))
            let bookmark = try #require(all.last)
            #expect(bookmark["type"] == "BOOKMARK" && bookmark["object"].kind == "Table" && !bookmark["object"].resourceVersion.isEmpty)
            let rows = bookmark["object"]["rows"].array
            #expect(rows.count == 1 && rows[0]["object"].kind == "PartialObjectMetadata", "\(path)")
            #expect(rows[0]["object"].annotations["k8s.io/initial-events-end"] == "true")
            #expect(rows[0]["cells"].array.count == all[0]["object"]["columnDefinitions"].array.count, "\(path): \(rows)")
        }
    }

    @Test func aBookmarkIsOfTheVersionThatIsWatchedInEveryEncoding() throws {
        let query: [(name: String, value: String)] = [
            ("allowWatchBookmarks", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"),
        ]
        func bookmark(_ path: String, _ accept: String, _ decode: ([UInt8]) throws -> Value) throws -> Value {
            try decode(try #require(try watch(path, accept: accept, query: query).bytes.last))
        }
        for resource in server.standard.registry.all where resource.definition.verbs.contains("watch") {
            let path = "/\(resource.group.isEmpty ? "api" : "apis")/\(resource.apiVersion)/\(resource.plural)"
            let bookmarks = [
                try bookmark(path, "application/json") { try Value(json: $0)["object"] },
                try bookmark(path, "application/cbor-seq") { try CBOR.parse($0)["object"] },
                try bookmark(path, "application/vnd.kubernetes.protobuf;stream=watch") { frame in
                    let start = try #require(frame.indices.first { frame[$0...].starts(with: [0x6B, 0x38, 0x73, 0x00]) })
                    return try ProtobufForm.decode(Array(frame[start...]), nil)
                },
            ]
            for bookmark in bookmarks {
                #expect(bookmark.apiVersion == resource.apiVersion && bookmark.kind == resource.definition.kind, "\(path): \(bookmark)")
                #expect(bookmark.metadata["creationTimestamp"].isNull && !bookmark.resourceVersion.isEmpty, "\(path): \(bookmark)")
                #expect(bookmark.annotations == ["k8s.io/initial-events-end": "true"])
            }
        }
    }

    @Test func aTableKeepsTheListsPages() async throws {
        for name in ["a", "b", "c"] { try await server.admin.create(.configMaps, TestServer.configMap(name)) }
        let first = try await get(Self.maps, accept: Self.table, query: [("limit", "2")]).body
        #expect(first["rows"].array.count == 2 && first.metadata["remainingItemCount"] == 1)
        let next = first.metadata["continue"].string ?? ""
        let second = try await get(Self.maps, accept: Self.table, query: [("limit", "2"), ("continue", next)]).body
        #expect(second["rows"].array.map { $0["cells"][0] } == ["c"] && second.metadata["continue"].isNull)
        #expect(first.resourceVersion == second.resourceVersion && !first["columnDefinitions"].isNull)
    }

    @Test func aTableOfAnotherVersionOrGroupIsNotAcceptable() async throws {
        for accept in [
            "application/json;as=Table;v=v2;g=meta.k8s.io", "application/json;as=Table;v=v1;g=example.com",
            "application/json;as=Lamp;v=v1;g=meta.k8s.io",
        ] {
            let (status, body) = try await get(Self.maps, accept: accept)
            #expect(status == 406 && body["reason"] == "NotAcceptable" && body["code"] == 406)
        }
        // What follows the wish that cannot be met is taken.
        let (status, body) = try await get(Self.maps, accept: "application/json;as=Table;v=v9;g=meta.k8s.io, application/json")
        #expect(status == 200 && body.kind == "ConfigMapList")
    }

    @Test func whatACollectionLostComesInTheFormAskedFor() async throws {
        for accept in [Self.table, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/json"] {
            for name in ["a", "b"] { try await server.admin.create(.configMaps, TestServer.configMap(name, ["k": "v"])) }
            let (status, body) = try await server.send(APIRequest(.delete, Self.maps, accept: accept))
            #expect(status == 200)
            switch body.kind {
            case "Table": #expect(body["rows"].array.map { $0["cells"][0] } == ["a", "b"])
            case "PartialObjectMetadataList": #expect(body["items"].array.map(\.name) == ["a", "b"] && body["items"][0]["data"].isNull)
            default: #expect(body.kind == "ConfigMapList" && body["items"].array.map { $0["data"]["k"] } == ["v", "v"])
            }
            #expect(try await server.admin.list(.configMaps, namespace: "default").items.isEmpty)
        }
    }
}
