import NIOCore
import NIOHTTP1
import NIOPosix
import ObjectModel
import Synchronization

/// The way to an API server over the network: HTTP/2 over TLS, one connection for all requests and watches, opened when it is needed and again after
/// it was lost.
///
/// Who asks is looked up for every request: a token that was rotated goes with the next one, a renewed certificate makes a new connection while the
/// old one finishes what it is at.
public final class HTTPSTransport: Transport {
    public struct Timeouts: Sendable {
        /// To a connection that both sides trust.
        public var connect: Duration = .seconds(10)

        /// To the end of an answer; to the first line of a watch.
        public var request: Duration = .seconds(60)

        /// A connection over which nothing comes for this long is asked for a sign of life, and closed if it gives none for as long again.
        public var silence: Duration = .seconds(30)

        /// No attempt to connect follows a failed one sooner than this, growing up to the maximum.
        public var pause: Duration = .milliseconds(100)
        public var pauseMax: Duration = .seconds(5)

        public init() {}
    }

    public let url: ServerURL
    private let timeouts: Timeouts
    private let group: any EventLoopGroup
    private let identity: @Sendable () throws -> HTTPSIdentity
    private let state: Mutex<State>

    private struct State {
        var connection: HTTPSConnection?
        var opening: EventLoopFuture<HTTPSConnection>?
        var backoff: Backoff
        var failure: (error: HTTPSError, until: ContinuousClock.Instant)?
        var isClosed = false
    }

    /// - Parameter identity: asked for every request, so it must be quick: `CredentialFiles` looks at its files now and then only.
    public init(
        _ url: ServerURL, timeouts: Timeouts = Timeouts(), group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        identity: @escaping @Sendable () throws -> HTTPSIdentity
    ) {
        self.url = url
        self.timeouts = timeouts
        self.group = group
        self.identity = identity
        state = Mutex(State(backoff: Backoff(initial: timeouts.pause, max: timeouts.pauseMax)))
    }

    deinit { close() }

    /// Ends the connection and all that goes over it. Nothing can be asked afterwards.
    public func close() {
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection
        }
        connection?.close()
    }

    // MARK: Requests

    public func send(_ request: APIRequest) async throws -> APIResponse {
        try await repeating(request) { connection, identity, opened in
            let promise = connection.eventLoop.makePromise(of: APIResponse.self)
            let consumer: @Sendable () -> any ResponseConsumer = { ResponseGatherer(promise) }
            connection.start(self.head(request, identity), request.body, timeout: self.timeouts.request, consumer, opened)
            return try await promise.futureResult.get()
        }
    }

    public func watch(_ request: APIRequest) async throws -> WatchStream {
        try await repeating(request) { connection, identity, opened in
            let promise = connection.eventLoop.makePromise(of: WatchHandover.self)
            let consumer: @Sendable () -> any ResponseConsumer = { WatchConsumer(promise) { opened.cancel() } }
            connection.start(self.head(request, identity), request.body, timeout: self.timeouts.request, consumer, opened)
            return try await promise.futureResult.get().take()
        }
    }

    /// A request that the server cannot have seen, or that changes nothing, gets a second try on a fresh connection: the first may have met one that the
    /// server had just closed.
    private func repeating<Answer: Sendable>(
        _ request: APIRequest, _ body: @Sendable (HTTPSConnection, HTTPSIdentity, Opened) async throws -> Answer
    ) async throws -> Answer {
        var isRepeated = false
        while true {
            try Task.checkCancellation()
            let identity = try identity()
            let connection = try await connection(identity.ofConnection)
            let opened = Opened()
            do {
                return try await withTaskCancellationHandler {
                    try await body(connection, identity, opened)
                } onCancel: {
                    opened.cancel()
                }
            } catch let error as HTTPSError {
                try Task.checkCancellation()
                let mayRepeat = error.isUnsent || (error.code == .connectionLost && [.get, .head].contains(request.method))
                guard mayRepeat, !isRepeated else { throw error }
                isRepeated = true
                discard(connection)
            }
        }
    }

    private func head(_ request: APIRequest, _ identity: HTTPSIdentity) -> HTTPRequestHead {
        var uri = request.path
        if !request.query.isEmpty {
            uri += "?" + request.query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }.joined(separator: "&")
        }
        var headers: HTTPHeaders = ["host": url.authority, "accept": request.accept, "user-agent": request.userAgent]
        if !request.body.isEmpty {
            headers.add(name: "content-type", value: request.contentType)
            headers.add(name: "content-length", value: "\(request.body.count)")
        }
        if !identity.token.isEmpty, !identity.caPEM.isEmpty { headers.add(name: "authorization", value: "Bearer \(identity.token)") }
        return HTTPRequestHead(version: .http2, method: HTTPMethod(rawValue: request.method.rawValue), uri: uri, headers: headers)
    }

    /// Percent-encoding of all but RFC 3986's unreserved characters.
    private static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: The connection

    /// The one that is open, the one that is being opened, or a new one.
    private func connection(_ identity: TLSCredentials) async throws -> HTTPSConnection {
        let (opening, retired): (EventLoopFuture<HTTPSConnection>, HTTPSConnection?) = try state.withLock { state in
            if state.isClosed { throw HTTPSError(.connectionLost, "the client is closed") }
            var retired: HTTPSConnection?
            if let connection = state.connection {
                if connection.isUsable, connection.identity == identity { return (connection.eventLoop.makeSucceededFuture(connection), nil) }
                retired = connection
                state.connection = nil
            }
            if let opening = state.opening { return (opening, retired) }
            if let failure = state.failure, failure.until > .now { throw failure.error }
            let opening = HTTPSConnection.open(url, identity, timeouts, on: group)
            state.opening = opening
            return (opening, retired)
        }
        retired?.retire()
        opening.whenComplete { [weak self] result in self?.opened(opening, result) }
        return try await opening.get()
    }

    private func opened(_ opening: EventLoopFuture<HTTPSConnection>, _ result: Result<HTTPSConnection, any Error>) {
        let isClosed = state.withLock { state in
            guard state.opening === opening else { return state.isClosed }
            state.opening = nil
            switch result {
            case .success(let connection):
                state.connection = connection
                state.failure = nil
                state.backoff.reset()
            case .failure(let error):
                let known = error as? HTTPSError ?? HTTPSError(.cannotConnect, "\(error)", isUnsent: true)
                state.failure = (known, .now + state.backoff.next())
            }
            return state.isClosed
        }
        if isClosed, case .success(let connection) = result { connection.close() }
    }

    private func discard(_ connection: HTTPSConnection) {
        state.withLock { if $0.connection === connection { $0.connection = nil } }
        connection.retire()
    }
}
