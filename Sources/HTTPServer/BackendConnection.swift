import ClusterClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Connections to the servers that requests are passed on to.
enum BackendConnection {
    /// Connects on the client's own event loop, so that passing bytes on needs no lock. Speaks HTTP/1.1.
    static func open(_ backend: Tunnel.Backend, on eventLoop: any EventLoop, timeout: Duration) -> EventLoopFuture<any Channel> {
        let secured: (context: NIOSSLContext, serverName: String?)?
        do {
            secured = try security(backend)
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout.timeAmount)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let secured { try pipeline.addHandler(NIOSSLClientHandler(context: secured.context, serverHostname: secured.serverName)) }
                    try pipeline.addHandler(HTTPRequestEncoder())
                    try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)))
                }
            }
        switch backend {
        case .tcp(let host, let port): return bootstrap.connect(host: host, port: port)
        case .tls(let host, let port, _, _), .uncheckedTLS(let host, let port): return bootstrap.connect(host: host, port: port)
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        }
    }

    /// What to secure a connection with; nil for a plain one. The backend's certificate must be the given authority's and bear the server's name, or
    /// the address where there is no name.
    private static func security(_ backend: Tunnel.Backend) throws -> (context: NIOSSLContext, serverName: String?)? {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if case .uncheckedTLS = backend {
            configuration.certificateVerification = .none
            return (try NIOSSLContext(configuration: configuration), nil)
        }
        guard case .tls(_, _, let serverName, let credentials) = backend else { return nil }
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(credentials.caPEM.utf8)))
        if !credentials.certificatePEM.isEmpty {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(credentials.certificatePEM.utf8)).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(credentials.keyPEM.utf8), format: .pem))
        }
        return (try NIOSSLContext(configuration: configuration), serverName)
    }
}

extension HTTPResponse {
    static func unreachable(_ error: any Error) -> HTTPResponse {
        failure(.serviceUnavailable, "error trying to reach service: \(error)")
    }
}

extension HTTPHeaders {
    /// Without what belongs to one connection and not to the message.
    func withoutHopByHop() -> HTTPHeaders {
        var headers = self
        for name in ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer"] { headers.remove(name: name) }
        return headers
    }
}
