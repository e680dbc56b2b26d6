import Glibc
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Serves HTTP/1.1 and HTTP/2 over TLS for one handler, from `start` to `stop`.
public final class Listener: Sendable {
    private let configuration: Configuration
    private let service: Service
    private let tls: Mutex<NIOSSLContext?>
    private let server = Mutex<(any Channel)?>(nil)
    private let outboxes: [ObjectIdentifier: Outbox]

    /// Throws a `ListenerError` for a certificate that can't be used.
    public init(_ configuration: Configuration, handler: any RequestHandler) throws {
        self.configuration = configuration
        service = Service(handler: handler, limits: configuration.limits, connections: ConnectionSet())
        tls = Mutex(try configuration.tls.map { try ServerTLSContext.make($0) })
        var outboxes: [ObjectIdentifier: Outbox] = [:]
        for eventLoop in configuration.group.makeIterator() { outboxes[ObjectIdentifier(eventLoop)] = Outbox(eventLoop) }
        self.outboxes = outboxes
    }

    /// Binds and accepts. Returns the address with the port that the system chose where none was given.
    @discardableResult public func start() async throws -> SocketAddress {
        let bootstrap = ServerBootstrap(group: configuration.group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: Backpressure.watermark)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
        do {
            let channel = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
            server.withLock { $0 = channel }
            guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
            return address
        } catch {
            throw Self.bindError(configuration, error)
        }
    }

    /// Serves new connections with another certificate; those that are open keep theirs. A certificate that can't be used changes nothing.
    public func reload(_ tls: ServingTLS) throws {
        let context = try ServerTLSContext.make(tls)
        self.tls.withLock { $0 = context }
    }

    /// Accepts no more, lets every connection finish what it is at (streams end at once), and closes what is left when the time is up.
    public func stop(within timeout: Duration) async {
        let channel = server.withLock { channel in
            defer { channel = nil }
            return channel
        }
        try? await channel?.close()
        await service.connections.drain(within: timeout, on: configuration.group.next())
    }

    /// Open connections.
    public var connectionCount: Int { service.connections.count }

    private func accept(_ channel: any Channel) throws {
        guard service.connections.add(channel), let outbox = outboxes[ObjectIdentifier(channel.eventLoop)] else {
            throw ChannelError.ioOnClosedChannel
        }
        if let context = tls.withLock({ $0 }) {
            let handler = NIOSSLServerHandler(context: context)
            try channel.pipeline.syncOperations.addHandler(handler)
            try channel.pipeline.syncOperations.addHandler(Handshake(service: service, outbox: outbox, tls: handler))
        } else {
            try ServerPipeline.addHTTP1(channel, service, outbox, Peer(address: channel.remoteAddress?.ipAddress ?? "", certificate: nil))
        }
    }

    private static func bindError(_ configuration: Configuration, _ error: any Error) -> ListenerError {
        let address = "\(configuration.host):\(configuration.port)"
        if let error = error as? IOError, error.errnoCode == EADDRINUSE {
            return ListenerError(code: .cannotListen, message: "cannot listen on \(address): another program has the port")
        }
        return ListenerError(code: .cannotListen, message: "cannot listen on \(address)", cause: error)
    }
}
