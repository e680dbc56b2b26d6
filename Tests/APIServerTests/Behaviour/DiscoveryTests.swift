import ClusterClient
import NIOHTTP1
import ObjectModel
import Testing

@testable import APIServer

@Suite("Discovery and health") struct DiscoveryTests {
    @Test("the root lists what is served, and each of it answers") func root() async throws {
        let server = try await TestServer()
        let (status, body) = try await server.send(APIRequest(.get, "/"))
        #expect(status == 200)
        let paths = body["paths"].array.compactMap(\.string)
        #expect(paths.contains("/apis/apps/v1") && paths.contains("/api/v1") && paths.contains("/apis/apps"))
        for path in paths { #expect(try await server.send(APIRequest(.get, path)).status == 200, "\(path)") }
    }

    @Test("health is told as one word, by check, and in lines") func health() async throws {
        let server = try await TestServer()
        for endpoint in ["healthz", "livez", "readyz"] {
            #expect(try await server.send(APIRequest(.get, "/\(endpoint)")).body == "ok")
            #expect(try await server.send(APIRequest(.get, "/\(endpoint)/etcd")).body == "ok")
            #expect(try await server.send(APIRequest(.get, "/\(endpoint)/nothing")).status == 404)
            let verbose = try await server.send(APIRequest(.get, "/\(endpoint)", query: [("verbose", ""), ("exclude", "log")]))
            #expect(verbose.body.string == "[+]ping ok\n[+]log excluded: ok\n[+]etcd ok\n\(endpoint) check passed\n")
        }
    }

    @Test("an OpenAPI document stays under the address with its hash") func hashes() async throws {
        let server = try await TestServer()
        let (_, index) = try await server.send(APIRequest(.get, "/openapi/v3"))
        let address = try #require(index["paths"]["apis/apps/v1"]["serverRelativeURL"].string)
        let parts = address.split(separator: "?hash=").map(String.init)
        try #require(parts.count == 2)
        let kept = try await server.admin.transport.send(APIRequest(.get, parts[0], query: [("hash", parts[1])]))
        #expect(kept.status == 200)
        #expect(kept.headers.contains { $0.name == "cache-control" && $0.value == "public, immutable" })
        let moved = try await server.admin.transport.send(APIRequest(.get, parts[0], query: [("hash", "0")]))
        #expect(moved.status == 301)
        #expect(moved.headers.contains { $0.name == "location" && $0.value == address })
    }

    private static let documents = ["/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"]

    @Test("who has a document is told so, whichever way it says what it has", arguments: documents) func entityTags(path: String) async throws {
        let server = try await TestServer()
        func get(_ fields: [String], by method: APIRequest.Method = .get) -> HTTPResponse? {
            let request = HTTPRequest(
                api: APIRequest(method, path), headers: HTTPHeaders(fields.map { ("If-None-Match", $0) }),
                inProcessUser: UserInfo(name: "root", groups: ["system:masters"]))
            guard case .respond(let response) = server.standard.server.handle(request) else { return nil }
            return response
        }
        let whole = try #require(get([]))
        let tag = try #require(whole.headers.first(name: "etag"))
        #expect(whole.status == 200 && tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 2)
        let matching: [[String]] = [
            [tag], ["W/\(tag)"], ["*"], ["\"a\", \(tag)"], ["\"a\",W/\"b\" , W/\(tag), \"c\""], [" , \(tag)"], ["\"a,b\", \(tag)"], ["\"a\"", tag],
        ]
        for fields in matching {
            let answer = try #require(get(fields))
            #expect(answer.status == 304 && answer.body.isEmpty, "\(fields)")
            #expect(answer.headers.first(name: "etag") == tag, "the tag goes along, so that what is kept can be found by it")
            #expect(get(fields, by: .head)?.status == 304)
        }
        let bare = String(tag.dropFirst().dropLast())
        let others: [[String]] = [
            [""], ["\"\""], [bare], ["\"\(bare)"], ["w/\(tag)"], ["\"a\", \"b\""], ["a, \(tag)"], ["\"\(bare)x\""], ["\"*\""], ["W/"], [","],
        ]
        for fields in others { #expect(get(fields)?.status == 200, "\(fields)") }
    }

    @Test(arguments: ["text/html", "application/json;as=Table;g=meta.k8s.io;v=v1", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"])
    func `what there is comes in no other form`(_ accept: String) async throws {
        let server = try await TestServer()
        for path in ["/api/v1", "/apis/apps", "/apis/apps/v1"] {
            #expect(try await server.send(APIRequest(.get, path, accept: accept)).status == 406)
            #expect(try await server.send(APIRequest(.get, path, accept: "\(accept), application/json")).status == 200)
        }
    }
}
