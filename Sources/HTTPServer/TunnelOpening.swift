import NIOCore
import NIOHTTP1
import ObjectModel

/// The connection that asked for a tunnel, on its event loop.
protocol TunnelClient: AnyObject {
    /// No answer came from the backend.
    func tunnelFailed(_ response: HTTPResponse)

    /// The backend answered, but not with 101: its answer is passed on and the tunnel never opens.
    func tunnelRefused(_ head: HTTPResponseHead)
    func tunnelRefused(body: ByteBuffer)
    func tunnelRefusalEnded(isWhole: Bool)

    /// Passes the backend's 101 on, or tells the client of its WebSocket, and leaves HTTP; nil if the client is gone.
    func tunnelOpened(_ head: HTTPResponseHead, _ webSocket: WebSocketTunnel?) -> Splice?
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
        BackendConnection.open(tunnel.backend, on: eventLoop, timeout: timeout).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error):
                self.failed(.unreachable(error))
            }
        }
    }

    private func connected(_ channel: any Channel) {
        guard !hasAnswered, client != nil else { return channel.close(promise: nil) }
        backend = channel
        do {
            try channel.pipeline.syncOperations.addHandler(TunnelBackendHandler(self))
        } catch {
            return failed(.unreachable(error))
        }
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: tunnel.method), uri: tunnel.uri, headers: tunnel.headers)
        let pipeline = channel.pipeline.syncOperations
        pipeline.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        if !tunnel.body.isEmpty { pipeline.write(NIOAny(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: tunnel.body)))), promise: nil) }
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
        // First of all nobody is told of anything else: closing the backend's channel tells of its end at once.
        let client = client
        self.client = nil
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
        let client = client
        self.client = nil
        backend?.close(promise: nil)
        client?.tunnelRefusalEnded(isWhole: true)
    }

    /// The backend left in the middle of its refusal.
    fileprivate func refusalCut() {
        client?.tunnelRefusalEnded(isWhole: false)
        client = nil
    }

    /// Both ends are joined; HTTP is over.
    fileprivate func opened(_ head: HTTPResponseHead, _ handler: ChannelHandlerContext) {
        guard !hasAnswered, let splice = client?.tunnelOpened(head, tunnel.webSocket) else { return handler.close(promise: nil) }
        hasAnswered = true
        timeout?.cancel()
        client = nil
        let own = Splice()
        let pipeline = handler.pipeline.syncOperations
        do {
            try pipeline.addHandler(own)
            try pipeline.remove(HTTPRequestEncoder.self)
            pipeline.removeHandler(context: handler, promise: nil)
            // The parser, in the middle of whose work this is, leaves when it is done. Until then it would take what is written for requests.
            let parserLeft = eventLoop.makePromise(of: Void.self)
            parserLeft.futureResult.assumeIsolated().whenComplete { _ in Splice.join(splice, own) }
            try pipeline.remove(ByteToMessageHandler<HTTPResponseDecoder>.self, promise: parserLeft)
        } catch {
            splice.close()
            handler.close(promise: nil)
        }
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
            opening.refusalCut()
        }
        context.fireChannelInactive()
    }
}
