import ClusterClient
import HTTPServer
import NIOCore
import NIOPosix

import Testing

@Suite struct StreamTests {
    private static let request = "GET /watch HTTP/1.1\r\nhost: a\r\n\r\n"

    private static func streaming(_ start: @escaping @Sendable (any StreamSink) -> Void) -> @Sendable (HTTPRequest) -> Outcome {
        { _ in .stream(StreamHead(contentType: "application/json"), start) }
    }

    @Test func `come in chunks and end when finished`() async throws {
        let sink = Shared<(any StreamSink)?>(nil)
        let started = Gate()
        try await TestServer.run(
            handler: Self.streaming { new in
                sink.change { $0 = new }
                started.open()
            }
        ) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.request)
            await started.wait()
            let stream = try #require(sink.value)
            _ = try await client.received(suffix: "transfer-encoding: chunked\r\n\r\n")
            #expect(stream.write(Array("one\n".utf8)))
            _ = try await client.received(suffix: "4\r\none\n\r\n")
            #expect(stream.write(Array("two\n".utf8)))
            stream.finish()
            _ = try await client.received(suffix: "0\r\n\r\n")
            #expect(!stream.write(Array("late".utf8)))
            await client.close()
        }
    }

    @Test func `keep the order of writes from many threads and end with all of them`() async throws {
        let handler = Self.streaming { sink in
            Task {
                await withTaskGroup(of: Void.self) { group in
                    for writer in 0..<4 {
                        group.addTask { for number in 0..<2000 { _ = sink.write(Array("\(writer):\(number)\n".utf8)) } }
                    }
                }
                sink.finish()
            }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET / HTTP/1.0\r\n\r\n")
            let body = try #require(await client.receivedUntilClose().split(separator: "\r\n\r\n", maxSplits: 1).last)
            let lines = body.split(separator: "\n")
            #expect(lines.count == 8000)
            for writer in 0..<4 {
                let numbers = lines.filter { $0.hasPrefix("\(writer):") }.compactMap { Int($0.dropFirst(2)) }
                let isInOrder = numbers == Array(0..<2000)
                #expect(isInOrder)
            }
            await client.close()
        }
    }

    @Test func `say no to a producer whose client does not read`() async throws {
        var limits = Listener.Limits()
        limits.streamPendingBytesMax = 100_000
        let refused = Gate()
        let pendingMax = Shared(0)
        let handler = Self.streaming { sink in
            Task { [sink] in
                while sink.write([UInt8](repeating: 0x61, count: 10_000)) {
                    pendingMax.change { $0 = max($0, sink.pendingBytes) }
                }
                refused.open()
                sink.finish()
            }
        }
        try await TestServer.run(limits: limits, handler: handler) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.request)
            await refused.wait()
            #expect(pendingMax.value <= 100_000)
            await client.close()
        }
    }

    @Test func `tell the producer when the client leaves`() async throws {
        let started = Gate()
        let left = Gate()
        try await TestServer.run(
            handler: Self.streaming { sink in
                sink.onClose { left.open() }
                started.open()
            }
        ) { server in
            let client = try await RawClient(port: server.port)
            try await client.send(Self.request)
            await started.wait()
            await client.close()
            await left.wait()
        }
    }
}

@Suite struct StoppingTests {
    @Test func `ends streams, answers what is in flight and closes idle connections`() async throws {
        let working = Gate()
        let release = Gate()
        let streaming = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { request in
            switch request.api.path {
            case "/work":
                return .wait {
                    working.open()
                    await release.wait()
                    return .text("worked")
                }
            case "/watch":
                return .stream(StreamHead(contentType: "text/plain")) { sink in
                    _ = sink.write(Array("event".utf8))
                    streaming.open()
                }
            default: return .respond(.text("ok"))
            }
        }
        try await TestServer.run(handler: handler) { server in
            let idle = try await RawClient(port: server.port)
            try await idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            _ = try await idle.received(suffix: "ok")
            let worker = try await RawClient(port: server.port)
            try await worker.send("GET /work HTTP/1.1\r\nhost: a\r\n\r\n")
            let watcher = try await RawClient(port: server.port)
            try await watcher.send("GET /watch HTTP/1.1\r\nhost: a\r\n\r\n")
            await working.wait()
            await streaming.wait()
            async let stopped: Void = server.listener.stop(within: .seconds(30))
            #expect(await watcher.receivedUntilClose().hasSuffix("0\r\n\r\n"))
            #expect(await idle.receivedUntilClose().hasSuffix("ok"))
            release.open()
            let text = await worker.receivedUntilClose()
            #expect(text.hasSuffix("worked"))
            #expect(text.contains("connection: close"))
            for client in [idle, worker, watcher] { await client.close() }
            await stopped
            #expect(server.listener.connectionCount == 0)
            await #expect(throws: (any Error).self) { try await RawClient(port: server.port) }
        }
    }

    @Test func `does not wait longer than it is told`() async throws {
        let streaming = Gate()
        let handler: @Sendable (HTTPRequest) -> Outcome = { _ in
            .wait {
                streaming.open()
                let cancelled = Gate()
                await withTaskCancellationHandler {
                    await cancelled.wait()
                } onCancel: {
                    cancelled.open()
                }
                return .text("late")
            }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await RawClient(port: server.port)
            try await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await streaming.wait()
            await server.listener.stop(within: .milliseconds(50))
            #expect(await client.receivedUntilClose() == "")
            await client.close()
        }
    }

    @Test func `a taken port is one readable error`() async throws {
        try await TestServer.run(handler: { _ in .respond(.text("ok")) }) { server in
            let configuration = Listener.Configuration(
                host: "127.0.0.1", port: server.port, tls: nil, group: MultiThreadedEventLoopGroup.singleton, logger: .init(label: "test"))
            let second = try Listener(configuration, handler: TestHandler { _ in .respond(.text("no")) })
            let error = await #expect(throws: ListenerError.self) { try await second.start() }
            #expect(error?.description == "cannot listen on 127.0.0.1:\(server.port): another program has the port")
        }
    }
}
