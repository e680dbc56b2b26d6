import ClusterClient
import Foundation
import HostNetwork
import NIOCore
import NIOPosix
import ObjectModel
import Testing

@testable import ServiceNetwork

/// Real datagrams and connections, over loopback.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ClusterDNSTests {
    /// Cluster DNS over a fake API, and a client of it.
    private struct Fixture {
        let api: FakeAPI
        let address: SocketAddress

        func ask(_ name: String, _ type: DNSType, edns: DNSMessage.EDNS? = nil, id: UInt16 = 7) async throws -> DNSMessage {
            let name = try #require(DNSName(name))
            let query = DNSMessage(id: id, flags: .recursionDesired, questions: [DNSQuestion(name: name, type: type)], edns: edns)
            let bytes = try #require(try await Datagram.exchange(DNSWriter.bytes(query), with: address))
            return try DNSReader.message(bytes)
        }

        func askOverTCP(_ name: String, _ type: DNSType) async throws -> DNSMessage {
            let name = try #require(DNSName(name))
            let query = DNSMessage(id: 9, flags: .recursionDesired, questions: [DNSQuestion(name: name, type: type)])
            return try #require(await DNSStreamExchange(group: MultiThreadedEventLoopGroup.singleton).ask(address, query, timeout: .seconds(5)))
        }
    }

    private func withDNS(resolvers: [String] = [], resolverPort: Int = 53, _ body: @Sendable (Fixture) async throws -> Void) async throws {
        let api = FakeAPI()
        let file = NSTemporaryDirectory() + "resolv-\(UUID().uuidString).conf"
        try resolvers.map { "nameserver \($0)\n" }.joined().write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        api.put(.namespaces, ["metadata": ["name": "default"]])
        api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
        let port = try await freePort()
        let informers = Informers(api.client, logger: quiet)
        let dns = try ClusterDNS(
            client: api.client, informers: informers,
            configuration: .init(
                serviceIPs: [.v4(10, 96, 0, 10)], nodeName: "node-a", listenAddress: .v4(127, 0, 0, 1), port: port, resolverConfigurationPath: file,
                resolverPort: resolverPort),
            logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            group.addTask { try await dns.run() }
            defer { group.cancelAll() }
            try await eventually { api.get(.endpointSlices, namespace: "kube-system", name: "kube-dns-node-a") != nil }
            try await body(Fixture(api: api, address: try SocketAddress(ipAddress: "127.0.0.1", port: port)))
        }
    }

    /// A port that is free for TCP and UDP, both of which cluster DNS listens on.
    private func freePort() async throws -> Int {
        for _ in 0..<20 {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
            let port = try #require(channel.localAddress?.port)
            let datagrams = try? await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: port).get()
            try await datagrams?.close()
            try await channel.close()
            if datagrams != nil { return port }
        }
        throw TimedOut()
    }

    @Test func `a Service resolves over UDP and TCP, and a new one soon after`() async throws {
        try await withDNS { dns in
            let answer = try await dns.ask("web.default.svc.cluster.local", .a)
            #expect(answer.id == 7 && answer.flags.contains([.response, .authoritative, .recursionDesired, .recursionAvailable]))
            #expect(answer.answers.map(\.data) == [.a(.v4(10, 96, 0, 20))])
            #expect(try await dns.askOverTCP("web.default.svc.cluster.local", .a).answers == answer.answers)
            dns.api.put(.services, Make.service("new", clusterIP: "10.96.0.21"))
            try await eventually { try await dns.ask("new.default.svc.cluster.local", .a).answers.map(\.data) == [.a(.v4(10, 96, 0, 21))] }
            dns.api.delete(.services, namespace: "default", name: "new")
            try await eventually { try await dns.ask("new.default.svc.cluster.local", .a).flags.responseCode == .noSuchName }
        }
    }

    @Test func `kube-dns is kept, with this node's endpoint, and has a name itself`() async throws {
        try await withDNS { dns in
            let service = try #require(dns.api.get(.services, namespace: "kube-system", name: "kube-dns"))
            #expect(service.spec["clusterIP"].string == "10.96.0.10")
            try await eventually { try await dns.ask("kube-dns.kube-system.svc.cluster.local", .a).answers.map(\.data) == [.a(.v4(10, 96, 0, 10))] }
            dns.api.delete(.endpointSlices, namespace: "kube-system", name: "kube-dns-node-a")
            try await eventually { dns.api.get(.endpointSlices, namespace: "kube-system", name: "kube-dns-node-a") != nil }
        }
    }

    @Test func `a long answer is truncated over UDP and whole over TCP`() async throws {
        try await withDNS { dns in
            dns.api.put(.services, Make.service("big", clusterIP: "None"))
            dns.api.put(.endpointSlices, Make.slice("big", (1...200).map { Make.endpoint("10.244.0.\($0)") }))
            try await eventually { try await dns.ask("big.default.svc.cluster.local", .a).flags.contains(.truncated) }
            let small = try await dns.ask("big.default.svc.cluster.local", .a)
            let larger = try await dns.ask("big.default.svc.cluster.local", .a, edns: .init(payloadSize: 4096))
            #expect(larger.flags.contains(.truncated) && larger.answers.count > small.answers.count && larger.edns != nil && small.edns == nil)
            let whole = try await dns.askOverTCP("big.default.svc.cluster.local", .a)
            #expect(whole.answers.count == 200 && !whole.flags.contains(.truncated))
        }
    }

    @Test func `what is no proper query is answered with what is wrong with it, or not at all`() async throws {
        try await withDNS { dns in
            var update = DNSMessage(id: 5, flags: DNSFlags(rawValue: 5 << 11), questions: [DNSQuestion(name: .root, type: .soa)])
            let notImplemented = try #require(try await Datagram.exchange(DNSWriter.bytes(update), with: dns.address))
            #expect(try DNSReader.message(notImplemented).flags.responseCode == .notImplemented)
            update.flags = .recursionDesired
            update.questions = []
            let noQuestion = try #require(try await Datagram.exchange(DNSWriter.bytes(update), with: dns.address))
            #expect(try DNSReader.message(noQuestion).flags.responseCode == .formatError)
            let garbage = try #require(try await Datagram.exchange([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xff], with: dns.address))
            #expect(DNSReader.header(garbage)?.id == 9)
            #expect(DNSReader.header(garbage)?.flags.responseCode == .formatError)
            let version = try await dns.ask("web.default.svc.cluster.local", .a, edns: .init(payloadSize: 1232, version: 1))
            #expect(version.edns?.extendedResponseCode == 1 && version.answers.isEmpty)
            #expect(try await Datagram.exchange([1, 2, 3], with: dns.address, timeout: .milliseconds(50)) == nil)
        }
    }

    @Test func `other names are asked of the host's resolvers, once, and remembered`() async throws {
        let upstream = try await FakeResolver.start { question in
            guard "\(question.name)" == "example.com." else { return nil }
            return [DNSRecord(name: question.name, ttl: 300, data: .a(.v4(192, 0, 2, 1)))]
        }
        try await withDNS(resolvers: ["127.0.0.1"], resolverPort: upstream.port) { dns in
            for id in 1...5 {
                let answer = try await dns.ask("example.com", .a, id: UInt16(id))
                #expect(answer.id == id && answer.answers.map(\.data) == [.a(.v4(192, 0, 2, 1))] && !answer.flags.contains(.authoritative))
            }
            #expect(upstream.questions.count { "\($0.name)" == "example.com." } == 1)
            #expect(try await dns.ask("nowhere.example", .a).flags.responseCode == .noSuchName)
            dns.api.put(.services, Make.service("ext", spec: ["type": "ExternalName", "externalName": "example.com"]))
            let target = try #require(DNSName("example.com"))
            try await eventually {
                try await dns.ask("ext.default.svc.cluster.local", .a).answers.map(\.data) == [.cname(target), .a(.v4(192, 0, 2, 1))]
            }
        }
        try await upstream.close()
    }

    @Test func `a resolver that does not answer is passed over`() async throws {
        let upstream = try await FakeResolver.start { [DNSRecord(name: $0.name, ttl: 300, data: .a(.v4(192, 0, 2, 1)))] }
        // Nobody is at 127.0.0.9.
        try await withDNS(resolvers: ["127.0.0.9", "127.0.0.1"], resolverPort: upstream.port) { dns in
            let answer = try await dns.ask("example.com", .a)
            #expect(answer.answers.count == 1)
        }
        try await upstream.close()
    }

    @Test func `without resolvers other names fail at once`() async throws {
        try await withDNS { dns in
            let answer = try await dns.ask("example.com", .a)
            #expect(answer.flags.responseCode == .serverFailure)
        }
    }
}

/// A resolver that answers as it is told, and remembers what it was asked.
final class FakeResolver: Sendable {
    private let log: Guarded<[DNSQuestion]>
    private let channel: any Channel
    let port: Int

    var questions: [DNSQuestion] { log.withLock { $0 } }

    /// `answer` returns nil for a name that does not exist.
    /// `question` stands in the answer in place of the one that was asked.
    static func start(
        truncated: Bool = false, question: DNSQuestion? = nil, _ answer: @escaping @Sendable (DNSQuestion) -> [DNSRecord]?
    ) async throws -> FakeResolver {
        let log = Guarded<[DNSQuestion]>([])
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log, truncated: truncated, question: question, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FakeResolver(channel: channel, port: channel.localAddress?.port ?? 0, log: log)
    }

    private init(channel: any Channel, port: Int, log: Guarded<[DNSQuestion]>) {
        self.channel = channel
        self.port = port
        self.log = log
    }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let log: Guarded<[DNSQuestion]>
        private let answer: @Sendable (DNSQuestion) -> [DNSRecord]?

        private let truncated: Bool
        private let question: DNSQuestion?

        init(log: Guarded<[DNSQuestion]>, truncated: Bool, question: DNSQuestion?, answer: @escaping @Sendable (DNSQuestion) -> [DNSRecord]?) {
            self.log = log
            self.truncated = truncated
            self.question = question
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard var message = try? DNSReader.message(Array(envelope.data.readableBytesView)), let question = message.questions.first else { return }
            log.withLock { $0.append(question) }
            message.flags.insert(.response)
            if truncated { message.flags.insert(.truncated) }
            if let other = self.question { message.questions = [other] }
            if let records = answer(question) { message.answers = records } else { message.flags.responseCode = .noSuchName }
            context.writeAndFlush(
                wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: DNSWriter.bytes(message)))),
                promise: nil)
        }
    }
}

/// One datagram there, one back.
enum Datagram {
    static func exchange(_ bytes: [UInt8], with server: SocketAddress, timeout: TimeAmount = .seconds(10)) async throws -> [UInt8]? {
        let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: [UInt8]?.self)
        let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(promise: promise)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let limit = channel.eventLoop.scheduleTask(in: timeout) { promise.succeed(nil) }
        try await channel.writeAndFlush(AddressedEnvelope(remoteAddress: server, data: ByteBuffer(bytes: bytes)))
        let answer = try await promise.futureResult.get()
        limit.cancel()
        try await channel.close()
        return answer
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        private let promise: EventLoopPromise<[UInt8]?>
        init(promise: EventLoopPromise<[UInt8]?>) { self.promise = promise }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { promise.succeed(Array(unwrapInboundIn(data).data.readableBytesView)) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}
