import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One GET, for probes and hooks: a fresh connection, certificates unchecked, the body cut off early.
enum ProbeHTTP {
    struct Request: Sendable {
        var scheme: String
        var host: String
        var port: Int
        var path: String
        var headers: [(name: String, value: String)]
    }

    struct Answer: Sendable {
        var status: Int
        var location: String?
        var body: String
    }

    /// Bytes of a body that are read, at most.
    static let bodyMax = 10 << 10

    private static let tls: NIOSSLContext? = {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return try? NIOSSLContext(configuration: configuration)
    }()

    static func send(_ request: Request, timeout: Duration) async throws -> Answer {
        let group = MultiThreadedEventLoopGroup.singleton
        let promise = group.next().makePromise(of: Answer.self)
        let limit = TimeAmount(timeout)
        let bootstrap = ClientBootstrap(group: promise.futureResult.eventLoop).connectTimeout(limit).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if request.scheme == "https", let tls {
                    try channel.pipeline.syncOperations.addHandler(try NIOSSLClientHandler(context: tls, serverHostname: nil))
                }
                try channel.pipeline.syncOperations.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                try channel.pipeline.syncOperations.addHandler(ProbeHTTPHandler(request, promise, limit))
            }
        }
        bootstrap.connect(host: request.host, port: request.port).whenFailure { promise.fail($0) }
        return try await promise.futureResult.get()
    }

    /// Whether a connection can be made.
    static func connect(host: String, port: Int, timeout: Duration) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(TimeAmount(timeout))
            .connect(host: host, port: port).get()
        try? await channel.close().get()
    }
}

/// Sends the request as soon as the connection stands, gathers the answer, and closes.
private final class ProbeHTTPHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: ProbeHTTP.Request
    private var promise: EventLoopPromise<ProbeHTTP.Answer>?
    private let timeout: TimeAmount
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var timer: Scheduled<Void>?

    init(_ request: ProbeHTTP.Request, _ promise: EventLoopPromise<ProbeHTTP.Answer>, _ timeout: TimeAmount) {
        self.request = request
        self.promise = promise
        self.timeout = timeout
    }

    func channelActive(context: ChannelHandlerContext) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: request.path)
        for (name, value) in request.headers { head.headers.add(name: name, value: value) }
        if !head.headers.contains(name: "Host") {
            let host = request.host.contains(":") ? "[\(request.host)]" : request.host
            head.headers.add(name: "Host", value: "\(host):\(request.port)")
        }
        if !head.headers.contains(name: "User-Agent") { head.headers.add(name: "User-Agent", value: "kube-probe/1.36") }
        if !head.headers.contains(name: "Accept") { head.headers.add(name: "Accept", value: "*/*") }
        head.headers.replaceOrAdd(name: "Connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: timeout) {
            let (handler, context) = bound.value
            handler.finish(.failure(ProbeTimeout()))
            context.close(promise: nil)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var buffer):
            body += (buffer.readBytes(length: buffer.readableBytes) ?? []).prefix(ProbeHTTP.bodyMax - body.count)
            if body.count >= ProbeHTTP.bodyMax { complete(context) }
        case .end: complete(context)
        }
    }

    private func complete(_ context: ChannelHandlerContext) {
        if let head {
            finish(
                .success(
                    ProbeHTTP.Answer(
                        status: Int(head.status.code), location: head.headers.first(name: "Location"), body: String(decoding: body, as: UTF8.self))))
        }
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let head, promise != nil {
            finish(
                .success(
                    ProbeHTTP.Answer(
                        status: Int(head.status.code), location: head.headers.first(name: "Location"), body: String(decoding: body, as: UTF8.self))))
        }
        finish(.failure(ChannelError.eof))
    }

    private func finish(_ result: Result<ProbeHTTP.Answer, any Error>) {
        timer?.cancel()
        promise?.completeWith(result)
        promise = nil
    }
}

/// A probe had its time.
struct ProbeTimeout: Error, CustomStringConvertible {
    var description: String { "context deadline exceeded (Client.Timeout exceeded while awaiting headers)" }
}
