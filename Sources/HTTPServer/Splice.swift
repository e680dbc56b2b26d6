import NIOCore

/// One end of two channels that were joined: what one reads the other writes, no faster than it is taken, and each direction ends on its own.
/// Both channels live on the same event loop.
final class Splice: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: Splice?
    private var context: ChannelHandlerContext?
    private var hasPendingRead = false

    /// What came before there was a partner.
    private var early: [ByteBuffer] = []
    private var isInputClosed = false
    private var isOutputClosed = false

    static func join(_ one: Splice, _ other: Splice) {
        one.partner = other
        other.partner = one
        one.joined()
        other.joined()
    }

    private func joined() {
        let buffers = early
        early = []
        for buffer in buffers { partner?.write(buffer) }
        partner?.context?.flush()
        if isInputClosed { partner?.closeOutput() }
        if context == nil { partner?.close() }
        resumeReading()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { ended() }

    func channelInactive(context: ChannelHandlerContext) {
        ended()
        context.fireChannelInactive()
    }

    private func ended() {
        context = nil
        let partner = partner
        self.partner = nil
        partner?.close()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        if let partner { partner.write(buffer) } else { early.append(buffer) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            isInputClosed = true
            partner?.closeOutput()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func read(context: ChannelHandlerContext) {
        if let partner, partner.isWritable { context.read() } else { hasPendingRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Called by the partner

    private var isWritable: Bool { context?.channel.isWritable ?? false }

    private func write(_ buffer: ByteBuffer) { context?.write(wrapOutboundOut(buffer), promise: nil) }

    private func resumeReading() {
        guard hasPendingRead else { return }
        hasPendingRead = false
        if let context { read(context: context) }
    }

    private func closeOutput() {
        guard !isOutputClosed, let context else { return }
        isOutputClosed = true
        if isInputClosed { close() } else { context.close(mode: .output, promise: nil) }
    }

    /// Closes once everything written has left.
    func close() {
        guard let context else { return }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.context?.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
    }
}

extension ChannelPipeline.SynchronousOperations {
    /// Takes a handler out of the pipeline, on the event loop.
    func remove<Handler: RemovableChannelHandler>(_ type: Handler.Type, promise: EventLoopPromise<Void>? = nil) throws {
        do {
            removeHandler(context: try context(handlerType: type), promise: promise)
        } catch {
            promise?.fail(error)
            throw error
        }
    }
}
