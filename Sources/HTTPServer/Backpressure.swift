import NIOCore

/// Takes no more requests from a client that doesn't take its answers, and ends the connection if it goes on so: what is kept for a client that writes and
/// never reads stays bounded.
final class Backpressure: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias OutboundIn = NIOAny

    /// Bytes that wait for the socket: from `high` on nothing is read until there are fewer than `low`. An answer has 256 KiB there at most, so that one
    /// that is read slowly stops nothing.
    static let watermark = ChannelOptions.Types.WriteBufferWaterMark(low: 1 << 20, high: 4 << 20)

    private let timer: DeadlineTimer
    private let timeout: TimeAmount
    private var hasPendingRead = false

    init(_ eventLoop: any EventLoop, timeout: Duration) {
        timer = DeadlineTimer(eventLoop)
        self.timeout = timeout.timeAmount
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer.start { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer.stop()
        if hasPendingRead { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.stop()
        context.fireChannelInactive()
    }

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable { context.read() } else { hasPendingRead = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            timer.lift()
            if hasPendingRead {
                hasPendingRead = false
                context.read()
            }
        } else {
            timer.set(.now() + timeout)
        }
        context.fireChannelWritabilityChanged()
    }
}
