import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite struct CBORTests {
    private static let mediaType = "application/cbor"
    private static let path = "/api/v1/namespaces/default/configmaps"

    @Test func objectsAreCreatedAndReadInCBOR() async throws {
        let server = try await TestServer()
        let body = CBOR.encode(TestServer.configMap("m", ["a": "b"]))
        let created = try await server.admin.transport.send(
            APIRequest(.post, Self.path, contentType: Self.mediaType, accept: Self.mediaType, body: body))
        #expect(created.status == 201 && created.contentType == Self.mediaType)
        let (_, json) = try await server.send(APIRequest(.get, "\(Self.path)/m"))
        let read = try await server.admin.transport.send(APIRequest(.get, "\(Self.path)/m", accept: Self.mediaType))
        #expect(try CBOR.parse(read.body) == json)
        #expect(try CBOR.parse(created.body) == json)
        let list = try await server.admin.transport.send(APIRequest(.get, Self.path, accept: Self.mediaType))
        let (_, jsonList) = try await server.send(APIRequest(.get, Self.path))
        #expect(try CBOR.parse(list.body) == jsonList)
    }

    @Test func brokenCBORIsABadRequest() async throws {
        let server = try await TestServer()
        let (status, answer) = try await server.send(APIRequest(.post, Self.path, contentType: Self.mediaType, body: [0xA1]))
        #expect(status == 400)
        #expect(answer["message"].string?.hasSuffix("couldn't get version/kind; cbor parse error: cbor: unexpected EOF (a1)") == true)
    }

    @Test func aWatchInCBORIsASequence() async throws {
        let server = try await TestServer()
        let request = APIRequest(
            .get, Self.path, query: [("watch", "1"), ("fieldSelector", "metadata.name=m")], accept: "application/cbor-seq,application/json;q=0.5")
        let outcome = server.standard.server.handle(HTTPRequest(api: request, inProcessUser: UserInfo(name: "admin", groups: ["system:masters"])))
        guard case .stream(let head, let start) = outcome else {
            Issue.record("no stream")
            return
        }
        #expect(head.headers.first(name: "content-type") == "application/cbor-seq")
        let sink = GatheringSink()
        start(sink)
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["a": "b"]))
        let event = try CBOR.parse(try #require(sink.bytes.first))
        #expect(event["type"] == "ADDED" && event["object"].name == "m")
    }
}
