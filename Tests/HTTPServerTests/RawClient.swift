import NIOCore
import NIOPosix
import Synchronization

/// A plain connection that sends and receives bytes as they are.
final class RawClient: Sendable {
    struct Closed: Error { var received: String }

    private struct State {
        var received: [UInt8] = []
        var isClosed = false
        var waiter: (needed: @Sendable ([UInt8]) -> Bool, continuation: CheckedContinuation<Void, Never>)?
    }

    private let channel: any Channel
    private let state: Inbox

    private final class Inbox: Sendable {
        let state = Mutex(State())

        func change(_ change: (inout State) -> Void) {
            let ready = state.withLock { state -> CheckedContinuation<Void, Never>? in
                change(&state)
                guard let waiter = state.waiter, state.isClosed || waiter.needed(state.received) else { return nil }
                state.waiter = nil
                return waiter.continuation
            }
            ready?.resume()
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let inbox: Inbox
        init(_ inbox: Inbox) { self.inbox = inbox }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            inbox.change { $0.received += bytes }
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .some(.inputClosed) = event as? ChannelEvent { inbox.change { $0.isClosed = true } }
        }
        func channelInactive(context: ChannelHandlerContext) { inbox.change { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// - Parameter reads: false for a client that takes nothing.
    init(port: Int, reads: Bool = true) async throws {
        let inbox = Inbox()
        state = inbox
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(inbox)) }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }
    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
    func closeOutput() async throws { try await channel.close(mode: .output) }
    func close() async { try? await channel.close() }

    /// Everything received so far, once it satisfies `needed`; throws if the peer closes before.
    func received(_ needed: @escaping @Sendable (String) -> Bool) async throws -> String {
        await withCheckedContinuation { continuation in
            state.change { $0.waiter = ({ needed(String(decoding: $0, as: UTF8.self)) }, continuation) }
        }
        let text = state.state.withLock { String(decoding: $0.received, as: UTF8.self) }
        guard needed(text) else { throw Closed(received: text) }
        return text
    }

    func received(suffix: String) async throws -> String { try await received { $0.hasSuffix(suffix) } }

    /// Everything the peer sent until it closed.
    func receivedUntilClose() async -> String {
        await withCheckedContinuation { continuation in state.change { $0.waiter = ({ _ in false }, continuation) } }
        return state.state.withLock { String(decoding: $0.received, as: UTF8.self) }
    }

    func receivedCount(atLeast count: Int) async throws {
        await withCheckedContinuation { continuation in state.change { $0.waiter = ({ $0.count >= count }, continuation) } }
        guard receivedCount >= count else { throw Closed(received: "\(receivedCount) bytes") }
    }

    /// The peer has said that nothing else comes.
    var isClosed: Bool { state.state.withLock { $0.isClosed } }

    var receivedCount: Int { state.state.withLock { $0.received.count } }
}
