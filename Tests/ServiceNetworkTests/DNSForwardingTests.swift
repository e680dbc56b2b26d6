import Foundation
import HostNetwork
import NIOCore
import NIOPosix
import ObjectModel
import Testing

@testable import ServiceNetwork

@Suite struct DNSForwardingTests {
    private func name(_ text: String) throws -> DNSName { try #require(DNSName(text)) }

    private func key(_ text: String) throws -> DNSCache.Key {
        DNSCache.Key(question: DNSQuestion(name: try name(text), type: .a), wantsDNSSEC: false, checkingDisabled: false)
    }

    private func message(_ text: String, ttl: UInt32) throws -> DNSMessage {
        DNSMessage(id: 1, flags: .response, answers: [DNSRecord(name: try name(text), ttl: ttl, data: .a(.v4(192, 0, 2, 1)))])
    }

    @Test func `resolvers are read from the host's file, three at most`() {
        let text =
            "# comment\nsearch example.com\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # two\nnameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver 192.0.2.3\nnameserver 192.0.2.4\noptions edns0"
        #expect(ResolverConfiguration.servers(text).map(\.description) == ["192.0.2.1", "2001:db8::1", "192.0.2.3"])
        #expect(ResolverConfiguration.servers("") == [])
    }

    @Test func `an answer is kept for its time, which runs`() throws {
        var cache = DNSCache()
        let start = ContinuousClock.now
        cache.store(try key("a.example"), try message("a.example", ttl: 60), now: start)
        #expect(cache.find(try key("a.example"), now: start + .seconds(20))?.answers.first?.ttl == 40)
        #expect(cache.find(try key("a.example"), now: start + .seconds(60)) == nil)
        #expect(cache.find(try key("b.example"), now: start) == nil)
    }

    @Test func `what says nothing of its time, fails or is cut off is not kept`() throws {
        var failed = try message("a.example", ttl: 60)
        failed.flags.responseCode = .serverFailure
        #expect(DNSCache.lifetime(failed) == nil)
        var truncated = try message("a.example", ttl: 60)
        truncated.flags.insert(.truncated)
        #expect(DNSCache.lifetime(truncated) == nil)
        var negative = DNSMessage(id: 1, flags: .response)
        negative.flags.responseCode = .noSuchName
        #expect(DNSCache.lifetime(negative) == nil)
        let zone = try name("example")
        negative.authorities = [
            DNSRecord(name: zone, ttl: 900, data: .soa(primary: zone, mailbox: zone, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 10))
        ]
        #expect(DNSCache.lifetime(negative) == 10)
    }

    @Test func `the cache is bounded, and what is used stays`() throws {
        var cache = DNSCache(countMax: 100)
        let now = ContinuousClock.now
        for index in 0..<1000 {
            cache.store(try key("n\(index).example"), try message("n.example", ttl: 60), now: now)
            cache.store(try key("used.example"), try message("used.example", ttl: 60), now: now)
            #expect(cache.count <= 101)
            #expect(cache.find(try key("used.example"), now: now) != nil)
        }
    }

    @Test func `an answer that does not fit a datagram is fetched over TCP`() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let records = (0..<200).map { DNSRecord(name: .root, ttl: 60, data: .a(.v4(10, 0, 0, UInt8($0)))) }
        let udp = try await FakeResolver.start(truncated: true) { _ in [] }
        let tcp = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(DNSFrameDecoder()), StreamAnswer(records: records))
                }
            }
            .bind(host: "127.0.0.1", port: udp.port).get()
        let exchange = DNSExchange(group: group, port: udp.port)
        let query = DNSMessage(id: 0, flags: .recursionDesired, questions: [DNSQuestion(name: try name("big.example"), type: .a)])
        #expect(await exchange.ask(.v4(127, 0, 0, 1), query, timeout: .seconds(5))?.answers.count == 200)
        await exchange.close()
        try await tcp.close()
        try await udp.close()
    }

    private final class StreamAnswer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let records: [DNSRecord]
        init(records: [DNSRecord]) { self.records = records }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard var message = try? DNSReader.message(Array(unwrapInboundIn(data).readableBytesView)) else { return }
            message.flags.insert(.response)
            message.answers = records
            context.writeAndFlush(wrapOutboundOut(DNSFrame.framed(DNSWriter.bytes(message))), promise: nil)
        }
    }

    @Test func `an answer that nobody asked for is ignored`() async throws {
        // It answers another question than was asked, then the right one is never told.
        let liar = try await FakeResolver.start(question: DNSQuestion(name: try name("evil.example"), type: .a)) { _ in [] }
        let exchange = DNSExchange(group: MultiThreadedEventLoopGroup.singleton, port: liar.port)
        let query = DNSMessage(id: 0, flags: .recursionDesired, questions: [DNSQuestion(name: try name("good.example"), type: .a)])
        #expect(await exchange.ask(.v4(127, 0, 0, 1), query, timeout: .milliseconds(100)) == nil)
        #expect(liar.questions.count == 1)
        await exchange.close()
        try await liar.close()
    }

    @Test func `a resolver that leads back is found out`() throws {
        let zone = ClusterZone(domain: try name("cluster.local"), ttl: 30, serverAddresses: [])
        let probe = LoopProbe(domain: zone.domain)
        let forwarder = DNSForwarder(
            resolvers: ResolverConfiguration(path: "/nonexistent", excluded: []), exchange: DNSExchange(group: MultiThreadedEventLoopGroup.singleton))
        let responder = DNSResponder(zone: zone, forwarder: forwarder, loopProbe: probe)
        #expect(!forwarder.isLooping)
        _ = responder.respond(to: DNSWriter.bytes(DNSMessage(id: 1, flags: .recursionDesired, questions: [probe.key.question])), over: .datagram)
        #expect(forwarder.isLooping)
    }
}
