import Glibc
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// One HTTP/2 connection to a server: any number of requests at the same time.
final class HTTPSConnection: Sendable {
    let identity: TLSCredentials
    private let channel: any Channel
    private let streams: NIOHTTP2Handler.StreamMultiplexer
    private let state = Mutex(State())

    private struct State {
        var isRetired = false
        var exchanges = 0
    }

    private init(_ channel: any Channel, _ streams: NIOHTTP2Handler.StreamMultiplexer, _ identity: TLSCredentials) {
        self.channel = channel
        self.streams = streams
        self.identity = identity
    }

    var eventLoop: any EventLoop { channel.eventLoop }

    /// Whether new requests may use it.
    var isUsable: Bool { channel.isActive && !state.withLock { $0.isRetired } }

    func onClose(_ handler: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in handler() } }

    // MARK: Requests

    func start(
        _ head: HTTPRequestHead, _ body: [UInt8], timeout: Duration, _ consumer: @escaping @Sendable () -> any ResponseConsumer, _ opened: Opened
    ) {
        state.withLock { $0.exchanges += 1 }
        let stream = streams.createStreamChannel { channel in
            channel.eventLoop.makeCompletedFuture {
                let exchange = HTTPSExchange(head, body, consumer: consumer(), timeout: timeout)
                try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .https))
                try channel.pipeline.syncOperations.addHandler(exchange)
            }
        }
        stream.whenComplete { [self] result in
            switch result {
            case .success(let channel):
                opened.set(channel)
                channel.closeFuture.whenComplete { _ in self.exchangeEnded() }
            case .failure(let error):
                consumer().failed(HTTPSError(.connectionLost, "the connection was lost: \(error)", isUnsent: true))
                exchangeEnded()
            }
        }
    }

    private func exchangeEnded() {
        let isDone = state.withLock { state in
            state.exchanges -= 1
            return state.isRetired && state.exchanges == 0
        }
        if isDone { close() }
    }

    // MARK: Ends

    /// Takes no more requests and closes after the last, or when `grace` is over.
    func retire(within grace: TimeAmount = .seconds(60)) {
        let isDone = state.withLock { state in
            state.isRetired = true
            return state.exchanges == 0
        }
        if isDone { return close() }
        let channel = channel
        let timer = channel.eventLoop.scheduleTask(in: grace) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    func close() { channel.close(promise: nil) }

    // MARK: Connecting

    /// A connection over which the server has said its first word, so both sides trust each other.
    static func open(_ url: ServerURL, _ identity: TLSCredentials, _ timeouts: HTTPSTransport.Timeouts, on group: any EventLoopGroup)
        -> EventLoopFuture<
            HTTPSConnection
        >
    {
        let eventLoop = group.next()
        let context: NIOSSLContext
        do {
            context = try self.context(identity)
        } catch {
            return eventLoop.makeFailedFuture(HTTPSError(.unusable, "cannot use the certificate, its key or the authority: \(error)", isUnsent: true))
        }
        let ready = eventLoop.makePromise(of: Void.self)
        let isAddress = (try? SocketAddress(ipAddress: url.host, port: url.port)) != nil
        let connected = ClientBootstrap(group: eventLoop)
            .connectTimeout(.nanoseconds(timeouts.connect.nanoseconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : url.host))
                    try pipeline.addHandler(Self.protocolHandler(channel.eventLoop))
                    try pipeline.addHandler(ConnectionWatch(ready: ready, timeouts: timeouts))
                }
            }
            .connect(host: url.host, port: url.port)
        connected.whenFailure { ready.fail($0) }
        return ready.futureResult.flatMap { connected }.flatMapThrowing { channel in
            let handler = try channel.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self)
            let connection = HTTPSConnection(channel, try handler.syncMultiplexer(), identity)
            try channel.pipeline.syncOperations.handler(type: ConnectionWatch.self).onGoAway = { [weak connection] in
                connection?.retire(within: .hours(1))
            }
            return connection
        }.flatMapErrorThrowing { error in
            connected.whenSuccess { $0.close(promise: nil) }
            throw HTTPSError(.cannotConnect, "cannot connect to \(url): \(Self.reason(error))", isUnsent: true)
        }
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? HTTPSError { return error.message }
        if let error = error as? NIOConnectionError {
            return error.connectionErrors.first.map { reason($0.error) } ?? "the name \(error.host) is not known"
        }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)).lowercased() }
        if case .connectTimeout = error as? ChannelError { return "no answer in time" }
        if case .handshakeFailed(let cause) = error as? NIOSSLError {
            let text = "\(cause)"
            return text.contains("CERTIFICATE_VERIFY_FAILED") ? "its certificate is not of the expected authority" : "TLS handshake failed: \(text)"
        }
        if error is NIOSSLExtraError { return "its certificate is not for this name or address" }
        return "\(error)"
    }

    private static func context(_ identity: TLSCredentials) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if identity.caPEM.isEmpty {
            // No certificate goes to a server that is not known.
            configuration.certificateVerification = .none
        } else {
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(identity.caPEM.utf8)))
        }
        if !identity.caPEM.isEmpty, !identity.certificatePEM.isEmpty {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(identity.certificatePEM.utf8)).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(identity.keyPEM.utf8), format: .pem))
        }
        configuration.applicationProtocols = ["h2"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func protocolHandler(_ eventLoop: any EventLoop) -> NIOHTTP2Handler {
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.targetWindowSize = 1 << 20
        // A server that opens streams of its own finds nobody.
        return NIOHTTP2Handler(mode: .client, eventLoop: eventLoop, streamConfiguration: streams) { $0.close() }
    }
}

/// The stream of a request, once it is open: what a cancelled request closes.
final class Opened: Sendable {
    private let state = Mutex<(channel: (any Channel)?, isCancelled: Bool)>((nil, false))

    func set(_ channel: any Channel) {
        let isCancelled = state.withLock { state in
            state.channel = channel
            return state.isCancelled
        }
        if isCancelled { channel.close(promise: nil) }
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            return state.channel
        }?.close(promise: nil)
    }
}

/// Sees to the connection as a whole: its start, its end, and that the other side is still there.
private final class ConnectionWatch: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private var ready: EventLoopPromise<Void>?
    private let timeouts: HTTPSTransport.Timeouts
    private var timer: Scheduled<Void>?
    private var hasHeard = true

    /// The server takes no more requests here.
    var onGoAway: () -> Void = {}

    init(ready: EventLoopPromise<Void>, timeouts: HTTPSTransport.Timeouts) {
        self.ready = ready
        self.timeouts = timeouts
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(timeouts.connect.nanoseconds)) { [self] in
            settle(.failure(HTTPSError(.timeout, "no answer in time")))
            channel.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasHeard = true
        switch unwrapInboundIn(data).payload {
        case .settings(.settings):
            settle(.success(()))
            ping(context)
        case .goAway: onGoAway()
        default: break
        }
    }

    /// Asks for a sign of life now and then; silence after that ends the connection, and with it every request that waits on it.
    private func ping(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.value.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(timeouts.silence.nanoseconds)) { [self] in
            guard hasHeard else {
                context.value.close(promise: nil)
                return
            }
            hasHeard = false
            let frame = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 0), ack: false))
            context.value.writeAndFlush(wrapOutboundOut(frame), promise: nil)
            ping(context.value)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Of one stream, which hears of it by itself.
        if error is NIOHTTP2Errors.StreamError { return }
        settle(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        settle(.failure(HTTPSError(.connectionLost, "the connection ended")))
        context.fireChannelInactive()
    }

    private func settle(_ result: Result<Void, any Error>) {
        ready?.completeWith(result)
        ready = nil
    }
}
