import NIOCore
import NIOHTTP1
import ObjectModel
import Synchronization

/// What becomes of an answer. Called on the connection's event loop, `failed` last and only where `end` was not called.
protocol ResponseConsumer: AnyObject {
    func head(_ head: HTTPResponseHead)
    func body(_ bytes: ByteBuffer)
    func end()
    func failed(_ error: HTTPSError)
}

/// One request and its answer on a stream of a connection.
final class HTTPSExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let requestHead: HTTPRequestHead
    private let requestBody: [UInt8]
    private let consumer: any ResponseConsumer
    private let deadline: Duration
    private var timer: Scheduled<Void>?
    private var isOver = false

    /// - Parameter timeout: to the end of the answer, or to its head for a watch, which has no end.
    init(_ head: HTTPRequestHead, _ body: [UInt8], consumer: any ResponseConsumer, timeout: Duration) {
        requestHead = head
        requestBody = body
        self.consumer = consumer
        deadline = timeout
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(deadline.nanoseconds)) { [self] in
            fail(HTTPSError(.timeout, "no answer within \(deadline)"))
            channel.close(promise: nil)
        }
        context.write(wrapOutboundOut(.head(requestHead)), promise: nil)
        if !requestBody.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: requestBody)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if consumer is WatchConsumer, head.status == .ok { stopTimer() }
            consumer.head(head)
        case .body(let bytes): consumer.body(bytes)
        case .end:
            isOver = true
            stopTimer()
            consumer.end()
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(HTTPSError(.connectionLost, "the connection was lost: \(error)"))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(HTTPSError(.connectionLost, "the connection ended before the answer did"))
        context.fireChannelInactive()
    }

    private func fail(_ error: HTTPSError) {
        guard !isOver else { return }
        isOver = true
        stopTimer()
        consumer.failed(error)
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }
}

/// Gathers a whole answer.
final class ResponseGatherer: ResponseConsumer {
    private let promise: EventLoopPromise<APIResponse>
    private var response = APIResponse(contentType: "")

    init(_ promise: EventLoopPromise<APIResponse>) { self.promise = promise }

    func head(_ head: HTTPResponseHead) {
        response.status = Int(head.status.code)
        response.contentType = head.headers.first(name: "content-type") ?? ""
        response.headers = head.headers.map { ($0.name, $0.value) }
    }

    func body(_ bytes: ByteBuffer) { response.body.append(contentsOf: bytes.readableBytesView) }
    func end() { promise.succeed(response) }
    func failed(_ error: HTTPSError) { promise.fail(error) }
}

/// Turns the answer to a watch into events, or into the failure that the server answered.
final class WatchConsumer: ResponseConsumer {
    private let promise: EventLoopPromise<WatchHandover>
    private let cancel: @Sendable () -> Void
    private var lines = WatchLines()
    private var continuation: WatchStream.Continuation?
    private var refusal: APIResponse?

    /// Events that wait for their reader. One that falls further behind is told to list again, as a server does.
    static let waitingMax = 16_384

    init(_ promise: EventLoopPromise<WatchHandover>, cancel: @escaping @Sendable () -> Void) {
        self.promise = promise
        self.cancel = cancel
    }

    func head(_ head: HTTPResponseHead) {
        guard head.status == .ok else {
            refusal = APIResponse(status: Int(head.status.code), contentType: "")
            return
        }
        let (stream, continuation) = WatchStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingMax))
        continuation.onTermination = { [cancel] _ in cancel() }
        self.continuation = continuation
        promise.succeed(WatchHandover(stream))
    }

    func body(_ bytes: ByteBuffer) {
        if refusal != nil {
            refusal?.body.append(contentsOf: bytes.readableBytesView)
            return
        }
        do {
            for event in try lines.events(bytes.readableBytesView) {
                if case .dropped = continuation?.yield(event) {
                    throw APIError(.expired, "the reader of the watch is more than \(Self.waitingMax) events behind")
                }
            }
        } catch {
            continuation?.finish(throwing: error)
            cancel()
        }
    }

    func end() {
        guard let refusal else {
            continuation?.finish()
            return
        }
        let text = String(decoding: refusal.body.prefix(1024), as: UTF8.self)
        promise.fail(
            (try? Value(json: refusal.body)).flatMap(APIError.init(status:))
                ?? APIError(.unknown, text.isEmpty ? "the server answered with status \(refusal.status)" : text, code: refusal.status))
    }

    func failed(_ error: HTTPSError) {
        if let continuation {
            continuation.finish(throwing: error)
        } else {
            promise.fail(error)
        }
    }
}

/// Hands a watch to whoever asked for it and keeps nothing: a stream that anyone else held on to would never hear that its reader is gone.
final class WatchHandover: Sendable {
    private let stream: Mutex<WatchStream?>

    init(_ stream: WatchStream) { self.stream = Mutex(stream) }

    func take() throws(HTTPSError) -> WatchStream {
        let taken = stream.withLock { stream in
            defer { stream = nil }
            return stream
        }
        guard let taken else { throw HTTPSError(.connectionLost, "the watch has been taken") }
        return taken
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
