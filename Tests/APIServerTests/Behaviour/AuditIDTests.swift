import ClusterClient
import NIOHTTP1
import ObjectModel
import Testing

@testable import APIServer

/// What names a request in everybody's logs, and what a body of another kind is told.
@Suite("Requests and their names") struct AuditIDTests {
    @Test("every answer has an identifier of its own, or the one that the client brought") func identifiers() async throws {
        let ids = AuditIDs()
        let request = HTTPRequest(api: APIRequest(.get, "/healthz"))
        func id(_ request: HTTPRequest) throws -> String {
            guard case .respond(let response) = ids.mark(.respond(HTTPResponse()), for: request) else { return "" }
            return try #require(response.headers.first(name: "Audit-Id"))
        }
        let (first, second) = (try id(request), try id(request))
        #expect(first != second)
        #expect(first.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(first.dropFirst(14).first == "4" && "89ab".contains(first.dropFirst(19).prefix(1)))
        var named = request
        named.headers.add(name: "Audit-ID", value: "mine")
        #expect(try id(named) == "mine")
        guard case .wait(let answer) = ids.mark(.wait { HTTPResponse() }, for: named) else { return #expect(Bool(false)) }
        #expect(await answer().headers["audit-id"] == ["mine"])
    }

    @Test("a body of another kind is refused in the decoder's words") func otherKinds() async throws {
        let server = try await TestServer()
        func refusal(_ path: String, _ body: Value) async throws -> String {
            let answer = try await server.post(path, body)
            #expect(answer.status == 400)
            return answer.body["message"].string ?? ""
        }
        let pods = "/api/v1/namespaces/default/pods"
        #expect(
            try await refusal(pods, TestServer.configMap("a"))
                == #"ConfigMap in version "v1" cannot be handled as a Pod: converting (v1.ConfigMap) to (core.Pod): unknown conversion"#)
        #expect(
            try await refusal(pods, ["apiVersion": "v1", "kind": "Podd"])
                == #"Podd in version "v1" cannot be handled as a Pod: no kind "Podd" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30""#
        )
        let deployments = "/apis/apps/v1/namespaces/default/deployments"
        #expect(
            try await refusal(deployments, ["apiVersion": "apps/v1beta1", "kind": "Deployment"])
                == "the API version in the data (apps/v1beta1) does not match the expected API version (apps/v1)")
        #expect(
            try await refusal(deployments, ["apiVersion": "apps/v7", "kind": "Deployment"])
                == #"Deployment in version "v7" cannot be handled as a Deployment: no kind "Deployment" is registered for version "apps/v7" in scheme "pkg/api/legacyscheme/scheme.go:30""#
        )
    }

    @Test("reads and writes under way are counted, each by the most of late and by the time at each number") func readsAndWrites() {
        let second = 1_000_000_000
        let all = ReadsAndWrites(at: 0)
        all.change(.readOnly, executing: 1, at: 0)
        all.change(.readOnly, executing: 1, at: second / 2)
        all.change(.readOnly, executing: -2, at: second)
        all.change(.mutating, waiting: 1, at: second)
        #expect(all.peak(.readOnly, at: second).executing == 2)
        #expect(all.peak(.mutating, at: second).executing == 0)
        #expect(all.peak(.readOnly, at: 4 * second).executing == 0)
        let reads = all.reading(.readOnly, at: 2 * second).executing
        #expect(reads.counts.reduce(0, +) == Double(2 * second))
        #expect(reads.counts[0] == Double(second))
        #expect(all.reading(.mutating, at: 3 * second).waiting.counts[2] == Double(2 * second))
    }
}
