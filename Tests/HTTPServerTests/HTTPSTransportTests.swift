import ClusterClient
import Foundation
import HTTPServer
import Identity
import Logging
import NIOPosix
import ObjectModel
import Testing

/// The client's transport against the real listener.
@Suite struct HTTPSTransportTests {
    private static let whoAmI: @Sendable (HTTPRequest) -> Outcome = { request in
        let who = request.clientCertificate?.commonName ?? request.headers.first(name: "authorization") ?? "nobody"
        return .respond(.text("\(request.api.method.rawValue) \(request.uri) \(request.api.body.count) \(who)"))
    }

    private static func quick() -> HTTPSTransport.Timeouts {
        var timeouts = HTTPSTransport.Timeouts()
        (timeouts.connect, timeouts.pause, timeouts.pauseMax) = (.seconds(5), .milliseconds(1), .milliseconds(1))
        return timeouts
    }

    private static func transport(
        _ server: TestServer, _ cluster: TestCluster, timeouts: HTTPSTransport.Timeouts = quick(), token: String = ""
    ) -> HTTPSTransport {
        HTTPSTransport(ServerURL(host: "127.0.0.1", port: server.port), timeouts: timeouts) {
            HTTPSIdentity(caPEM: cluster.authority.certificatePEM, token: token)
        }
    }

    private static func get(_ transport: HTTPSTransport) async throws -> String { text(try await transport.send(APIRequest(.get, "/"))) }

    private static func text(_ response: APIResponse) -> String { String(decoding: response.body, as: UTF8.self) }

    @Test func `a request and its answer pass with the identity of a client certificate`() async throws {
        let cluster = try TestCluster()
        let leaf = try cluster.authority.issue(.client("jane"), now: TestCluster.now)
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            let identity = HTTPSIdentity(caPEM: cluster.authority.certificatePEM, certificatePEM: leaf.certificatePEM, keyPEM: leaf.privateKeyPEM)
            let transport = HTTPSTransport(ServerURL(host: "127.0.0.1", port: server.port)) { identity }
            let answer = try await transport.send(APIRequest(.post, "/a", query: [("b", "c d&=é")], body: Array("body".utf8)))
            #expect(Self.text(answer) == "POST /a?b=c%20d%26%3D%C3%A9 4 jane")
            #expect(answer.status == 200)
            transport.close()
        }
    }

    @Test func `hundreds of requests share one connection`() async throws {
        let cluster = try TestCluster()
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            let transport = Self.transport(server, cluster)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<500 {
                    group.addTask { try await Self.text(transport.send(APIRequest(.get, "/\(number)"))) == "GET /\(number) 0 nobody" }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(server.listener.connectionCount == 1)
            transport.close()
        }
    }

    @Test func `large bodies pass whole both ways`() async throws {
        let cluster = try TestCluster()
        let handler: @Sendable (HTTPRequest) -> Outcome = { request in .respond(HTTPResponse(body: [request.api.body])) }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let transport = Self.transport(server, cluster)
            let body = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let isSame = try await transport.send(APIRequest(.put, "/", body: body)).body == body
            #expect(isSame)
            transport.close()
        }
    }

    @Test func `a watch delivers events as they come and ends with the server's`() async throws {
        let cluster = try TestCluster()
        let sink = Shared<(any StreamSink)?>(nil)
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .stream(StreamHead(contentType: "application/json")) { new in sink.change { $0 = new } }
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let transport = Self.transport(server, cluster)
            var events = try await transport.watch(APIRequest(.get, "/watch")).makeAsyncIterator()
            let stream = try #require(sink.value)
            for name in ["a", "b"] {
                // In two pieces: a line's end is what makes an event.
                #expect(stream.write(Array(#"{"type":"ADDED","object":{"metad"#.utf8)))
                #expect(stream.write(Array("ata\":{\"name\":\"\(name)\"}}}\n".utf8)))
                let event = try #require(try await events.next())
                #expect(event.kind == .added)
                #expect(event.object.name == name)
            }
            stream.finish()
            #expect(try await events.next() == nil)
            transport.close()
        }
    }

    @Test func `a watch that is refused throws what the server said`() async throws {
        let cluster = try TestCluster()
        let refusal = APIError(.expired, "too old resource version: 1 (2)")
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .respond(HTTPResponse(status: refusal.code, body: [refusal.status.json()]))
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let transport = Self.transport(server, cluster)
            await #expect(throws: refusal) { _ = try await transport.watch(APIRequest(.get, "/watch")) }
            transport.close()
        }
    }

    @Test func `the server hears when nobody reads a watch any more`() async throws {
        let cluster = try TestCluster()
        let closed = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .stream(StreamHead(contentType: "application/json")) { sink in
                sink.onClose { closed.open() }
                _ = sink.write(Array(#"{"type":"BOOKMARK","object":{}}"#.utf8) + [0x0A])
            }
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            let transport = Self.transport(server, cluster)
            let reader = Task { for try await _ in try await transport.watch(APIRequest(.get, "/watch")) { return } }
            try await reader.value
            await closed.wait()
            transport.close()
        }
    }

    @Test func `a rotated token goes with the next request`() async throws {
        let cluster = try TestCluster()
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            try await withFiles(["token": "one\n"]) { path in
                let file = path("token")
                let files = try CredentialFiles([file], interval: .zero) {
                    HTTPSIdentity(
                        caPEM: cluster.authority.certificatePEM, token: try String(contentsOfFile: file, encoding: .utf8).filter { !$0.isWhitespace })
                }
                let transport = HTTPSTransport(ServerURL(host: "127.0.0.1", port: server.port)) { files.identity() }
                #expect(try await Self.get(transport) == "GET / 0 Bearer one")
                try Data("two!\n".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
                #expect(try await Self.get(transport) == "GET / 0 Bearer two!")
                try FileManager.default.removeItem(atPath: file)
                #expect(try await Self.get(transport) == "GET / 0 Bearer two!")
                #expect(server.listener.connectionCount == 1)
                transport.close()
            }
        }
    }

    @Test func `a renewed certificate makes a new connection`() async throws {
        let cluster = try TestCluster()
        let leaves = try ["old", "new"].map { try cluster.authority.issue(.client($0), now: TestCluster.now) }
        let current = Shared(0)
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            let transport = HTTPSTransport(ServerURL(host: "127.0.0.1", port: server.port)) {
                let leaf = leaves[current.value]
                return HTTPSIdentity(caPEM: cluster.authority.certificatePEM, certificatePEM: leaf.certificatePEM, keyPEM: leaf.privateKeyPEM)
            }
            let before = try await Self.get(transport)
            current.change { $0 = 1 }
            let after = try await Self.get(transport)
            #expect([before, after] == ["GET / 0 old", "GET / 0 new"])
            transport.close()
        }
    }

    @Test func `a server that was away is found again`() async throws {
        let cluster = try TestCluster()
        var port = 0
        let transport = Shared<HTTPSTransport?>(nil)
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            port = server.port
            transport.change { $0 = Self.transport(server, cluster) }
            _ = try await transport.value?.send(APIRequest(.get, "/"))
        }
        await #expect(throws: HTTPSError.self) { try await transport.value?.send(APIRequest(.get, "/")) }
        let configuration = Listener.Configuration(
            host: "127.0.0.1", port: port, tls: cluster.tls, group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        let again = try Listener(configuration, handler: TestHandler(Self.whoAmI))
        try await again.start()
        var answer: APIResponse?
        for _ in 0..<200 where answer == nil {
            answer = try? await transport.value?.send(APIRequest(.get, "/back"))
            if answer == nil { await Task.yield() }
        }
        await again.stop(within: .zero)
        #expect(answer.map(Self.text) == "GET /back 0 nobody")
        transport.value?.close()
    }

    @Test func `an answer that does not come is given up`() async throws {
        let cluster = try TestCluster()
        let never = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .wait {
                await never.wait()
                return .text("late")
            }
        }
        try await TestServer.run(tls: cluster.tls, handler: handler) { server in
            var timeouts = Self.quick()
            timeouts.request = .milliseconds(20)
            let transport = Self.transport(server, cluster, timeouts: timeouts)
            let error = await #expect(throws: HTTPSError.self) { try await transport.send(APIRequest(.get, "/")) }
            #expect(error?.code == .timeout)
            let waiting = Task { try await Self.transport(server, cluster).send(APIRequest(.get, "/")) }
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
            never.open()
            transport.close()
        }
    }

    @Test func `a server of another authority is refused`() async throws {
        let (cluster, other) = (try TestCluster(), try TestCluster())
        try await TestServer.run(tls: cluster.tls, handler: Self.whoAmI) { server in
            let transport = Self.transport(server, other)
            let error = await #expect(throws: HTTPSError.self) { try await transport.send(APIRequest(.get, "/")) }
            #expect(error?.code == .cannotConnect)
            #expect(error?.message == "cannot connect to https://127.0.0.1:\(server.port): its certificate is not of the expected authority")
            transport.close()
        }
    }

    @Test(
        arguments: [
            ("https://127.0.0.1:6443", "https://127.0.0.1:6443"), ("https://example.org/", "https://example.org:443"),
            ("https://[::1]:6443", "https://[::1]:6443"),
        ] as [(String, String)])
    func `a server's address is read`(text: String, meaning: String) { #expect(ServerURL(text)?.description == meaning) }

    @Test(arguments: ["http://a", "a:6443", "https://", "https://a:0", "https://a:99999", "https://a/path", "https://user@a"] as [String])
    func `what is no server's address is refused`(text: String) { #expect(ServerURL(text) == nil) }
}
