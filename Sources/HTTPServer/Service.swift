/// What every connection of a listener shares.
final class Service: Sendable {
    let handler: any RequestHandler
    let limits: Listener.Limits
    let connections: ConnectionSet

    init(handler: any RequestHandler, limits: Listener.Limits, connections: ConnectionSet) {
        self.handler = handler
        self.limits = limits
        self.connections = connections
    }
}

/// What is known of the peer from the handshake on.
struct Peer: Sendable {
    var address: String
    var certificate: CertificateSubject?
}
