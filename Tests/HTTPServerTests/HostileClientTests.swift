import ClusterClient
import HTTPServer
import NIOCore
import Testing

/// What clients do that want to harm, or are broken: each is ended within a bound, and the server answers others meanwhile.
@Suite(.serialized) struct HostileClientTests {
    private static let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    /// A request of someone else, which is answered.
    private static func expectAnswer(_ port: Int) async throws {
        let other = try await RawHTTP2Client(port: port)
        try await other.send(RawHTTP2Client.head(1))
        let frames = await other.received { $0.contains { $0.stream == 1 && $0.kind == 1 } }
        #expect(frames.contains { $0.stream == 1 && $0.kind == 1 })
        await other.close()
    }

    /// Waits until the listener has no connection left, which it must reach by itself: long before the time that stopping would allow.
    private static func expectCutOff(_ server: TestServer) async {
        let start = ContinuousClock.now
        await server.listener.stop(within: .seconds(60))
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(server.listener.connectionCount == 0)
    }

    // MARK: Clients that don't read

    private static let piece = [UInt8](repeating: 0x61, count: 1 << 20)

    @Test func `a client that does not read its answer is cut off`() async throws {
        var limits = Listener.Limits()
        limits.stallTimeout = .milliseconds(100)
        try await TestServer.run(limits: limits, handler: { _ in .respond(HTTPResponse(body: Array(repeating: Self.piece, count: 64))) }) { server in
            let client = try await RawClient(port: server.port, reads: false)
            try await client.send(Self.request)
            await Self.expectCutOff(server)
            await client.close()
        }
    }

    @Test func `a client that asks without end and reads nothing is not listened to, then cut off`() async throws {
        var limits = Listener.Limits()
        limits.stallTimeout = .milliseconds(200)
        let answered = Shared(0)
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            answered.change { $0 += 1 }
            return .respond(HTTPResponse(body: [[UInt8](repeating: 0x61, count: 60_000)]))
        }
        try await TestServer.run(limits: limits, handler: handler) { server in
            let client = try await RawClient(port: server.port, reads: false)
            try? await client.send(String(repeating: Self.request, count: 20_000))
            await Self.expectCutOff(server)
            // What the server and both systems' sockets hold: some ten megabytes, not the 1.2 gigabytes that were asked for.
            #expect(answered.value < 1_000, "\(answered.value) answers were made")
            await client.close()
        }
    }

    @Test func `an HTTP 2 client that reads nothing is cut off`() async throws {
        let cluster = try TestCluster()
        var limits = Listener.Limits()
        limits.stallTimeout = .milliseconds(200)
        try await TestServer.run(
            tls: cluster.tls, limits: limits, handler: { _ in .respond(HTTPResponse(body: Array(repeating: Self.piece, count: 64))) }
        ) { server in
            let client = try await RawHTTP2Client(port: server.port, settings: [(4, 0x7FFF_FFFF)])
            try await client.send(RawHTTP2Client.frame(.windowUpdate, payload: RawHTTP2Client.bytes(0x7000_0000)))
            try await client.stopReading()
            try await client.send(RawHTTP2Client.head(1))
            try await Self.expectAnswer(server.port)
            await Self.expectCutOff(server)
            await client.close()
        }
    }

    @Test func `an answer whose window its client keeps shut is given up, and the connection goes on`() async throws {
        let cluster = try TestCluster()
        var limits = Listener.Limits()
        limits.stallTimeout = .milliseconds(50)
        try await TestServer.run(
            tls: cluster.tls, limits: limits, handler: { _ in .respond(HTTPResponse(body: Array(repeating: Self.piece, count: 2))) }
        ) { server in
            let client = try await RawHTTP2Client(port: server.port, settings: [(4, 10)])
            try await client.send(RawHTTP2Client.head(1))
            let frames = await client.received { $0.contains { $0.stream == 1 && $0.kind == 3 } }
            #expect(frames.contains { $0.stream == 1 && $0.kind == 0 && $0.payload.count == 10 })
            #expect(frames.contains { $0.stream == 1 && $0.kind == 3 })
            try await client.send(RawHTTP2Client.head(3))
            #expect(await client.received { $0.contains { $0.stream == 3 } }.contains { $0.stream == 3 && $0.kind == 1 })
            await client.close()
        }
    }

    @Test func `a small answer whose window is shut keeps its connection no longer than an idle one`() async throws {
        let cluster = try TestCluster()
        var limits = Listener.Limits()
        limits.idleTimeout = .milliseconds(50)
        limits.stallTimeout = .milliseconds(50)
        try await TestServer.run(tls: cluster.tls, limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let client = try await RawHTTP2Client(port: server.port, settings: [(4, 0)])
            try await client.send(RawHTTP2Client.head(1))
            #expect(await client.receivedUntilClose().contains { $0.kind == 7 })
        }
    }

    @Test func `a watch that is too far behind is ended and its connection cut off`() async throws {
        var limits = Listener.Limits()
        limits.streamPendingBytesMax = 1 << 20
        limits.stallTimeout = .milliseconds(100)
        let gone = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .stream(StreamHead(contentType: "application/json")) { sink in
                sink.onClose { gone.open() }
                Task {
                    while sink.write([UInt8](repeating: 0x61, count: 10_000)) { await Task.yield() }
                    sink.finish()
                }
            }
        }
        try await TestServer.run(limits: limits, handler: handler) { server in
            let client = try await RawClient(port: server.port, reads: false)
            try await client.send(Self.request)
            await gone.wait()
            await Self.expectCutOff(server)
            await client.close()
        }
    }

    // MARK: A byte at a time

    @Test func `headers that come a byte at a time are not waited for`() async throws {
        var limits = Listener.Limits()
        limits.headerTimeout = .milliseconds(100)
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nx: ")
            while (try? await client.send("a")) != nil, !client.isClosed {}
            #expect(await client.receivedUntilClose().isEmpty)
            await client.close()
        }
    }

    @Test func `a body that comes a byte at a time is ended with 408`() async throws {
        var limits = Listener.Limits()
        limits.bodyTimeout = .milliseconds(100)
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n")
            while (try? await client.send("a")) != nil, !client.isClosed {}
            #expect(await client.receivedUntilClose().hasPrefix("HTTP/1.1 408 "))
            await client.close()
        }
    }

    @Test func `an HTTP 2 body that never ends is answered and its stream ended, beside one that is answered`() async throws {
        let cluster = try TestCluster()
        var limits = Listener.Limits()
        limits.bodyTimeout = .milliseconds(100)
        try await TestServer.run(tls: cluster.tls, limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let client = try await RawHTTP2Client(port: server.port)
            try await client.send(RawHTTP2Client.head(1, isPost: true, flags: 4) + RawHTTP2Client.head(3))
            let frames = await client.received { $0.contains { $0.stream == 1 && $0.kind == 3 } }
            #expect(frames.contains { $0.stream == 3 && $0.kind == 1 })
            #expect(frames.contains { $0.stream == 1 && $0.kind == 0 && String(decoding: $0.payload, as: UTF8.self).contains("408") })
            await client.close()
        }
    }

    @Test func `bodies that never end hold no more than a bound on all streams of a connection together`() async throws {
        let cluster = try TestCluster()
        var limits = Listener.Limits()
        limits.connectionBodyBytesMax = 10 * 16_384
        try await TestServer.run(tls: cluster.tls, limits: limits, handler: { .respond(.text("\($0.api.body.count)")) }) { server in
            let client = try await RawHTTP2Client(port: server.port)
            let streams = stride(from: UInt32(1), to: 100, by: 2)
            let piece = [UInt8](repeating: 0x61, count: 16_384)
            for stream in streams {
                try await client.send(
                    RawHTTP2Client.head(stream, isPost: true, flags: 4) + RawHTTP2Client.frame(.data, stream: stream, payload: piece))
            }
            // The first ten of fifty streams fit; the others are refused, and their streams ended.
            var frames = await client.received { $0.count { $0.kind == RawHTTP2Client.Kind.reset.rawValue } == 40 }
            #expect(!frames.contains { (1..<20).contains($0.stream) && $0.kind == RawHTTP2Client.Kind.headers.rawValue })
            let refusals = frames.filter { $0.stream > 20 && $0.kind == 0 && String(decoding: $0.payload, as: UTF8.self).contains(#""code":429"#) }
            #expect(refusals.count == 40)
            // Those that fit are answered when they end; one that is given up makes room as well.
            for stream in streams.prefix(9) { try await client.send(RawHTTP2Client.frame(.data, flags: 1, stream: stream)) }
            try await client.send(RawHTTP2Client.frame(.reset, stream: 19, payload: RawHTTP2Client.bytes(8)))
            for stream in stride(from: UInt32(101), to: 121, by: 2) {
                try await client.send(
                    RawHTTP2Client.head(stream, isPost: true, flags: 4) + RawHTTP2Client.frame(.data, flags: 1, stream: stream, payload: piece))
            }
            frames = await client.received { $0.count { $0.kind == 0 && $0.payload == Array("16384".utf8) } == 19 }
            #expect(frames.count { $0.kind == 0 && $0.payload == Array("16384".utf8) } == 19)
            await client.close()
        }
    }

    // MARK: Floods

    @Test(arguments: ["reset", "ping", "settings", "empty data", "continuation", "window"])
    func `a flood of frames ends the connection that it comes on`(kind: String) async throws {
        let cluster = try TestCluster()
        // Few enough for a busy machine to get there within the 30 seconds.
        var limits = Listener.Limits()
        limits.controlFramesMax = 200
        try await TestServer.run(tls: cluster.tls, limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let client = try await RawHTTP2Client(port: server.port)
            async let flood: Void = Self.flood(client, kind)
            try await Self.expectAnswer(server.port)
            let frames = await client.receivedUntilClose()
            await flood
            #expect(frames.contains { $0.kind == RawHTTP2Client.Kind.goAway.rawValue })
            try await Self.expectAnswer(server.port)
        }
    }

    /// Until the connection is gone.
    private static func flood(_ client: RawHTTP2Client, _ kind: String) async {
        var stream: UInt32 = 1
        if kind == "empty data" { try? await client.send(RawHTTP2Client.head(1, isPost: true, flags: 4)) }
        if kind == "continuation" { try? await client.send(RawHTTP2Client.head(1, flags: 1)) }
        while true {
            var batch: [UInt8] = []
            for _ in 0..<100 {
                switch kind {
                case "reset":
                    batch += RawHTTP2Client.head(stream) + RawHTTP2Client.frame(.reset, stream: stream, payload: RawHTTP2Client.bytes(8))
                    stream += 2
                case "ping": batch += RawHTTP2Client.frame(.ping, payload: [UInt8](repeating: 0, count: 8))
                case "settings": batch += RawHTTP2Client.frame(.settings)
                case "empty data": batch += RawHTTP2Client.frame(.data, stream: 1)
                case "window": batch += RawHTTP2Client.frame(.windowUpdate, payload: RawHTTP2Client.bytes(0x7FFF_FFFF))
                default:
                    let field = [0, 1, UInt8(ascii: "x"), 100] + [UInt8](repeating: 0x61, count: 100)
                    batch += RawHTTP2Client.frame(.continuation, stream: 1, payload: Array(repeatElement(field, count: 100).joined()))
                }
            }
            do { try await client.send(batch) } catch { return }
        }
    }
}
