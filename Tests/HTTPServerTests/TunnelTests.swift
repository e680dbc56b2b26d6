import ClusterClient
import Foundation
import HTTPServer
import NIOHTTP1
import Testing

@Suite struct TunnelTests {
    private static let upgrade = "GET /exec HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n"
    private static let switching = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\n\r\n"

    private static func tunnel(to port: Int) -> @Sendable (HTTPRequest) -> Outcome {
        { _ in
            .tunnel(
                Tunnel(
                    backend: .tcp(host: "127.0.0.1", port: port), method: "POST", uri: "/session/1?x=y",
                    headers: ["host": "node", "connection": "Upgrade", "upgrade": "SPDY/3.1", "content-length": "0"]))
        }
    }

    @Test func `bytes pass both ways after the backend's 101`() async throws {
        let seen = Shared("")
        let backend = try await RawServer(afterwards: .echo) { head in
            seen.change { $0 = head }
            return Self.switching + "early"
        }
        try await TestServer.run(handler: Self.tunnel(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.upgrade)
            let head = try await client.received(suffix: "early")
            #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(seen.value.hasPrefix("POST /session/1?x=y HTTP/1.1\r\n"))
            try await client.send("ping")
            _ = try await client.received(suffix: "ping")
            // Each direction ends on its own: what was sent before the end still comes back.
            try await client.send("last")
            try await client.closeOutput()
            #expect(await client.receivedUntilClose().hasSuffix("earlypinglast"))
            await client.close()
        }
        await backend.stop()
    }

    @Test func `what the client sends ahead of the 101 is not lost`() async throws {
        let backend = try await RawServer(afterwards: .echo) { _ in Self.switching }
        try await TestServer.run(handler: Self.tunnel(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.upgrade + "ahead")
            _ = try await client.received(suffix: "ahead")
            await client.close()
        }
        await backend.stop()
    }

    @Test func `many bytes pass whole`() async throws {
        let backend = try await RawServer(afterwards: .echo) { _ in Self.switching }
        try await TestServer.run(handler: Self.tunnel(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.upgrade)
            let head = try await client.received(suffix: "\r\n\r\n").utf8.count
            let block = [UInt8](repeating: 0x78, count: 100_000)
            async let all: Void = { for _ in 0..<200 { try await client.send(block) } }()
            try await client.receivedCount(atLeast: head + 20_000_000)
            try await all
            #expect(client.receivedCount == head + 20_000_000)
            await client.close()
        }
        await backend.stop()
    }

    @Test func `a backend's refusal is passed on and nothing opens`() async throws {
        let backend = try await RawServer(afterwards: .nothing) { _ in
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nno"
        }
        try await TestServer.run(handler: Self.tunnel(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.upgrade + "ahead")
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
            #expect(text.contains("connection: close\r\n"))
            #expect(text.hasSuffix("\r\n\r\nno"))
            await client.close()
        }
        await backend.stop()
    }

    @Test func `a backend that is not there is a 503`() async throws {
        let gone = try await RawServer(afterwards: .close) { _ in "" }
        await gone.stop()
        try await TestServer.run(handler: Self.tunnel(to: gone.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.upgrade)
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 503 "))
            #expect(text.contains(#""reason":"ServiceUnavailable""#))
            await client.close()
        }
    }

    @Test func `a backend that hangs up or talks nonsense is a 502`() async throws {
        for answer in ["", "nonsense\r\n\r\n"] {
            let backend = try await RawServer(afterwards: .close) { _ in answer }
            try await TestServer.run(handler: Self.tunnel(to: backend.port)) { server in
                let client = try await RawClient(port: server.port)
                try await client.send(Self.upgrade)
                let text = await client.receivedUntilClose()
                #expect(text.hasPrefix("HTTP/1.1 502 "), "\(answer): \(text)")
                await client.close()
            }
            await backend.stop()
        }
    }

    @Test func `a request that does not ask for an upgrade is a 400`() async throws {
        try await TestServer.run(handler: Self.tunnel(to: 1)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET /exec HTTP/1.1\r\nhost: a\r\n\r\n")
            let text = try await client.received { $0.contains("Upgrade request required") }
            #expect(text.hasPrefix("HTTP/1.1 400 "))
            await client.close()
        }
    }
}

@Suite struct ForwardTests {
    private static let get = "GET /logs HTTP/1.1\r\nhost: a\r\n\r\n"

    private static func forward(to port: Int, _ change: @escaping @Sendable (inout Forward) -> Void = { _ in }) -> @Sendable (HTTPRequest) -> Outcome
    {
        { request in
            var forward = Forward(
                backend: .tcp(host: "127.0.0.1", port: port), method: request.api.method.rawValue, uri: "/there?a=b", body: request.api.body)
            change(&forward)
            return .forward(forward)
        }
    }

    @Test func `another server's answer is passed on`() async throws {
        let seen = Shared("")
        let backend = try await RawServer(afterwards: .nothing) { head in
            seen.change { $0 = head }
            return "HTTP/1.1 201 Created\r\ncontent-length: 5\r\nx: y\r\n\r\nhello"
        }
        try await TestServer.run(handler: Self.forward(to: backend.port) { $0.responseHeaders = ["x": "z"] }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody")
            let text = try await client.received(suffix: "hello")
            #expect(text.hasPrefix("HTTP/1.1 201 Created\r\n"))
            #expect(text.contains("x: z\r\n") && text.contains("content-length: 5\r\n"))
            #expect(seen.value.hasPrefix("POST /there?a=b HTTP/1.1\r\n"))
            #expect(seen.value.contains("host: 127.0.0.1:\(backend.port)\r\n") && seen.value.contains("content-length: 4\r\n"))
            // The client's connection is as good as before.
            try await client.send(Self.get)
            _ = try await client.received { $0.split(separator: "hello").count == 2 && $0.hasSuffix("hello") }
            await client.close()
        }
        await backend.stop()
    }

    @Test func `an answer without a length ends with the backend's connection`() async throws {
        let backend = try await RawServer(afterwards: .close) { _ in "HTTP/1.1 200 OK\r\n\r\nuntil the end" }
        try await TestServer.run(handler: Self.forward(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get)
            let text = try await client.received(suffix: "0\r\n\r\n")
            #expect(text.contains("until the end"))
            await client.close()
        }
        await backend.stop()
    }

    @Test func `a failure can be told in other words`() async throws {
        let backend = try await RawServer(afterwards: .close) { _ in "HTTP/1.1 404 Not Found\r\n\r\npod is gone" }
        let handler = Self.forward(to: backend.port) { forward in
            forward.onFailure = { .text("\($0.status): \(String(decoding: $0.body.joined(), as: UTF8.self))", status: 410) }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get)
            let text = try await client.received(suffix: "404: pod is gone")
            #expect(text.hasPrefix("HTTP/1.1 410 "))
            await client.close()
        }
        await backend.stop()
    }

    @Test func `an answer cut short is not completed`() async throws {
        let backend = try await RawServer(afterwards: .close) { _ in "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this" }
        try await TestServer.run(handler: Self.forward(to: backend.port)) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get)
            #expect(await client.receivedUntilClose().hasSuffix("only this"))
            await client.close()
        }
        await backend.stop()
    }

    @Test func `what to do may be known only after a wait`() async throws {
        let backend = try await RawServer(afterwards: .close) { _ in "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok" }
        let forward = Self.forward(to: backend.port)
        try await TestServer.run(handler: { request in .deferred { forward(request) } }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get)
            _ = try await client.received(suffix: "\r\n\r\nok")
            await client.close()
        }
        await backend.stop()
    }
}
