import ContainerRuntime
import NIOCore
import NIOHTTP1
import NIOPosix
import ObjectModel
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct `A probe` {
    /// A web server that answers every request with what `answer` says of its path.
    private func withServer(_ answer: @escaping @Sendable (String) -> (HTTPResponseStatus, String?), _ body: (Int) async throws -> Void) async throws
    {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(Answering(answer))
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        do { try await body(channel.localAddress?.port ?? 0) } catch {
            try await channel.close().get()
            throw error
        }
        try await channel.close().get()
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let answer: @Sendable (String) -> (HTTPResponseStatus, String?)

        init(_ answer: @escaping @Sendable (String) -> (HTTPResponseStatus, String?)) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .head(let head) = unwrapInboundIn(data) else { return }
            let (status, location) = answer(head.uri)
            var headers: HTTPHeaders = ["Content-Length": "0"]
            if let location { headers.add(name: "Location", value: location) }
            context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private func prober(_ runtime: any ContainerRuntime = FakeContainerRuntime(), ports: Value = []) -> Prober {
        let pod = testPod("web", ["containers": [["name": "main", "ports": ports]]])
        return Prober(runtime: runtime, container: pod.containers[0], containerID: "main-0", podIP: "127.0.0.1")
    }

    @Test func `over HTTP follows redirects and judges the status`() async throws {
        try await withServer { path in
            switch path {
            case "/ok": (.ok, nil)
            case "/there": (.found, "/ok")
            case "/away": (.found, "http://elsewhere.example/")
            default: (.internalServerError, nil)
            }
        } _: { port in
            let prober = prober(ports: [["name": "web", "containerPort": Value(port)]])
            func get(_ path: String) -> Value { ["httpGet": ["path": .string(path), "port": "web"]] }
            #expect(await prober.run(get("/ok")) == .success)
            #expect(await prober.run(get("/there")) == .success)
            #expect(await prober.run(get("/away")) == .success)
            #expect(await prober.run(get("/bad")) == .failure("HTTP probe failed with statuscode: 500"))
            #expect(await prober.run(["tcpSocket": ["port": Value(port)]]) == .success)
        }
    }

    @Test func `of a port where nobody listens says so as Go does`() async throws {
        #expect(await prober().run(["tcpSocket": ["port": 1]]) == .refused("dial tcp 127.0.0.1:1: connect: connection refused"))
        #expect(
            await prober().run(["httpGet": ["port": 1, "path": "/x"]])
                == .refused("Get \"http://127.0.0.1:1/x\": dial tcp 127.0.0.1:1: connect: connection refused"))
    }

    @Test func `asks a program that does not listen yet again shortly, for a second after its start`() {
        var first = FirstListen()
        #expect((0..<6).map { first.next(age: .milliseconds($0 * 100)) } == [10, 20, 40, 80, 160, 160].map { .milliseconds($0) })
        #expect(first.next(age: .seconds(1)) == nil)
    }

    @Test func `changes its verdict only after so many in a row`() {
        var counter = ProbeCounter(["failureThreshold": 3, "successThreshold": 2])
        #expect([false, false, true, false, false, false].map { counter.note($0) } == [nil, nil, nil, nil, nil, false])
        #expect([true, true].map { counter.note($0) } == [nil, true])
    }

    @Test func `speaks the health protocol's two messages`() {
        #expect(HealthCheck.encode("") == [])
        #expect(HealthCheck.encode("ab") == [0x0A, 2, 97, 98])
        #expect(HealthCheck.decode([0x08, 1]) == .serving)
        #expect(HealthCheck.decode([0x08, 2]).name == "NOT_SERVING")
        #expect(HealthCheck.decode([]).name == "UNKNOWN")
    }

    @Test func `that fails makes a pod unready, and restarts it if it asks for its life`() async throws {
        try await TestNode.run { node in
            node.runtime.onExec { _, command in .with { $0.exitCode = command == ["ready"] ? 0 : 1 } }
            func probe(_ command: String) -> Value { ["exec": ["command": [.string(command)]], "periodSeconds": 1, "failureThreshold": 1] }
            try await node.create("ready", ["containers": [["name": "main", "image": "hello:1", "readinessProbe": probe("ready")]]])
            await node.waitUntilReady("ready")
            try await node.create("unready", ["containers": [["name": "main", "image": "hello:1", "readinessProbe": probe("no")]]])
            #expect(try await node.cluster.event("Unhealthy") == "Readiness probe failed: ")
            try await node.create("ill", ["containers": [["name": "main", "image": "hello:1", "livenessProbe": probe("no")]]])
            await node.wait("ill") { $0?.status["containerStatuses"][0]["restartCount"] == 1 }
            #expect(try await node.cluster.event("Killing") == "Container main failed liveness probe, will be restarted")
            #expect(node.cluster.object(.pods, "default/unready").map(isReady) == false)
        }
    }

    @Test func `of a container's start holds the others back`() async throws {
        try await TestNode.run { node in
            node.runtime.onExec { _, _ in .with { $0.exitCode = 0 } }
            let exec: Value = ["exec": ["command": ["x"]], "periodSeconds": 1]
            try await node.create("web", ["containers": [["name": "main", "image": "hello:1", "startupProbe": exec, "readinessProbe": exec]]])
            await node.waitUntilReady("web")
            #expect(node.cluster.object(.pods, "default/web")?.status["containerStatuses"][0]["started"] == true)
        }
    }
}
