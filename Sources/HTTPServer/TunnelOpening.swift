import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ObjectModel

/// The connection that asked for a tunnel, on its event loop.
protocol TunnelClient: AnyObject {
    /// No answer came from the backend.
    func tunnelFailed(_ response: HTTPResponse)

    /// The backend answered, but not with 101: its answer is passed on and the tunnel never opens.
    func tunnelRefused(_ head: HTTPResponseHead)
    func tunnelRefused(body: ByteBuffer)
    func tunnelRefusalEnded()

    /// Passes the backend's 101 on and leaves HTTP; nil if the client is gone.
    func tunnelOpened(_ head: HTTPResponseHead) -> Splice?
}

/// The time between a request to leave HTTP and the backend's answer to it. On the client's event loop, where the backend's channel lives too.
final class TunnelOpening {
    private let tunnel: Tunnel
    private let eventLoop: any EventLoop
    private weak var client: (any TunnelClient)?
    private var backend: (any Channel)?
    private var timeout: Scheduled<Void>?
    private var hasAnswered = false

    init(_ tunnel: Tunnel, client: any TunnelClient, _ eventLoop: any EventLoop) {
        self.tunnel = tunnel
        self.client = client
        self.eventLoop = eventLoop
    }

    func start(timeout: Duration) {
        self.timeout = eventLoop.assumeIsolated().scheduleTask(in: timeout.timeAmount) { [weak self] in
            self?.failed(.failure(.timeout, "the backend did not answer in time"))
        }
        connect(timeout).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error):
                self.failed(.failure(.serviceUnavailable, "error trying to reach the backend: \(error)"))
            }
        }
    }

    private func connect(_ timeout: Duration) -> EventLoopFuture<any Channel> {
        let secured: (context: NIOSSLContext, serverName: String?)?
        do {
            secured = try TunnelTLS.context(tunnel.backend)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout.timeAmount)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let secured { try pipeline.addHandler(NIOSSLClientHandler(context: secured.context, serverHostname: secured.serverName)) }
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)))
                }
            }
        switch tunnel.backend {
        case .tcp(let host, let port): return bootstrap.connect(host: host, port: port)
        case .tls(let host, let port, _, _): return bootstrap.connect(host: host, port: port)
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    private func connected(_ channel: any Channel) {
        guard !hasAnswered, client != nil else { return channel.close(promise: nil) }
        backend = channel
        do {
            try channel.pipeline.syncOperations.addHandler(TunnelBackendHandler(self))
        } catch {
            return failed(.failure(.serviceUnavailable, "error trying to reach the backend: \(error)"))
        }
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: tunnel.method), uri: tunnel.uri, headers: tunnel.headers)
        let pipeline = channel.pipeline.syncOperations
        pipeline.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        pipeline.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
    }

    /// The client went away.
    func abandon() {
        timeout?.cancel()
        hasAnswered = true
        client = nil
        backend?.close(promise: nil)
    }

    // MARK: What the backend says

    fileprivate func failed(_ response: HTTPResponse) {
        guard !hasAnswered else { return }
        hasAnswered = true
        timeout?.cancel()
        backend?.close(promise: nil)
        client?.tunnelFailed(response)
    }

    fileprivate func refused(_ head: HTTPResponseHead) {
        guard !hasAnswered else { return }
        hasAnswered = true
        timeout?.cancel()
        client?.tunnelRefused(head)
    }

    fileprivate func refused(body: ByteBuffer) { client?.tunnelRefused(body: body) }

    fileprivate func refusalEnded() {
        backend?.close(promise: nil)
        client?.tunnelRefusalEnded()
        client = nil
    }

    /// Both ends are joined; HTTP is over.
    fileprivate func opened(_ head: HTTPResponseHead, _ handler: ChannelHandlerContext) {
        guard !hasAnswered, let splice = client?.tunnelOpened(head) else { return handler.close(promise: nil) }
        hasAnswered = true
        timeout?.cancel()
        client = nil
        let own = Splice()
        let pipeline = handler.pipeline.syncOperations
        do {
            try pipeline.addHandler(own)
            try pipeline.remove(HTTPRequestEncoder.self)
            pipeline.removeHandler(context: handler, promise: nil)
            try pipeline.remove(ByteToMessageHandler<HTTPResponseDecoder>.self)
        } catch {
            handler.close(promise: nil)
        }
        Splice.join(splice, own)
    }
}

/// Hears the backend's answer to an upgrade.
private final class TunnelBackendHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let opening: TunnelOpening
    private var accepted: HTTPResponseHead?
    private var isDone = false

    init(_ opening: TunnelOpening) { self.opening = opening }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols && head.headers.contains(name: "upgrade"): accepted = head
        case .head(let head) where head.status == .switchingProtocols:
            isDone = true
            opening.failed(.failure(.internalError, "the backend switched protocols without naming one", code: 502))
        case .head(let head): opening.refused(head)
        case .body(let bytes): opening.refused(body: bytes)
        case .end:
            guard !isDone else { return }
            isDone = true
            if let accepted { opening.opened(accepted, context) } else { opening.refusalEnded() }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        opening.failed(.failure(.internalError, "the backend's answer could not be read: \(error)", code: 502))
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // With half-closure allowed, the backend's end shows as an event.
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone {
            isDone = true
            opening.failed(.failure(.internalError, "the backend closed the connection without an answer", code: 502))
            opening.refusalEnded()
        }
        context.fireChannelInactive()
    }
}

enum TunnelTLS {
    /// What to secure a connection to the backend with; nil for a plain one.
    static func context(_ backend: Tunnel.Backend) throws -> (context: NIOSSLContext, serverName: String?)? {
        guard case .tls(_, _, let serverName, let credentials) = backend else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(credentials.caPEM.utf8)))
        if !credentials.certificatePEM.isEmpty {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(credentials.certificatePEM.utf8)).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(credentials.keyPEM.utf8), format: .pem))
        }
        configuration.applicationProtocols = ["http/1.1"]
        return (try NIOSSLContext(configuration: configuration), serverName)
    }
}
