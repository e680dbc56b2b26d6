import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A client that speaks HTTP/2 frame by frame, as no well-behaved client would.
final class RawHTTP2Client: Sendable {
    enum Kind: UInt8 { case data = 0, headers = 1, reset = 3, settings = 4, ping = 6, goAway = 7, windowUpdate = 8, continuation = 9 }

    struct Frame: Sendable, Equatable {
        var kind: UInt8
        var flags: UInt8
        var stream: UInt32
        var payload: [UInt8]
    }

    private struct State {
        var bytes: [UInt8] = []
        var frames: [Frame] = []
        var isClosed = false
        var waiter: (needed: @Sendable ([Frame]) -> Bool, continuation: CheckedContinuation<Void, Never>)?

        mutating func cut() {
            while bytes.count >= 9 {
                let length = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
                guard bytes.count >= 9 + length else { return }
                let stream = bytes[5..<9].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                frames.append(Frame(kind: bytes[3], flags: bytes[4], stream: stream, payload: Array(bytes[9..<9 + length])))
                bytes.removeFirst(9 + length)
            }
        }
    }

    private final class Inbox: Sendable {
        let state = Mutex(State())

        func change(_ change: (inout State) -> Void) {
            let ready = state.withLock { state -> CheckedContinuation<Void, Never>? in
                change(&state)
                state.cut()
                guard let waiter = state.waiter, state.isClosed || waiter.needed(state.frames) else { return nil }
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
            inbox.change { $0.bytes += bytes }
        }
        func channelInactive(context: ChannelHandlerContext) { inbox.change { $0.isClosed = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let channel: any Channel
    private let inbox = Inbox()

    /// Connects, and says hello with these settings.
    init(port: Int, settings: [(UInt16, UInt32)] = []) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.applicationProtocols = ["h2"]
        let context = try NIOSSLContext(configuration: configuration)
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { [inbox] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(try NIOSSLClientHandler(context: context, serverHostname: nil), Handler(inbox))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        let values = settings.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + Self.bytes($1) }
        try await send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(.settings, payload: values))
        // What the server allows holds from when its client has said so.
        await received { $0.contains { $0.kind == Kind.settings.rawValue && $0.flags == 0 } }
        try await send(Self.frame(.settings, flags: 1))
    }

    static func bytes(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    static func frame(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, payload: [UInt8] = []) -> [UInt8] {
        bytes(UInt32(payload.count)).dropFirst() + [kind.rawValue, flags] + bytes(stream) + payload
    }

    /// The head of a request: GET or POST of `/`. Bit 0 of the flags ends the stream, bit 2 the headers.
    static func head(_ stream: UInt32, isPost: Bool = false, flags: UInt8 = 5) -> [UInt8] {
        frame(.headers, flags: flags, stream: stream, payload: [isPost ? 0x83 : 0x82, 0x84, 0x87, 0x41, 1, UInt8(ascii: "a")])
    }

    func send(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    /// From now on nothing is read.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    /// Every frame so far, once they satisfy `needed` or the connection is closed.
    @discardableResult func received(_ needed: @escaping @Sendable ([Frame]) -> Bool) async -> [Frame] {
        await withCheckedContinuation { continuation in inbox.change { $0.waiter = (needed, continuation) } }
        return inbox.state.withLock { $0.frames }
    }

    func receivedUntilClose() async -> [Frame] { await received { _ in false } }

    func close() async { try? await channel.close() }
}
