import HTTPServer
import ObjectModel

/// What the streaming server asks the node agent for. Failures are `APIError`s: their code and message are the answer.
public protocol NodeStreamingBackend: Sendable {
    /// The log of a container, or of the instance of it that ended before. Throws 404 for an unknown pod or container, and 400 with upstream's words
    /// where there is no log yet (`container "c" in pod "p" is waiting to start: ContainerCreating`).
    func log(namespace: String, pod: String, container: String, previous: Bool) async throws -> ContainerLog

    /// The runtime's URL for a command in a container.
    func execURL(namespace: String, pod: String, container: String, command: [String], streams: ContainerStreams) async throws -> String

    /// The runtime's URL for the streams of a container's first process.
    func attachURL(namespace: String, pod: String, container: String, streams: ContainerStreams) async throws -> String

    /// The runtime's URL for connections to ports of a pod. The ports are known here for clients on WebSocket only.
    func portForwardURL(namespace: String, pod: String, ports: [Int32]) async throws -> String

    /// The answer to a client whose certificate does not make it the API server or an administrator, or nil where it may ask all the same.
    func refusal(_ request: HTTPRequest) async -> HTTPResponse?

    /// Everything else: `/pods`, `/stats/summary`, `/metrics`. Nil answers 404.
    func answer(_ request: HTTPRequest) async -> HTTPResponse?
}

extension NodeStreamingBackend {
    public func refusal(_ request: HTTPRequest) async -> HTTPResponse? {
        guard let client = request.clientCertificate else { return .plain(401, "Unauthorized") }
        let verb = NodeAuthorizer.verb(request.api.method)
        return .plain(403, "Forbidden (user=\(client.commonName), verb=\(verb), resource=nodes, subresource(s)=[proxy])")
    }
}

/// Where a container's log is, and when it ends.
public struct ContainerLog: Sendable {
    /// The file that the runtime writes, in the log format of CRI.
    public var path: String

    /// Returns when the container no longer runs, so that a followed log can end; at once if it does not run now. Returns early when cancelled.
    public var untilEnded: @Sendable () async -> Void

    public init(path: String, untilEnded: @escaping @Sendable () async -> Void) {
        self.path = path
        self.untilEnded = untilEnded
    }
}

/// The streams that an exec or attach wants.
public struct ContainerStreams: Sendable, Hashable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool
    public var tty: Bool

    public init(stdin: Bool, stdout: Bool, stderr: Bool, tty: Bool) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.tty = tty
    }
}
