import ClusterClient
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The server's end of an HTTP/1.1 connection: one request after the other, answers in their order, keep-alive, upgrades.
final class HTTP1Connection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    let service: Service
    let outbox: Outbox
    private let peer: Peer
    private let timer: DeadlineTimer

    private var context: ChannelHandlerContext?

    private enum State {
        /// Between requests.
        case idle

        /// A request's body is coming in.
        case receiving(HTTPRequest)

        /// A request is being answered; those behind it wait in `waiting`.
        case answering

        /// The last answer is out; what still comes is dropped until the client has had the time to read it.
        case lingering

        /// The connection belongs to a backend, or is closed.
        case ended

        var takesParts: Bool {
            switch self {
            case .idle, .receiving: true
            case .answering, .lingering, .ended: false
            }
        }
    }

    private var state = State.idle
    private var body: [UInt8] = []
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var current: Exchange?
    private var opening: TunnelOpening?
    private var requestID = 0
    private var version = HTTPVersion.http1_1
    private var isUpgrade = false
    private var closesAfterAnswer = false
    private var isWithinAnswer = false

    private var isReading = false
    private var needsFlush = false
    private var isDraining = false

    /// Reading pauses when this many parts of later requests wait.
    private static let waitingPartsMax = 64
    private var hasPendingRead = false

    init(service: Service, outbox: Outbox, peer: Peer) {
        self.service = service
        self.outbox = outbox
        self.peer = peer
        timer = DeadlineTimer(outbox.eventLoop)
    }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer.start { [unowned self] in timeExpired() }
        timer.set(.now() + service.limits.headerTimeout.timeAmount)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        timer.stop()
        context = nil
        state = .ended
        waiting.removeAll()
        let exchange = current
        current = nil
        exchange?.abandon()
        opening?.abandon()
        opening = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
        waiting.removeAll()
        closesAfterAnswer = true
        switch state {
        case .idle, .receiving:
            answerEarly(error == .headerOverflow ? .refusal(431, "431 Request Header Fields Too Large") : .refusal(400, "400 Bad Request"))
        case .answering: break
        case .lingering, .ended: context.close(promise: nil)
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        let part = unwrapInboundIn(data)
        // One read may bring a thousand requests. Those that come while the client takes no answers wait with those that come while one is being answered.
        let mustWait = if case .answering = state { true } else { !waiting.isEmpty || !context.channel.isWritable }
        if mustWait { waiting.append(part) } else { receive(part) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { goOn() }
        context.fireChannelWritabilityChanged()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if needsFlush { flush() }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count < Self.waitingPartsMax { context.read() } else { hasPendingRead = true }
    }

    private func receive(_ part: HTTPServerRequestPart) {
        switch (state, part) {
        case (.idle, .head(let head)): receiveHead(head)
        case (.receiving, .body(let bytes)):
            guard body.count + bytes.readableBytes <= service.limits.bodyBytesMax else {
                return answerEarly(.bodyTooLarge(limit: service.limits.bodyBytesMax))
            }
            body.append(contentsOf: bytes.readableBytesView)
        case (.receiving(var request), .end):
            request.api.body = body
            body = []
            timer.lift()
            state = .answering
            perform(request, requestID)
        default: break  // parts of a request that was answered early
        }
    }

    private func receiveHead(_ head: HTTPRequestHead) {
        requestID += 1
        version = head.version
        isUpgrade = head.headers.contains(name: "upgrade")
        closesAfterAnswer = !head.isKeepAlive || isDraining
        timer.set(.now() + service.limits.bodyTimeout.timeAmount)
        switch HTTPRequest.reading(method: head.method.rawValue, uri: head.uri, headers: head.headers, peer) {
        case .failure(let refusal): answerEarly(refusal.response)
        case .success(let request):
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            guard length <= service.limits.bodyBytesMax else { return answerEarly(.bodyTooLarge(limit: service.limits.bodyBytesMax)) }
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" { sendContinue() }
            state = .receiving(request)
        }
    }

    private func sendContinue() {
        write(.head(HTTPResponseHead(version: version, status: .continue)))
        write(.end(nil))
        flushSoon()
    }

    /// Answers before the request's end. The connection can't be used again, as the rest of the request would be taken for the next one.
    private func answerEarly(_ response: HTTPResponse) {
        closesAfterAnswer = true
        body = []
        timer.lift()
        state = .answering
        respond(response, requestID, isHead: false)
    }

    private func nextRequest() {
        while state.takesParts, context?.channel.isWritable ?? false, let part = waiting.popFirst() { receive(part) }
        if hasPendingRead, waiting.count < Self.waitingPartsMax {
            hasPendingRead = false
            context?.read()
        }
    }

    // MARK: Time

    private static let lingerTime = TimeAmount.seconds(2)

    private func timeExpired() {
        switch state {
        case .receiving: answerEarly(.failure(.timeout, "the request's body did not come in time", code: 408))
        default: context?.close(promise: nil)
        }
    }

    private func linger() {
        state = .lingering
        timer.set(.now() + Self.lingerTime)
        // The client learns that nothing else comes; what it still sends is read, because closing on it would make its system drop our answer.
        context?.close(mode: .output, promise: nil)
    }
}

// MARK: - Framing

extension HTTP1Connection: Carrier {
    var allocator: ByteBufferAllocator { context?.channel.allocator ?? ByteBufferAllocator() }

    func sendHead(_ id: Int, status: Int, headers: HTTPHeaders, contentLength: Int?, isLast: Bool) {
        if contentLength == nil, version == .http1_0 { closesAfterAnswer = true }
        // The parser stops at an upgrade that was asked for, granted or not.
        if isUpgrade { closesAfterAnswer = true }
        var fields = HTTPHeaders()
        fields.reserveCapacity(headers.count + 2)
        for (name, value) in headers { fields.add(name: name, value: value.withoutLineBreaks) }
        if let contentLength, status != 204, status != 304 { fields.replaceOrAdd(name: "content-length", value: String(contentLength)) }
        if closesAfterAnswer {
            fields.replaceOrAdd(name: "connection", value: "close")
        } else if version == .http1_0 {
            fields.replaceOrAdd(name: "connection", value: "keep-alive")
        }
        write(.head(HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: status), headers: fields)))
        if isLast { sendEnd(id) }
    }

    func sendBody(_ id: Int, _ buffer: ByteBuffer, isLast: Bool, promise: EventLoopPromise<Void>?) {
        write(.body(.byteBuffer(buffer)), promise)
        if isLast { sendEnd(id) }
    }

    func sendEnd(_ id: Int) {
        guard closesAfterAnswer, let context else { return write(.end(nil)) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in self?.linger() }
        write(.end(nil), promise)
    }

    func sendAbort(_ id: Int) { context?.close(promise: nil) }

    func exchange(_ id: Int) -> Exchange? { id == requestID ? current : nil }

    func keep(_ id: Int, isHead: Bool) -> Exchange {
        if let current { return current }
        let exchange = Exchange(id: id, isHead: isHead)
        current = exchange
        return exchange
    }

    func answered(_ id: Int) {
        current = nil
        guard case .answering = state else { return }
        if closesAfterAnswer {
            state = .lingering
            waiting.removeAll()
            // Until the last of it has left, which begins the lingering proper.
            timer.set(.now() + service.limits.stallTimeout.timeAmount)
            return
        }
        state = .idle
        timer.set(.now() + service.limits.idleTimeout.timeAmount)
        goOn()
    }

    /// Not from within itself: a hundred requests that came at once are a loop, not a hundred calls deep.
    private func goOn() {
        guard !isWithinAnswer else { return }
        isWithinAnswer = true
        nextRequest()
        isWithinAnswer = false
    }

    func expectProgress(_ exchange: Exchange) { timer.set(.now() + service.limits.stallTimeout.timeAmount) }

    private func write(_ part: HTTPServerResponsePart, _ promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(part), promise: promise)
    }

    func flushSoon() {
        guard !needsFlush else { return }
        needsFlush = true
        if !isReading, !outbox.flushAfterJobs(self) { flush() }
    }

    func flush() {
        needsFlush = false
        context?.flush()
    }

    func openTunnel(_ tunnel: Tunnel, _ id: Int) {
        guard isUpgrade, let context else { return respond(.failure(.badRequest, "Upgrade request required"), id, isHead: false) }
        // Nothing the client sends ahead may pile up here.
        readsByItself(false)
        opening = TunnelOpening(tunnel, client: self, context.eventLoop)
        opening?.start(timeout: service.limits.tunnelConnectTimeout)
    }
}

extension HTTP1Connection: TunnelClient {
    private func readsByItself(_ isOn: Bool) { try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn) }

    func tunnelFailed(_ response: HTTPResponse) {
        opening = nil
        readsByItself(true)
        respond(response, requestID, isHead: false)
    }

    func tunnelRefused(_ head: HTTPResponseHead) {
        readsByItself(true)
        let length = head.headers.first(name: "content-length").flatMap { Int($0) }
        sendHead(requestID, status: Int(head.status.code), headers: head.headers.withoutHopByHop(), contentLength: length, isLast: false)
        flushSoon()
    }

    func tunnelRefused(body: ByteBuffer) {
        sendBody(requestID, body, isLast: false, promise: nil)
        flushSoon()
    }

    func tunnelRefusalEnded(isWhole: Bool) {
        opening = nil
        guard isWhole else { return sendAbort(requestID) }
        sendEnd(requestID)
        answered(requestID)
        flushSoon()
    }

    func tunnelOpened(_ head: HTTPResponseHead, _ webSocket: WebSocketTunnel?) -> Splice? {
        guard let context else { return nil }
        opening = nil
        write(.head(webSocket?.responseHead ?? head))
        write(.end(nil))
        context.flush()
        let splice = Splice()
        let pipeline = context.pipeline.syncOperations
        do {
            try context.channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
            try pipeline.remove(HTTPResponseEncoder.self)
            try pipeline.remove(Backpressure.self)
            // The splice stops the one side when the other is this far behind.
            try context.channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 32 << 10, high: 64 << 10))
            if let webSocket {
                let translator = WebSocketTunnelHandler(webSocket.content)
                try pipeline.addHandlers(
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketTunnelHandler.frameBytesMax)), WebSocketFrameEncoder(),
                    translator, splice)
                try translator.start(pipeline)
            } else {
                try pipeline.addHandler(splice)
            }
            readsByItself(true)
            // With the parser go the bytes that came after the request: to the splice.
            pipeline.removeHandler(context: context, promise: nil)
            try pipeline.remove(ByteToMessageHandler<HTTPRequestDecoder>.self)
        } catch {
            context.close(promise: nil)
            return nil
        }
        return splice
    }
}

extension HTTP1Connection: Drainable {
    func drain() {
        guard !isDraining, let context else { return }
        isDraining = true
        closesAfterAnswer = true
        switch state {
        case .idle, .lingering, .ended: context.close(promise: nil)
        case .receiving, .answering: current?.stream?.finish()
        }
    }
}
