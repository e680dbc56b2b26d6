import NIOCore
import NIOWebSocket

/// The client's end of a tunnel whose client speaks WebSocket and whose backend SPDY. It stands between the frames' codec and the splice: frames of
/// the socket become the backend's bytes, the backend's bytes frames.
final class WebSocketTunnelHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    /// Larger frames end the connection.
    static let frameBytesMax = 16 << 20

    private var translation: CommandTranslation?
    /// Fulfilled once the frame that ends the WebSocket has left.
    private var closeWritten: EventLoopFuture<Void>?
    private var hasSentClose: Bool { closeWritten != nil }

    init(_ content: WebSocketTunnel.Content) {
        if case .streams(let streams) = content { translation = CommandTranslation(streams) }
    }

    /// The backend's first bytes. Called when the splice is in place, which keeps them until it is joined.
    func start(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        let context = try pipeline.context(handler: self)
        if let output = translation?.start() { carryOut(output, context) }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard !hasSentClose else { return }
        // No extension was agreed on, and a client's frames are masked (RFC 6455, sections 5.1 and 5.2).
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return refuse(context) }
        switch frame.opcode {
        case .binary, .text, .continuation: received(frame, context)
        case .ping: context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose:
            sendClose(context)
            closeWritten?.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        case .pong: break
        default: refuse(context)
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        sendClose(context, code: .protocolError)
        closeWritten?.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    private func received(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        let data = frame.unmaskedData
        guard translation != nil else { return context.fireChannelRead(wrapInboundOut(data)) }
        let isStart = frame.opcode != .continuation
        if let output = translation?.received(Array(data.readableBytesView), isStart: isStart) { carryOut(output, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        sendClose(context, code: error is NIOWebSocketError ? .protocolError : .unexpectedServerError)
        context.close(promise: nil)
    }

    // MARK: To the client

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = unwrapOutboundIn(data)
        // The splice's last write is empty and waits for all before it.
        guard bytes.readableBytes > 0 else {
            end(context)
            closeWritten?.cascade(to: promise)
            return
        }
        guard translation != nil else {
            context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .binary, data: bytes)), promise: promise)
            return
        }
        if let output = translation?.receivedFromBackend(bytes.readableBytesView) { carryOut(output, context) }
        promise?.succeed()
    }

    /// A WebSocket has no half that could be closed: the backend's end is the end.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        end(context)
        context.close(mode: mode == .input ? .input : .all, promise: promise)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard !hasSentClose else { return }
        if let output = translation?.backendEnded() { carryOut(output, context) }
        sendClose(context)
    }

    private func carryOut(_ output: CommandTranslation.Output, _ context: ChannelHandlerContext) {
        for message in output.toClient where !hasSentClose {
            context.write(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: message))), promise: nil)
        }
        if !output.toClient.isEmpty { context.flush() }
        guard !output.toBackend.isEmpty else { return }
        context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: output.toBackend)))
        context.fireChannelReadComplete()
    }

    private func sendClose(_ context: ChannelHandlerContext, code: WebSocketErrorCode = .normalClosure) {
        guard !hasSentClose else { return }
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        let promise = context.eventLoop.makePromise(of: Void.self)
        closeWritten = promise.futureResult
        context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: promise)
    }
}
