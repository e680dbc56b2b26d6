import ClusterClient
import HTTPServer
import NIOCore

import Testing

@Suite struct HTTP1Tests {
    private static func get(_ path: String, headers: String = "") -> String { "GET \(path) HTTP/1.1\r\nhost: a\r\n\(headers)\r\n" }

    @Test func `answers with the length of the body and keeps the connection`() async throws {
        try await TestServer.run(handler: { .respond(.text("path \($0.api.path)")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get("/one"))
            let first = try await client.received(suffix: "path /one")
            #expect(first.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(first.contains("content-length: 9\r\n"))
            try await client.send(Self.get("/two"))
            _ = try await client.received(suffix: "path /two")
            await client.close()
        }
    }

    @Test func `answers pipelined requests in their order even when the first takes longest`() async throws {
        let gate = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { request in
            if request.api.path != "/slow" {
                gate.open()
                return .respond(.text("[\(request.api.path)]"))
            }
            return .wait { .text("[/slow]") }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get("/slow") + Self.get("/a") + Self.get("/b") + Self.get("/slow") + Self.get("/c"))
            let text = try await client.received(suffix: "[/c]")
            let bodies = text.split(separator: "[").dropFirst().map { $0.prefix { $0 != "]" } }
            #expect(bodies == ["/slow", "/a", "/b", "/slow", "/c"])
            await client.close()
        }
    }

    @Test func `a thousand pipelined requests are answered`() async throws {
        try await TestServer.run(handler: { .respond(.text($0.api.path == "/last" ? "the end" : "x")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(String(repeating: Self.get("/"), count: 999) + Self.get("/last"))
            let text = try await client.received(suffix: "the end")
            #expect(text.split(separator: "HTTP/1.1 200 OK").count == 1000)
            await client.close()
        }
    }

    @Test func `decodes the query and keeps the path raw`() async throws {
        let seen = Shared<HTTPRequest?>(nil)
        try await TestServer.run(handler: { request in
            seen.change { $0 = request }
            return .respond(.text("done"))
        }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get("/api/a%2Fb?x=1%2C2+3&broken=%zz&y&=z&x=4", headers: "accept: a/b\r\nAccept: c/d\r\nuser-agent: test\r\n"))
            _ = try await client.received(suffix: "done")
            let request = try #require(seen.value)
            #expect(request.api.path == "/api/a%2Fb")
            #expect(request.uri == "/api/a%2Fb?x=1%2C2+3&broken=%zz&y&=z&x=4")
            #expect(request.api.query.map { "\($0.name)=\($0.value)" } == ["x=1,2 3", "y=", "=z", "x=4"])
            #expect(request.api.accept == "a/b,c/d")
            #expect(request.api.userAgent == "test")
            #expect(request.remoteAddress == "127.0.0.1")
            #expect(request.clientCertificate == nil)
            await client.close()
        }
    }

    @Test func `hands over a chunked body as a whole`() async throws {
        try await TestServer.run(handler: { .respond(.text("got \(String(decoding: $0.api.body, as: UTF8.self))")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            _ = try await client.received(suffix: "got abcdefg")
            await client.close()
        }
    }

    @Test func `a body announced too long is refused before it is sent`() async throws {
        try await TestServer.run(handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3145729\r\n\r\n")
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            #expect(text.contains("connection: close"))
            #expect(text.contains(#""message":"Request entity too large: limit is 3145728""#))
            #expect(text.contains(#""reason":"RequestEntityTooLarge""#))
            await client.close()
        }
    }

    @Test func `a chunked body that grows too long is refused`() async throws {
        var limits = Listener.Limits()
        limits.bodyBytesMax = 10
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n")
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            await client.close()
        }
    }

    @Test(arguments: [
        "GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\nbad header: x\r\n\r\n", "GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET nopath HTTP/1.1\r\nhost: a\r\n\r\n", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ]) func `a malformed request is answered with 400 and the connection closed`(request: String) async throws {
        try await TestServer.run(handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(request)
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 400 "), "\(text)")
            await client.close()
        }
    }

    @Test func `headers beyond the limit are answered with 431`() async throws {
        try await TestServer.run(handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try? await client.send("GET / HTTP/1.1\r\nhost: a\r\nx: \(String(repeating: "x", count: 300_000))\r\n\r\n")
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.1 431 "), "\(text)")
            await client.close()
        }
    }

    @Test func `an unknown method is not allowed`() async throws {
        try await TestServer.run(handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("PROPFIND / HTTP/1.1\r\nhost: a\r\n\r\n")
            #expect(await client.receivedUntilClose().hasPrefix("HTTP/1.1 405 "))
            await client.close()
        }
    }

    @Test func `HEAD is answered with the length and without the body`() async throws {
        try await TestServer.run(handler: { .respond(.text("body of \($0.api.method)")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
            let head = try await client.received(suffix: "\r\n\r\n")
            #expect(head.contains("content-length: 12\r\n"))
            try await client.send(Self.get("/"))
            let both = try await client.received(suffix: "body of get")
            #expect(!both.contains("body of head"))
            await client.close()
        }
    }

    @Test func `a client that expects 100-continue is told to go on`() async throws {
        try await TestServer.run(handler: { .respond(.text("got \($0.api.body.count)")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n")
            _ = try await client.received(suffix: "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("1234")
            _ = try await client.received(suffix: "got 4")
            await client.close()
        }
    }

    @Test func `HTTP 1.0 is answered and closed`() async throws {
        try await TestServer.run(handler: { _ in .respond(.text("old")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET / HTTP/1.0\r\n\r\n")
            let text = await client.receivedUntilClose()
            #expect(text.hasPrefix("HTTP/1.0 200 OK"))
            #expect(text.hasSuffix("old"))
            await client.close()
        }
    }

    @Test func `a header value from an object cannot start a header of its own`() async throws {
        try await TestServer.run(handler: { _ in
            .respond(HTTPResponse(headers: ["warning": "299 - \"a\r\nevil: 1\""], body: [Array("x".utf8)]))
        }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.get("/"))
            let text = try await client.received(suffix: "\r\n\r\nx")
            #expect(!text.contains("\nevil"))
            await client.close()
        }
    }

    @Test func `a slow body is ended with 408`() async throws {
        var limits = Listener.Limits()
        limits.bodyTimeout = .milliseconds(50)
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("never")) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n12")
            #expect(await client.receivedUntilClose().hasPrefix("HTTP/1.1 408 "))
            await client.close()
        }
    }

    @Test func `slow headers are not waited for`() async throws {
        var limits = Listener.Limits()
        limits.headerTimeout = .milliseconds(50)
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let slow = try await RawClient(port: server.port)
            try await slow.send("GET / HT")
            #expect(await slow.receivedUntilClose() == "")
            await slow.close()
        }
    }

    @Test func `an idle connection is closed`() async throws {
        var limits = Listener.Limits()
        limits.idleTimeout = .milliseconds(50)
        try await TestServer.run(limits: limits, handler: { _ in .respond(.text("ok")) }) { server in
            let idle = try await RawClient(port: server.port)
            try await idle.send(Self.get("/"))
            #expect(await idle.receivedUntilClose().hasSuffix("ok"))
            await idle.close()
        }
    }

    @Test func `a body of many pieces arrives whole and in order`() async throws {
        let pieces = (0..<5000).map { number in Array("\(number),".utf8) + [UInt8](repeating: 0x20, count: number % 700) }
        try await TestServer.run(handler: { _ in .respond(HTTPResponse(body: pieces)) }) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            let text = await client.receivedUntilClose()
            let body = try #require(text.split(separator: "\r\n\r\n", maxSplits: 1).last)
            let isWhole = Array(body.utf8) == Array(pieces.joined())
            #expect(isWhole)
            await client.close()
        }
    }
}
