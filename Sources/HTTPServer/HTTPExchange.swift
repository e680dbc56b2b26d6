import ClusterClient
import Identity
import NIOHTTP1

/// A request as the listener hands it to its handler: the API's part, and what only the connection knows.
public struct HTTPRequest: Sendable {
    public var api: APIRequest
    public var headers: HTTPHeaders

    /// Path and query exactly as they came, for proxying.
    public var uri: String
    public var remoteAddress: String

    /// Subject of the client certificate that the TLS handshake verified against the cluster's CA.
    public var clientCertificate: CertificateSubject?

    /// What a caller in this process says of itself to the handler, such as its identity. A listener never sets it: nothing that came over a
    /// connection can.
    public var local: (any Sendable)?

    public init(
        api: APIRequest, headers: HTTPHeaders = [:], uri: String? = nil, remoteAddress: String = "", clientCertificate: CertificateSubject? = nil,
        local: (any Sendable)? = nil
    ) {
        self.api = api
        self.headers = headers
        self.uri = uri ?? api.path
        self.remoteAddress = remoteAddress
        self.clientCertificate = clientCertificate
        self.local = local
    }
}

/// Common name and organizations of a verified client certificate: user and groups, by the API's X.509 rule.
public typealias CertificateSubject = CertificateName

/// What the handler decided to do with a request.
public enum Outcome: Sendable {
    /// The whole answer, computed on the event loop that received the request.
    case respond(HTTPResponse)

    /// The answer takes a commit, an admission call or another wait.
    case wait(@Sendable () async -> HTTPResponse)

    /// A long answer, such as a watch or a log that is followed: the head is sent at once, the rest comes through the sink.
    case stream(StreamHead, @Sendable (any StreamSink) -> Void)

    /// The connection leaves HTTP (exec, attach, port-forward, proxy): after the request head, bytes pass both ways between the client and a backend.
    /// The listener writes nothing of its own: the backend's answer, its `101` included, is the answer.
    case tunnel(Tunnel)

    /// Another server answers, and its answer is passed on as it comes.
    case forward(Forward)

    /// What to do is known after a wait, such as a look-up that a proxied request needs.
    case deferred(@Sendable () async -> Outcome)
}

/// A request to make of another server, whose answer is the answer: logs of a container, the `proxy` subresources, aggregated API servers.
public struct Forward: Sendable {
    public var backend: Tunnel.Backend
    public var method: String
    public var uri: String

    /// What is sent in place of the client's headers. Credentials are already removed; `host` and the body's length are set where they are missing.
    public var headers: HTTPHeaders
    public var body: [UInt8]

    /// Headers that the answer has in place of the backend's of the same name.
    public var responseHeaders: HTTPHeaders = [:]

    /// What to make of a backend's answer with status 300 or more. Its body is gathered for this, up to 64 KiB. Nil passes it on as it is.
    public var onFailure: (@Sendable (HTTPResponse) -> HTTPResponse)?

    /// How links in the answer are changed; nil leaves them.
    public var links: LinkRewriting?

    /// Whether the backend may take as long as it likes to answer. To take the connection it never may.
    public var isPatient = false

    public init(backend: Tunnel.Backend, method: String, uri: String, headers: HTTPHeaders = [:], body: [UInt8] = []) {
        self.backend = backend
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
    }
}

/// An answer whose body is sent as the pieces it is made of, without joining them: a list's items are the stored bytes.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: HTTPHeaders

    /// `content-length` is their sum, set by the listener.
    public var body: [[UInt8]]

    public init(status: Int = 200, contentType: String = "application/json", headers: HTTPHeaders = [:], body: [[UInt8]] = []) {
        self.status = status
        self.headers = headers
        if !contentType.isEmpty { self.headers.replaceOrAdd(name: "content-type", value: contentType) }
        self.body = body
    }
}

public struct StreamHead: Sendable {
    public var status: Int
    public var headers: HTTPHeaders

    public init(status: Int = 200, contentType: String, headers: HTTPHeaders = [:]) {
        self.status = status
        self.headers = headers
        self.headers.replaceOrAdd(name: "content-type", value: contentType)
    }
}

/// Where the rest of a streamed answer goes. Safe to use from any thread; writes keep their order and are coalesced into few event loop hops and flushes.
public protocol StreamSink: AnyObject, Sendable {
    /// Queues bytes. False once the client is gone, or so far behind that the bound on queued bytes is reached: the producer stops, and should `finish`.
    func write(_ bytes: [UInt8]) -> Bool

    /// Ends the answer after what was written.
    func finish()

    /// Calls back once, when the client went away or the answer ended. At once if it has.
    func onClose(_ handler: @escaping @Sendable () -> Void)

    /// Bytes written and not yet taken by the socket.
    var pendingBytes: Int { get }

    /// For producers that can wait: calls back once, when the client has taken most of what was written. Never, once it is gone. Not to be called under
    /// a lock that the handler takes.
    func onRoom(_ handler: @escaping @Sendable () -> Void)

    /// `onRoom` for producers that are tasks, such as the reader of a file; false once the client is gone.
    func waitForRoom() async -> Bool
}

extension StreamSink {
    public func onRoom(_ handler: @escaping @Sendable () -> Void) { handler() }
    public func waitForRoom() async -> Bool { true }
}

/// A connection to pass an upgraded request on to.
public struct Tunnel: Sendable {
    /// Where to connect.
    public enum Backend: Sendable {
        case tcp(host: String, port: Int)
        case tls(host: String, port: Int, serverName: String?, credentials: TLSCredentials)
        case unix(path: String)

        /// TLS with a server whose certificate nobody vouches for, such as a pod's.
        case uncheckedTLS(host: String, port: Int)
    }

    public var backend: Backend

    /// The request line's target and the headers to send to the backend in place of the client's. Credentials are already removed.
    public var method: String
    public var uri: String
    public var headers: HTTPHeaders

    /// What is sent with the request, where a client's upgrade has a body.
    public var body: [UInt8] = []

    /// How the client's WebSocket is translated for the backend; nil passes bytes on as they are.
    public var webSocket: WebSocketTunnel?

    public init(backend: Backend, method: String, uri: String, headers: HTTPHeaders) {
        self.backend = backend
        self.method = method
        self.uri = uri
        self.headers = headers
    }
}

/// What answers requests: the API server's pipeline, a node's streaming server.
public protocol RequestHandler: Sendable {
    /// Called on the connection's event loop with the whole body. Never blocks.
    func handle(_ request: HTTPRequest) -> Outcome
}
