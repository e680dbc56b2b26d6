import NIOCore
import NIOPosix

/// A server of bytes: answers every connection's first lines with what the test says, then echoes if the test wants.
final class RawServer: Sendable {
    let port: Int
    private let channel: any Channel

    /// - Parameter answer: called with the request's head; its bytes are sent, then `afterwards` is done.
    init(afterwards: Afterwards, answer: @escaping @Sendable (String) -> String) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(afterwards, answer)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    enum Afterwards: Sendable { case echo, close, nothing }

    func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let afterwards: Afterwards
        let answer: @Sendable (String) -> String
        var head = ""
        var hasAnswered = false

        init(_ afterwards: Afterwards, _ answer: @escaping @Sendable (String) -> String) {
            self.afterwards = afterwards
            self.answer = answer
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if hasAnswered {
                if case .echo = afterwards { context.writeAndFlush(data, promise: nil) }
                return
            }
            head += String(buffer: unwrapInboundIn(data))
            guard let end = head.range(of: "\r\n\r\n") else { return }
            hasAnswered = true
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer(head))), promise: nil)
            let rest = head[end.upperBound...]
            switch afterwards {
            case .echo where !rest.isEmpty: context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: String(rest))), promise: nil)
            case .close: context.close(promise: nil)
            default: break
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent {
                if case .echo = afterwards { context.close(mode: .output, promise: nil) } else { context.close(promise: nil) }
            }
        }
    }
}
