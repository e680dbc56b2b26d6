import ClusterClient
import NIOCore
import NIOHTTP1

/// The framing of one protocol version. What a request's outcome means is the same for both and stands in the extension below.
protocol Carrier: Flushable, SendableMetatype {
    var service: Service { get }
    var outbox: Outbox { get }
    var allocator: ByteBufferAllocator { get }

    /// Sends status and headers. `contentLength` is nil where it is not known yet; `isLast` means that no body follows.
    func sendHead(_ id: Int, status: Int, headers: HTTPHeaders, contentLength: Int?, isLast: Bool)
    func sendBody(_ id: Int, _ buffer: ByteBuffer, isLast: Bool, promise: EventLoopPromise<Void>?)
    func sendEnd(_ id: Int)

    /// Tells the client that the answer it has begun to get will not be completed.
    func sendAbort(_ id: Int)

    /// The exchange under way, if its client is still there.
    func exchange(_ id: Int) -> Exchange?

    /// Starts keeping an exchange that takes longer than the call it began in.
    func keep(_ id: Int, isHead: Bool) -> Exchange

    /// The answer has been handed to the socket as a whole.
    func answered(_ id: Int)

    /// The answer has ended, and what is left of it waits for its client to read: not for ever.
    func expectProgress(_ exchange: Exchange)

    /// Leaves HTTP, where the protocol version can.
    func openTunnel(_ tunnel: Tunnel, _ id: Int)

    /// Flushes, at the end of the read or of the jobs at hand if there are any.
    func flushSoon()
}

/// Bytes of one answer that are copied for the socket but not yet taken by it.
private let inFlightBytesMax = 256 * 1024
private let batchBytesMax = 64 * 1024

/// A request with a body as small as this is carried out on the event loop that it came by, like the reads: it takes less than changing threads twice.
private let smallBodyBytesMax = 64 * 1024

extension Carrier {
    /// Has a whole request handled and sees to its outcome.
    func perform(_ request: HTTPRequest, _ id: Int) {
        let isSmall = request.api.body.count <= smallBodyBytesMax
        carryOut(service.handler.handle(request), id, request.api.method, executor: isSmall ? outbox : nil)
    }

    /// What an answer waits for is done by `executor`; nil is the pool of threads, for work that would hold up an event loop.
    private func carryOut(_ outcome: Outcome, _ id: Int, _ method: APIRequest.Method, executor: Outbox?) {
        let isHead = method == .head
        switch outcome {
        case .respond(let response): respond(response, id, isHead: isHead)
        case .wait(let work): wait(id, method, executor) { await .respond(work()) }
        case .deferred(let work): wait(id, method, executor, work)
        case .stream(let head, let start):
            sendHead(id, status: head.status, headers: head.headers, contentLength: nil, isLast: isHead)
            flushSoon()
            if isHead { answered(id) } else { startStream(id, start) }
        case .tunnel(let tunnel): openTunnel(tunnel, id)
        case .forward(let forward):
            let exchange = keep(id, isHead: isHead)
            exchange.forwarding = Forwarding(forward, exchange, self)
            exchange.forwarding?.start(timeout: service.limits.tunnelConnectTimeout)
        }
    }

    func respond(_ response: HTTPResponse, _ id: Int, isHead: Bool) {
        let length = response.body.reduce(0) { $0 + $1.count }
        let hasBody = length > 0 && !isHead && response.status != 204 && response.status != 304
        sendHead(id, status: response.status, headers: response.headers, contentLength: length, isLast: !hasBody)
        if hasBody, length > batchBytesMax {
            let exchange = keep(id, isHead: isHead)
            exchange.outgoing = PieceQueue(response.body)
            exchange.isComplete = true
            pump(exchange)
        } else {
            if hasBody { sendBody(id, joined(response.body, length), isLast: true, promise: nil) }
            answered(id)
        }
        flushSoon()
    }

    private func joined(_ pieces: [[UInt8]], _ length: Int) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: length)
        for piece in pieces { buffer.writeBytes(piece) }
        return buffer
    }

    private func wait(_ id: Int, _ method: APIRequest.Method, _ executor: Outbox?, _ work: @escaping @Sendable () async -> Outcome) {
        let exchange = keep(id, isHead: method == .head)
        let carrier = NIOLoopBound(self, eventLoop: outbox.eventLoop)
        let connections = service.connections
        connections.workStarted()
        let task = Task(executorPreference: executor) { [outbox] in
            let outcome = await work()
            outbox.perform { carrier.value.waited(id, method, outcome, executor: executor) }
            connections.workEnded()
        }
        // A write that has begun is finished, whoever still listens. A read nobody waits for is not worth its work.
        if method == .get || method == .head { exchange.task = task }
    }

    private func waited(_ id: Int, _ method: APIRequest.Method, _ outcome: Outcome, executor: Outbox?) {
        guard let exchange = exchange(id) else { return }
        exchange.task = nil
        carryOut(outcome, id, method, executor: executor)
    }

    private func startStream(_ id: Int, _ start: @Sendable (any StreamSink) -> Void) {
        let carrier = NIOLoopBound(self, eventLoop: outbox.eventLoop)
        let stream = ResponseStream(pendingBytesMax: service.limits.streamPendingBytesMax) { [outbox] _ in
            outbox.postStream { carrier.value.continueStream(id) }
        }
        keep(id, isHead: false).stream = stream
        start(stream)
    }

    private func continueStream(_ id: Int) {
        guard let exchange = exchange(id) else { return }
        pump(exchange)
    }

    /// Gives the socket as much of an answer as it should hold.
    func pump(_ exchange: Exchange) {
        guard !exchange.isOver else { return }
        if exchange.outgoing.isEmpty, !exchange.isComplete, let stream = exchange.stream {
            let (pieces, isFinished) = stream.take()
            exchange.outgoing.append(pieces)
            exchange.isComplete = isFinished
        }
        var hasEnded = false
        while exchange.inFlight < inFlightBytesMax, let buffer = exchange.outgoing.take(upTo: batchBytesMax, allocator) {
            let count = buffer.readableBytes
            hasEnded = exchange.isComplete && exchange.outgoing.isEmpty
            exchange.inFlight += count
            let promise = outbox.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { self.taken(count, exchange, $0) }
            sendBody(exchange.id, buffer, isLast: hasEnded, promise: promise)
        }
        if exchange.isComplete, exchange.outgoing.isEmpty {
            if !hasEnded { sendEnd(exchange.id) }
            exchange.isOver = true
            exchange.stream?.close()
            exchange.forwarding = nil
            answered(exchange.id)
        } else if exchange.isComplete || exchange.stream?.isFinished ?? false {
            expectProgress(exchange)
        }
        flushSoon()
    }

    private func taken(_ count: Int, _ exchange: Exchange, _ result: Result<Void, any Error>) {
        exchange.inFlight -= count
        exchange.stream?.taken(count)
        guard case .success = result else { return }
        if exchange.stallDeadline < .distantFuture { expectProgress(exchange) }
        // Refill at half, so that the socket does not run dry.
        guard exchange.inFlight <= inFlightBytesMax / 2, !exchange.isOver else { return }
        pump(exchange)
        exchange.forwarding?.resume()
    }
}
