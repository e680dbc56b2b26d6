import Logging
import NIOCore
import NIOPosix
import ObjectModel
import Synchronization

/// Tells load balancers whether this node has endpoints of a Service with `externalTrafficPolicy: Local`: 200 where it has, 503 where it has none.
actor HealthCheckServer {
    private let group: any EventLoopGroup
    private let host: String
    private let logger: Logger
    private var listeners: [UInt16: Listener] = [:]

    private struct Listener {
        var channel: any Channel
        var state: HealthCheckState
    }

    init(group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, host: String = "::", logger: Logger) {
        self.group = group
        self.host = host
        self.logger = logger
    }

    /// Listens on exactly the ports of `checks` and answers as they say. A port that somebody else has is logged and tried again at the next change.
    func update(_ checks: [UInt16: ServiceRules.HealthCheck]) async {
        for (port, listener) in listeners where checks[port] == nil {
            listeners[port] = nil
            try? await listener.channel.close()
        }
        for (port, check) in checks {
            if let listener = listeners[port] {
                listener.state.check.withLock { $0 = check }
                continue
            }
            let state = HealthCheckState(check)
            do {
                listeners[port] = Listener(channel: try await bind(port, state), state: state)
            } catch {
                logger.warning(
                    "cannot answer health checks", metadata: ["service": "\(check.namespace)/\(check.name)", "port": "\(port)", "error": "\(error)"])
            }
        }
    }

    func close() async { await update([:]) }

    private func bind(_ port: UInt16, _ state: HealthCheckState) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(IdleStateHandler(readTimeout: .seconds(10)), HealthCheckHandler(state: state))
                }
            }
            .bind(host: host, port: Int(port)).get()
    }
}

/// What is answered, changed by the proxy and read by connections.
private final class HealthCheckState: Sendable {
    let check: Mutex<ServiceRules.HealthCheck>

    init(_ check: ServiceRules.HealthCheck) { self.check = Mutex(check) }

    /// The whole response. The request's path does not matter.
    var response: String {
        let check = check.withLock { $0 }
        let body: Value = [
            "service": ["namespace": .string(check.namespace), "name": .string(check.name)], "localEndpoints": Value(check.localEndpoints),
            "serviceProxyHealthy": true,
        ]
        let text = String(decoding: body.json(), as: UTF8.self)
        let status = check.localEndpoints > 0 ? "200 OK" : "503 Service Unavailable"
        return "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n\(text)"
    }
}

/// Answers once the request's head is there, then closes.
private final class HealthCheckHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: HealthCheckState
    private var tail: [UInt8] = []
    private var received = 0

    private static let headSizeMax = 16384

    init(state: HealthCheckState) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in unwrapInboundIn(data).readableBytesView {
            received += 1
            tail = tail.suffix(3) + [byte]
            guard tail == Array("\r\n\r\n".utf8) else { continue }
            let promise = context.eventLoop.makePromise(of: Void.self)
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: state.response)), promise: promise)
            let channel = context.channel
            promise.futureResult.whenComplete { _ in channel.close(promise: nil) }
            return
        }
        if received > Self.headSizeMax { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) } else { context.fireUserInboundEventTriggered(event) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
