import HTTPServer
import Logging
import NIOCore

/// The HTTPS server of a node, under the kubelet's paths: logs, exec, attach and port-forward, and what the node agent answers itself.
///
/// Who connects must show a certificate of the cluster's CA, or a token that the cluster knows, and be allowed to: see `NodeStreamingBackend.refusal`.
public final class NodeStreamingServer: Sendable {
    /// The port of kubelets.
    public static let standardPort = 10250

    private let listener: Listener

    /// - Parameter tls: the node's serving certificate, and the cluster's CA that clients' certificates must come from.
    public init(
        host: String = "0.0.0.0", port: Int = standardPort, tls: ServingTLS, backend: any NodeStreamingBackend, group: any EventLoopGroup,
        logger: Logger
    ) throws {
        let configuration = Listener.Configuration(host: host, port: port, tls: tls, group: group, logger: logger)
        listener = try Listener(configuration, handler: NodeStreamingHandler(backend: backend))
    }

    @discardableResult public func start() async throws -> SocketAddress { try await listener.start() }

    /// Serves new connections with a renewed certificate.
    public func reload(_ tls: ServingTLS) throws { try listener.reload(tls) }

    /// Ends followed logs and, when the time is up, open sessions.
    public func stop(within timeout: Duration) async { await listener.stop(within: timeout) }
}
