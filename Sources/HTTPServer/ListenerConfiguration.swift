import Logging
import NIOCore

extension Listener {
    /// Where and how a listener serves.
    public struct Configuration: Sendable {
        /// An address of this machine, or a name that resolves to one. Default: every address.
        public var host: String

        /// 0 lets the system choose one.
        public var port: Int

        /// Nil serves plain HTTP/1.1: for tests and for what never leaves the machine.
        public var tls: ServingTLS?
        public var limits: Limits

        /// Where connections live. They are spread over its event loops.
        public var group: any EventLoopGroup
        public var logger: Logger

        public init(
            host: String = "0.0.0.0", port: Int, tls: ServingTLS?, limits: Limits = Limits(), group: any EventLoopGroup, logger: Logger
        ) {
            self.host = host
            self.port = port
            self.tls = tls
            self.limits = limits
            self.group = group
            self.logger = logger
        }
    }

    /// Bounds on what a client may make the server hold or wait for. The defaults are upstream's where it has one.
    public struct Limits: Sendable {
        /// A longer request body is answered with 413.
        public var bodyBytesMax = 3 * 1024 * 1024

        /// What the unfinished request bodies of one HTTP/2 connection may hold together. The request that would go beyond it is answered with 429.
        public var connectionBodyBytesMax = 64 * 1024 * 1024

        /// All names and values of a request's headers. A longer head ends the request (431) or the HTTP/2 connection.
        public var headerBytesMax = 256 * 1024

        /// From the connection's start to the end of its first request head, TLS handshake included.
        public var headerTimeout: Duration = .seconds(32)

        /// From a request's head to the end of its body.
        public var bodyTimeout: Duration = .seconds(60)

        /// A connection without a request in flight is closed after this long.
        public var idleTimeout: Duration = .seconds(90)

        /// An answer that has ended, and of which the client takes nothing for this long, is cut off: with its connection, or with its stream. A stream that
        /// goes on may stall for as long as it lasts, within `streamPendingBytesMax`: someone may be reading it page by page.
        public var stallTimeout: Duration = .seconds(60)

        /// Streams reset, and pings and settings sent, by an HTTP/2 client in 30 seconds: more end its connection. Clients end watches by resetting their
        /// streams, so that some thousands are no attack.
        public var controlFramesMax = 10_000

        /// Requests in flight on one HTTP/2 connection.
        public var concurrentStreamsMax = 1000

        /// Bytes written to a stream and not yet taken by its client: beyond this, `StreamSink.write` says no.
        public var streamPendingBytesMax = 16 * 1024 * 1024

        /// From the request to the backend's answer, for requests that leave HTTP.
        public var tunnelConnectTimeout: Duration = .seconds(30)

        public init() {}
    }
}

/// PEM of what a server shows and whom it trusts.
public struct ServingTLS: Sendable, Hashable {
    /// The leaf first, then its intermediates.
    public var certificateChainPEM: String
    public var keyPEM: String

    /// Whoever shows a certificate must have it from here. A client without one is let in all the same, without a `clientCertificate`.
    /// Nil asks for none.
    public var clientCAPEM: String?

    public init(certificateChainPEM: String, keyPEM: String, clientCAPEM: String? = nil) {
        self.certificateChainPEM = certificateChainPEM
        self.keyPEM = keyPEM
        self.clientCAPEM = clientCAPEM
    }
}

/// Why a listener could not start or take a new certificate, for the person who reads it.
public struct ListenerError: Error, CustomStringConvertible {
    public enum Code: Sendable { case cannotListen, unusableCertificate }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public var description: String { cause.map { "\(message): \($0)" } ?? message }
}

extension Duration {
    var timeAmount: TimeAmount {
        .nanoseconds(components.seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue + components.attoseconds / 1_000_000_000)
    }
}
