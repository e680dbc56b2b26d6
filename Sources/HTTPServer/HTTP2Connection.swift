import ClusterClient
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2

/// The server's end of an HTTP/2 connection, working on frames. (A child channel per stream would cost more than most requests do: a request that
/// is answered at once leaves no trace here.) The handler below keeps the protocol's rules, windows included.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    let service: Service
    let outbox: Outbox
    private let peer: Peer
    private let eventLoop: any EventLoop
    private let idleTimeout: TimeAmount

    private var context: ChannelHandlerContext?
    private var exchanges: [Int: Exchange] = [:]

    /// What the bodies that are still coming in hold, together.
    private var bodyBytes = 0
    private var lastStreamID = 0
    private let timer: DeadlineTimer
    private var isReading = false
    private var needsFlush = false
    private var isDraining = false

    init(service: Service, outbox: Outbox, peer: Peer) {
        self.service = service
        self.outbox = outbox
        self.peer = peer
        eventLoop = outbox.eventLoop
        timer = DeadlineTimer(eventLoop)
        idleTimeout = service.limits.idleTimeout.timeAmount
    }

    // MARK: Windows

    /// What a client may send ahead on one stream, and on the whole connection.
    private static let streamWindow = 1024 * 1024
    private static let connectionWindow = 16 * 1024 * 1024
    private static let defaultWindow = 65_535

    static func makeProtocolHandler(_ limits: Listener.Limits) -> NIOHTTP2Handler {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.concurrentStreamsMax),
            HTTP2Setting(parameter: .initialWindowSize, value: streamWindow),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytesMax),
        ]
        connection.maximumSequentialContinuationFrames = limits.headerBytesMax / 16_384 + 1
        connection.controlFrameRateLimit.maximumCount = limits.controlFramesMax
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.streamResetFrameRateLimit.maximumCount = limits.controlFramesMax
        return NIOHTTP2Handler(mode: .server, frameDelegate: nil, connectionConfiguration: connection, streamConfiguration: stream)
    }

    private func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
        guard let size = event.inboundWindowSize else { return }
        let target = event.streamID == .rootStream ? Self.connectionWindow : Self.streamWindow
        guard size <= target / 2 else { return }
        write(event.streamID, .windowUpdate(windowSizeIncrement: target - size))
        flushSoon()
    }

    // MARK: The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        timer.start { [unowned self] in timeExpired() }
        write(.rootStream, .windowUpdate(windowSizeIncrement: Self.connectionWindow - Self.defaultWindow))
        context.flush()
        becameIdle()
    }

    func handlerRemoved(context: ChannelHandlerContext) { close() }

    func channelInactive(context: ChannelHandlerContext) {
        close()
        context.fireChannelInactive()
    }

    private func close() {
        timer.stop()
        context = nil
        let open = exchanges.values
        exchanges = [:]
        bodyBytes = 0
        for exchange in open { exchange.abandon() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A stream's error has already been answered with RST_STREAM; a connection's with GOAWAY.
        if !(error is NIOHTTP2Errors.StreamError) { context.close(promise: nil) }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        let frame = unwrapInboundIn(data)
        let id = Int(frame.streamID)
        switch frame.payload {
        case .headers(let payload): receiveHeaders(id, payload)
        case .data(let payload): receiveData(id, payload)
        case .goAway: drain()
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if needsFlush { flush() }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as NIOHTTP2WindowUpdatedEvent: windowChanged(event)
        case let event as StreamClosedEvent: streamClosed(Int(event.streamID))
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func receiveHeaders(_ id: Int, _ payload: HTTP2Frame.FramePayload.Headers) {
        if let exchange = exchanges[id] {
            // Trailers: the body is complete.
            if payload.endStream { finishBody(exchange) }
            return
        }
        guard !isDraining || id <= lastStreamID else { return }
        lastStreamID = max(lastStreamID, id)
        // Lifted with the first exchange that is kept. An answer that is not taken keeps the connection no longer than none.
        if exchanges.isEmpty { timer.set(.now() + idleTimeout) }
        switch HTTPRequest.reading(payload.headers, peer) {
        case .failure(let refusal): refuse(id, refusal.response, isWhole: payload.endStream)
        case .success(let request):
            if payload.endStream { return perform(request, id) }
            if let length = request.headers.first(name: "content-length").flatMap({ Int($0) }), length > service.limits.bodyBytesMax {
                return refuse(id, .bodyTooLarge(limit: service.limits.bodyBytesMax), isWhole: false)
            }
            let exchange = keep(id, isHead: request.api.method == .head)
            exchange.request = request
            exchange.bodyDeadline = .now() + service.limits.bodyTimeout.timeAmount
            watchClock()
        }
    }

    private func receiveData(_ id: Int, _ payload: HTTP2Frame.FramePayload.Data) {
        guard let exchange = exchanges[id], case .byteBuffer(let bytes) = payload.data else { return }
        if exchange.request != nil {
            let size = (exchange.request?.api.body.count ?? 0) + bytes.readableBytes
            if size > service.limits.bodyBytesMax {
                return refuse(id, .bodyTooLarge(limit: service.limits.bodyBytesMax), isWhole: payload.endStream)
            }
            // To leave the window shut instead could stop all of them for good: none would get its last bytes through.
            if bodyBytes + bytes.readableBytes > service.limits.connectionBodyBytesMax {
                return refuse(id, .bodiesTooLarge(limit: service.limits.connectionBodyBytesMax), isWhole: payload.endStream)
            }
            exchange.request?.api.body.append(contentsOf: bytes.readableBytesView)
            bodyBytes += bytes.readableBytes
        }
        if payload.endStream { finishBody(exchange) }
    }

    private func finishBody(_ exchange: Exchange) {
        guard let request = takeRequest(exchange) else { return }
        perform(request, exchange.id)
    }

    /// The request with as much of its body as has come: nothing is waited for any more.
    @discardableResult private func takeRequest(_ exchange: Exchange) -> HTTPRequest? {
        guard let request = exchange.request else { return nil }
        exchange.request = nil
        exchange.bodyDeadline = .distantFuture
        bodyBytes -= request.api.body.count
        return request
    }

    /// Answers before the request's end, then asks the client to send no more of it.
    private func refuse(_ id: Int, _ response: HTTPResponse, isWhole: Bool) {
        let exchange = keep(id, isHead: false)
        takeRequest(exchange)
        let length = response.body.reduce(0) { $0 + $1.count }
        sendHead(id, status: response.status, headers: response.headers, contentLength: length, isLast: false)
        var outgoing = PieceQueue(response.body)
        let buffer = outgoing.take(upTo: length, allocator) ?? ByteBuffer()
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            guard !isWhole, exchanges[id] != nil else { return }
            write(HTTP2StreamID(id), .rstStream(.noError))
            flushSoon()
        }
        sendBody(id, buffer, isLast: true, promise: promise)
        expectProgress(exchange)
        flushSoon()
    }

    private func streamClosed(_ id: Int) {
        guard let exchange = exchanges.removeValue(forKey: id) else { return becameIdle() }
        takeRequest(exchange)
        exchange.abandon()
        becameIdle()
    }

    // MARK: Time

    private func becameIdle() {
        guard exchanges.isEmpty, context != nil else { return }
        if isDraining { return closeWhenSent() }
        timer.set(.now() + idleTimeout)
    }

    /// Sets the timer for what is due first: a request's body, or the reading of an answer.
    private func watchClock() {
        guard let first = exchanges.values.map({ min($0.bodyDeadline, $0.stallDeadline) }).min(), first < .distantFuture else { return timer.lift() }
        timer.set(first)
    }

    func expectProgress(_ exchange: Exchange) {
        let isFirst = exchange.stallDeadline == .distantFuture
        exchange.stallDeadline = .now() + service.limits.stallTimeout.timeAmount
        // One that is only put off is looked at when the timer fires.
        if isFirst { watchClock() }
    }

    private func timeExpired() {
        if exchanges.isEmpty { return isDraining ? context?.close(promise: nil) ?? () : drain() }
        let now = NIODeadline.now()
        for exchange in exchanges.values where exchange.stallDeadline <= now {
            exchanges[exchange.id] = nil
            takeRequest(exchange)
            sendAbort(exchange.id)
            exchange.abandon()
        }
        for exchange in exchanges.values where exchange.bodyDeadline <= now {
            refuse(exchange.id, .failure(.timeout, "the request's body did not come in time", code: 408), isWhole: false)
        }
        watchClock()
        becameIdle()
    }
}

// MARK: - Framing

extension HTTP2Connection: Carrier {
    var allocator: ByteBufferAllocator { context?.channel.allocator ?? ByteBufferAllocator() }

    func sendHead(_ id: Int, status: Int, headers: HTTPHeaders, contentLength: Int?, isLast: Bool) {
        let fields = HPACKHeaders(status: status, headers: headers, contentLength: contentLength)
        write(HTTP2StreamID(id), .headers(.init(headers: fields, endStream: isLast)))
    }

    func sendBody(_ id: Int, _ buffer: ByteBuffer, isLast: Bool, promise: EventLoopPromise<Void>?) {
        write(HTTP2StreamID(id), .data(.init(data: .byteBuffer(buffer), endStream: isLast)), promise)
    }

    func sendEnd(_ id: Int) { sendBody(id, ByteBuffer(), isLast: true, promise: nil) }

    func sendAbort(_ id: Int) {
        write(HTTP2StreamID(id), .rstStream(.internalError))
        flushSoon()
    }

    func exchange(_ id: Int) -> Exchange? { exchanges[id] }

    func keep(_ id: Int, isHead: Bool) -> Exchange {
        if let exchange = exchanges[id] { return exchange }
        if exchanges.isEmpty { timer.lift() }
        let exchange = Exchange(id: id, isHead: isHead)
        exchanges[id] = exchange
        return exchange
    }

    /// The stream's end is told by the handler below, once the last frame has left.
    func answered(_ id: Int) {
        if let exchange = exchanges[id] { expectProgress(exchange) }
    }

    func openTunnel(_ tunnel: Tunnel, _ id: Int) {
        let message = "Upgrade request required"
        respond(.failure(.badRequest, message), id, isHead: false)
    }

    private func write(_ id: HTTP2StreamID, _ payload: HTTP2Frame.FramePayload, _ promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
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
}

extension HTTP2Connection: Drainable {
    /// GOAWAY tells the client which requests will still be answered; it makes the others again elsewhere.
    func drain() {
        guard !isDraining, context != nil else { return }
        isDraining = true
        write(.rootStream, .goAway(lastStreamID: HTTP2StreamID(lastStreamID), errorCode: .noError, opaqueData: nil))
        for exchange in exchanges.values { exchange.stream?.finish() }
        flush()
        if exchanges.isEmpty { closeWhenSent() }
    }

    private func closeWhenSent() {
        guard let context else { return }
        let promise = eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            guard let self, self.exchanges.isEmpty else { return }
            self.context?.close(promise: nil)
        }
        // A client that doesn't read is not waited for longer than for the rest of an answer.
        timer.set(.now() + service.limits.stallTimeout.timeAmount)
        // What was written before this has left when it has left.
        write(.rootStream, .goAway(lastStreamID: HTTP2StreamID(lastStreamID), errorCode: .noError, opaqueData: nil), promise)
        context.flush()
    }
}
