import CZlib
import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite struct CompressionTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    private func get(_ server: TestServer, _ path: String, acceptEncoding: String?) async throws -> HTTPResponse {
        let request = HTTPRequest(
            api: APIRequest(.get, path), headers: acceptEncoding.map { ["accept-encoding": $0] } ?? [:],
            inProcessUser: UserInfo(name: "admin", groups: ["system:masters"]))
        switch server.standard.server.handle(request) {
        case .respond(let response): return response
        case .wait(let answer): return await answer()
        default: throw APIError(.internalError, "neither answer nor wait")
        }
    }

    private static func inflated(_ bytes: [UInt8]) throws -> [UInt8] {
        var stream = z_stream()
        #expect(inflateInit2_(&stream, 31, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { inflateEnd(&stream) }
        var plain: [UInt8] = []
        var input = bytes
        input.withUnsafeMutableBufferPointer { input in
            (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
            var result = Z_OK
            while result == Z_OK {
                plain += [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                    (stream.next_out, stream.avail_out) = (buffer.baseAddress, 65536)
                    result = inflate(&stream, Z_NO_FLUSH)
                    count = 65536 - Int(stream.avail_out)
                }
            }
            #expect(result == Z_STREAM_END)
        }
        return plain
    }

    @Test func largeAnswersAreCompressedForThoseWhoTakeThem() async throws {
        let server = try await TestServer()
        let text = (0..<2000).map { "line \($0 &* 7919)" }.joined(separator: "\n")
        for index in 0..<6 { try await server.admin.create(.configMaps, TestServer.configMap("m\(index)", ["text": text])) }
        let plain = try await get(server, Self.path, acceptEncoding: nil)
        let body = plain.body.flatMap { $0 }
        #expect(plain.headers.first(name: "content-encoding") == nil && body.count > 128 * 1024)
        let compressed = try await get(server, Self.path, acceptEncoding: "deflate, gzip;q=1.0")
        #expect(compressed.headers.first(name: "content-encoding") == "gzip" && compressed.headers["vary"] == ["Accept-Encoding"])
        #expect(compressed.headers.first(name: "content-type") == "application/json")
        let bytes = compressed.body.flatMap { $0 }
        #expect(bytes.count < body.count / 2)
        #expect(try Self.inflated(bytes) == body)
    }

    @Test(arguments: ["gzip;q=0", "gzip; q=0.0, deflate", "deflate", "identity", "x-gzip"])
    func clientsThatDoNotTakeGzipGetNone(accepted: String) async throws {
        let server = try await TestServer()
        let text = String(repeating: "x", count: 150_000)
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["text": text]))
        let answer = try await get(server, Self.path, acceptEncoding: accepted)
        #expect(answer.headers.first(name: "content-encoding") == nil)
    }

    @Test func smallAnswersAreSentAsTheyAre() async throws {
        let server = try await TestServer()
        let answer = try await get(server, Self.path, acceptEncoding: "gzip")
        #expect(answer.headers.first(name: "content-encoding") == nil)
    }
}
