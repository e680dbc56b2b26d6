import NIOCore
import NIOHTTP1

/// A request that another server answers. Its answer is passed on as it comes, no faster than the client takes it. On the client's event loop.
final class Forwarding {
    private let forward: Forward
    private weak var exchange: Exchange?
    private weak var carrier: (any Carrier)?
    private let eventLoop: any EventLoop
    private var backend: (any Channel)?
    private var timeout: Scheduled<Void>?

    /// A failed answer that is gathered instead of passed on.
    private var failure: HTTPResponse?

    /// A page that is gathered for its links to be changed.
    private var page: HTTPResponse?
    private var hasBegun = false
    private var hasEnded = false
    private var isPaused = false

    private static let waitingBytesMax = 256 * 1024
    private static let failureBytesMax = 64 * 1024

    /// A larger page is passed on as it is.
    private static let pageBytesMax = 4 << 20

    init(_ forward: Forward, _ exchange: Exchange, _ carrier: any Carrier) {
        self.forward = forward
        self.exchange = exchange
        self.carrier = carrier
        eventLoop = carrier.outbox.eventLoop
    }

    func start(timeout: Duration) {
        self.timeout = eventLoop.assumeIsolated().scheduleTask(in: timeout.timeAmount) { [weak self] in
            self?.fail(.failure(.timeout, "the backend did not answer in time"))
        }
        BackendConnection.open(forward.backend, on: eventLoop, timeout: timeout).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error): self.fail(.unreachable(error))
            }
        }
    }

    private func connected(_ channel: any Channel) {
        guard !hasEnded else { return channel.close(promise: nil) }
        backend = channel
        if forward.isPatient { timeout?.cancel() }
        do {
            try channel.pipeline.syncOperations.addHandler(ForwardingHandler(self))
        } catch {
            return fail(.unreachable(error))
        }
        var headers = forward.headers.withoutHopByHop()
        headers.replaceOrAdd(name: "connection", value: "close")
        if !headers.contains(name: "host") { headers.add(name: "host", value: forward.backend.authority) }
        if !forward.body.isEmpty || forward.method == "POST" || forward.method == "PUT" || forward.method == "PATCH" {
            headers.replaceOrAdd(name: "content-length", value: String(forward.body.count))
        }
        let head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: forward.method), uri: forward.uri, headers: headers)
        let pipeline = channel.pipeline.syncOperations
        pipeline.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
        if !forward.body.isEmpty {
            pipeline.write(NIOAny(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: forward.body)))), promise: nil)
        }
        pipeline.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
    }

    // MARK: The client's side

    /// The client has taken what there was.
    func resume() {
        guard isPaused, let exchange, exchange.outgoing.count < Self.waitingBytesMax else { return }
        isPaused = false
        try? backend?.syncOptions?.setOption(.autoRead, value: true)
        backend?.read()
    }

    /// The client went away.
    func abandon() { end() }

    private func end() {
        hasEnded = true
        timeout?.cancel()
        backend?.close(promise: nil)
        backend = nil
    }

    /// No answer came, or not the whole of it.
    fileprivate func fail(_ response: HTTPResponse) {
        guard !hasEnded else { return }
        end()
        guard let exchange, let carrier else { return }
        if hasBegun {
            carrier.sendAbort(exchange.id)
        } else {
            exchange.forwarding = nil
            carrier.respond(response, exchange.id, isHead: exchange.isHead)
        }
    }

    // MARK: The backend's side

    fileprivate func receive(_ part: HTTPClientResponsePart) {
        guard !hasEnded, let exchange, let carrier else { return }
        switch part {
        case .head(let head):
            timeout?.cancel()
            receiveHead(head, exchange, carrier)
        case .body(let bytes):
            if failure != nil { return gather(bytes) }
            if page != nil, gatherPage(bytes, exchange, carrier) { return }
            exchange.outgoing.append([Array(bytes.readableBytesView)])
            carrier.pump(exchange)
            if exchange.outgoing.count >= Self.waitingBytesMax {
                isPaused = true
                try? backend?.syncOptions?.setOption(.autoRead, value: false)
            }
        case .end:
            if let failure, let onFailure = forward.onFailure { return fail(onFailure(failure)) }
            if var page, let links = forward.links {
                page.body = [links.rewrite(html: page.body[0], host: forward.backend.authority)]
                return fail(page)
            }
            end()
            exchange.isComplete = true
            carrier.pump(exchange)
        }
    }

    private func receiveHead(_ head: HTTPResponseHead, _ exchange: Exchange, _ carrier: any Carrier) {
        var headers = head.headers.withoutHopByHop()
        let length = headers.first(name: "content-length").flatMap { Int($0) }
        headers.remove(name: "content-length")
        for (name, value) in forward.responseHeaders { headers.replaceOrAdd(name: name, value: value) }
        let status = Int(head.status.code)
        if status >= 300, forward.onFailure != nil {
            failure = HTTPResponse(status: status, contentType: "", headers: headers, body: [[]])
            return
        }
        if let links = forward.links {
            if let location = headers.first(name: "location") {
                headers.replaceOrAdd(name: "location", value: links.rewrite(location, host: forward.backend.authority))
            }
            let isPage =
                headers.first(name: "content-type")?.lowercased().hasPrefix("text/html") == true && !headers.contains(name: "content-encoding")
            if isPage, !exchange.isHead, length != 0, length ?? 0 <= Self.pageBytesMax {
                page = HTTPResponse(status: status, contentType: "", headers: headers, body: [[]])
                return
            }
        }
        pass(status, headers, length, exchange, carrier)
    }

    /// Sends the head; what comes of the body follows it.
    private func pass(_ status: Int, _ headers: HTTPHeaders, _ length: Int?, _ exchange: Exchange, _ carrier: any Carrier) {
        hasBegun = true
        let hasBody = !exchange.isHead && length != 0 && status != 204 && status != 304
        carrier.sendHead(exchange.id, status: status, headers: headers, contentLength: length, isLast: !hasBody)
        carrier.flushSoon()
        if !hasBody {
            end()
            exchange.isOver = true
            carrier.answered(exchange.id)
        }
    }

    /// False once the page is too large: from then on it is passed on as it comes.
    private func gatherPage(_ bytes: ByteBuffer, _ exchange: Exchange, _ carrier: any Carrier) -> Bool {
        guard let gathered = page, gathered.body[0].count + bytes.readableBytes > Self.pageBytesMax else {
            page?.body[0].append(contentsOf: bytes.readableBytesView)
            return true
        }
        page = nil
        pass(gathered.status, gathered.headers, nil, exchange, carrier)
        exchange.outgoing.append(gathered.body)
        return false
    }

    private func gather(_ bytes: ByteBuffer) {
        let room = Self.failureBytesMax - (failure?.body[0].count ?? 0)
        failure?.body[0].append(contentsOf: bytes.readableBytesView.prefix(room))
    }
}

/// Hears a backend's answer.
private final class ForwardingHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let forwarding: Forwarding

    init(_ forwarding: Forwarding) { self.forwarding = forwarding }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { forwarding.receive(unwrapInboundIn(data)) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        forwarding.fail(.failure(.internalError, "the backend's answer could not be read: \(error)", code: 502))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        forwarding.fail(.failure(.internalError, "the backend closed the connection without an answer", code: 502))
        context.fireChannelInactive()
    }
}

extension Tunnel.Backend {
    /// For a `host` header.
    public var authority: String {
        switch self {
        case .tcp(let host, let port), .tls(let host, let port, _, _), .uncheckedTLS(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix: "localhost"
        }
    }
}
