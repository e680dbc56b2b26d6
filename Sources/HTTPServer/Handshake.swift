import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOSSL
import NIOTLS

/// Waits for the end of the TLS handshake, then builds the pipeline of the protocol that was agreed on.
final class Handshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let service: Service
    private let outbox: Outbox
    private let tls: NIOSSLHandler
    private let timer: DeadlineTimer

    init(service: Service, outbox: Outbox, tls: NIOSSLHandler) {
        self.service = service
        self.outbox = outbox
        self.tls = tls
        timer = DeadlineTimer(outbox.eventLoop)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer.start { channel.close(promise: nil) }
        timer.set(.now() + service.limits.headerTimeout.timeAmount)
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer.stop() }

    func channelInactive(context: ChannelHandlerContext) {
        timer.stop()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.handshakeCompleted(let negotiated)) = event as? TLSUserEvent else { return context.fireUserInboundEventTriggered(event) }
        let peer = Peer(
            address: context.remoteAddress?.ipAddress ?? "", certificate: tls.peerCertificate.flatMap { ServerTLSContext.subject(of: $0) })
        do {
            if negotiated == "h2" {
                try ServerPipeline.addHTTP2(context.channel, service, outbox, peer)
            } else {
                try ServerPipeline.addHTTP1(context.channel, service, outbox, peer)
            }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// A client that does not speak TLS, or whose certificate is not the cluster's.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

enum ServerPipeline {
    static func addHTTP1(_ channel: any Channel, _ service: Service, _ outbox: Outbox, _ peer: Peer) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = service.limits.headerBytesMax
        limits.maxHeaderListSize = service.limits.headerBytesMax
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
        let connection = HTTP1Connection(service: service, outbox: outbox, peer: peer)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(Backpressure(channel.eventLoop, timeout: service.limits.stallTimeout))
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(connection)
        service.connections.onDrain(channel, connection)
    }

    static func addHTTP2(_ channel: any Channel, _ service: Service, _ outbox: Outbox, _ peer: Peer) throws {
        let connection = HTTP2Connection(service: service, outbox: outbox, peer: peer)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(Backpressure(channel.eventLoop, timeout: service.limits.stallTimeout))
        try pipeline.addHandler(WriteCoalescer())
        try pipeline.addHandler(HTTP2Connection.makeProtocolHandler(service.limits))
        try pipeline.addHandler(connection)
        service.connections.onDrain(channel, connection)
    }
}
