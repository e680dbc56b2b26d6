import NIOCore
import NIOPosix

/// Serves DNS on one address over UDP and TCP.
struct DNSServer: Sendable {
    let datagrams: any Channel
    let streams: any Channel

    /// The port that both listen on.
    var port: Int { datagrams.localAddress?.port ?? 0 }

    /// Binds both sockets; port 0 takes a free one.
    static func bind(host: String, port: Int, responder: DNSResponder, group: any EventLoopGroup) async throws -> DNSServer {
        let datagrams = try await DatagramBootstrap(group: group)
            .channelOption(.socketOption(.so_reuseaddr), value: 1)
            .channelOption(.datagramVectorReadMessageCount, value: 32)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32 * 4096))
            .channelOption(.maxMessagesPerRead, value: 8)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(DatagramHandler(responder: responder)) }
            }
            .bind(host: host, port: port).get()
        let bound = datagrams.localAddress?.port ?? port
        do {
            let streams = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers(
                            IdleStateHandler(readTimeout: .seconds(30)), ByteToMessageHandler(DNSFrameDecoder()), StreamHandler(responder: responder))
                    }
                }
                .bind(host: host, port: bound).get()
            return DNSServer(datagrams: datagrams, streams: streams)
        } catch {
            try? await datagrams.close()
            throw error
        }
    }

    func close() async {
        try? await datagrams.close()
        try? await streams.close()
    }
}

/// Answers datagrams. What the zone knows goes out with the read that it came in, in one system call for all.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let responder: DNSResponder
    private var hasWritten = false

    init(responder: DNSResponder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        switch responder.respond(to: Array(envelope.data.readableBytesView), over: .datagram) {
        case .silence: break
        case .answer(let bytes):
            hasWritten = true
            context.write(
                wrapOutboundOut(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: context.channel.allocator.buffer(bytes: bytes))),
                promise: nil)
        case .pending(let pending):
            let channel = context.channel
            let client = envelope.remoteAddress
            Task { [responder] in
                let bytes = await responder.finish(pending)
                channel.writeAndFlush(AddressedEnvelope(remoteAddress: client, data: ByteBuffer(bytes: bytes)), promise: nil)
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasWritten else { return }
        hasWritten = false
        context.flush()
    }

    /// A client that went away answers with ICMP; the socket serves on.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

/// Answers a connection's queries, each when its answer is there.
private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let responder: DNSResponder

    init(responder: DNSResponder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch responder.respond(to: Array(unwrapInboundIn(data).readableBytesView), over: .stream) {
        case .silence: context.close(promise: nil)
        case .answer(let bytes): context.writeAndFlush(wrapOutboundOut(DNSFrame.framed(bytes)), promise: nil)
        case .pending(let pending):
            let channel = context.channel
            Task { [responder] in
                let bytes = await responder.finish(pending)
                channel.writeAndFlush(DNSFrame.framed(bytes), promise: nil)
            }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) } else { context.fireUserInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
