import NIOCore

/// Joins the small writes between two flushes. Each write costs the TLS layer a record of its own, and an HTTP/2 answer is four of them.
final class WriteCoalescer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    /// A full buffer is passed on before the flush.
    private static let bytesMax = 128 * 1024

    private var buffer: ByteBuffer?
    private var promise: EventLoopPromise<Void>?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        if buffer == nil { buffer = context.channel.allocator.buffer(capacity: max(4096, bytes.readableBytes + 1024)) }
        buffer?.writeBuffer(&bytes)
        self.promise.setOrCascade(to: promise)
        if let count = buffer?.readableBytes, count >= Self.bytesMax { passOn(context) }
    }

    func flush(context: ChannelHandlerContext) {
        passOn(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        passOn(context)
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise?.fail(ChannelError.ioOnClosedChannel)
        promise = nil
        buffer = nil
    }

    private func passOn(_ context: ChannelHandlerContext) {
        guard let buffer else { return }
        let promise = promise
        self.buffer = nil
        self.promise = nil
        context.write(wrapOutboundOut(buffer), promise: promise)
    }
}
