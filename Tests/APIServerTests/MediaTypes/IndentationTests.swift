import ClusterClient
import HTTPServer
import NIOHTTP1
import ObjectModel
import Testing

@testable import APIServer

@Suite struct IndentationTests {
    private static let json = #"{"a":{},"b":[],"c":[1,{"d":"x: {y, \"z\"]\\"}],"e":null}"#
    private static let indented = """
        {
          "a": {},
          "b": [],
          "c": [
            1,
            {
              "d": "x: {y, \\"z\\"]\\\\"
            }
          ],
          "e": null
        }
        """

    private static func request(_ path: String, query: [(name: String, value: String)] = [], agent: String = "kubectl/v1.36.0") -> HTTPRequest {
        HTTPRequest(api: APIRequest(.get, path, query: query), headers: ["user-agent": agent])
    }

    /// What becomes of an answer in pieces, cut at every place.
    private static func text(_ request: HTTPRequest, contentType: String = "application/json") async -> Set<String> {
        var results: Set<String> = []
        let bytes = Array(json.utf8)
        for cut in 0...bytes.count {
            let response = HTTPResponse(contentType: contentType, body: [Array(bytes[..<cut]), Array(bytes[cut...] + "\n".utf8)])
            guard case .respond(let shown)? = Indentation(request).map({ $0.indent(.respond(response)) }) else { return [] }
            results.insert(String(decoding: shown.body.flatMap { $0 }, as: UTF8.self))
        }
        return results
    }

    @Test(arguments: ["curl/8.5.0", "Wget/1.21", "Mozilla/5.0 (X11; Linux x86_64)"])
    func `who reads for themselves gets lines`(_ agent: String) async {
        #expect(await Self.text(Self.request("/api/v1/pods", agent: agent)) == [Self.indented])
        #expect(await Self.text(Self.request("/api/v1/pods", query: [("pretty", "false")], agent: agent)) == [])
        #expect(await Self.text(Self.request("/openapi/v2", agent: agent)) == [])
    }

    @Test func `whoever asks for lines gets them`() async {
        #expect(await Self.text(Self.request("/apis", query: [("pretty", "true")])) == [Self.indented])
        #expect(await Self.text(Self.request("/apis", query: [("pretty", "yes")])) == [])
        #expect(await Self.text(Self.request("/apis")) == [])
    }

    @Test func `only JSON has lines`() async {
        let shown = await Self.text(Self.request("/api/v1/pods", query: [("pretty", "1")]), contentType: "application/yaml")
        #expect(shown == [Self.json + "\n"])
    }

    @Test func `a long answer is the same`() async throws {
        let value = Value.array((0..<40_000).map { ["number": Value($0)] })
        let outcome = try #require(Indentation(Self.request("/api/v1/pods", agent: "curl/8"))).indent(.respond(HTTPResponse(body: [value.json()])))
        guard case .wait(let answer) = outcome else { throw CancellationError() }
        let text = await answer().body.flatMap { $0 }
        #expect(text.filter { $0 == UInt8(ascii: "\n") }.count == 3 * 40_000 + 1)
        #expect(try Value(json: text) == value)
    }
}
