import ClusterClient
import ObjectModel
import Synchronization

/// The API without a network: components of this process take the server's whole pipeline under the identity that the transport was made for.
public struct InProcessTransport: Transport {
    private let handler: any RequestHandler
    private let user: UserInfo

    public init(_ handler: any RequestHandler, user: UserInfo) {
        self.handler = handler
        self.user = user
    }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        switch await outcome(request) {
        case .respond(let response): return Self.whole(response)
        case .wait(let answer): return Self.whole(await answer())
        case .stream, .tunnel, .forward, .deferred: throw APIError(.badRequest, "\(request.path) is a stream")
        }
    }

    public func watch(_ request: APIRequest) async throws -> WatchStream {
        switch await outcome(request) {
        case .stream(_, let start): return Self.stream(start)
        case .respond(let response): throw Self.failure(Self.whole(response))
        case .wait(let answer): throw Self.failure(Self.whole(await answer()))
        case .tunnel, .forward, .deferred: throw APIError(.badRequest, "\(request.path) is not a watch")
        }
    }

    private func outcome(_ request: APIRequest) async -> Outcome {
        let outcome = handler.handle(HTTPRequest(api: request, inProcessUser: user))
        if case .deferred(let later) = outcome { return await later() }
        return outcome
    }

    private static func whole(_ response: HTTPResponse) -> APIResponse {
        APIResponse(
            status: response.status, contentType: response.headers.first(name: "content-type") ?? "",
            headers: response.headers.map { ($0.name, $0.value) }, body: response.body.count == 1 ? response.body[0] : response.body.flatMap { $0 })
    }

    private static func failure(_ response: APIResponse) -> APIError {
        (try? Value(json: response.body)).flatMap(APIError.init(status:)) ?? APIError(.unknown, "not a watch", code: response.status)
    }

    private static func stream(_ start: @Sendable (any StreamSink) -> Void) -> WatchStream {
        let (stream, continuation) = WatchStream.makeStream(bufferingPolicy: .unbounded)
        let sink = WatchSink(continuation)
        // Not within the termination: a cancellation holds the reader's task, closing wants the collection's lock, and who writes an event holds that
        // and wants the task.
        continuation.onTermination = { _ in Task { sink.close() } }
        start(sink)
        return stream
    }
}

/// Turns the lines of a watch into events.
private final class WatchSink: EventSink {
    private let continuation: WatchStream.Continuation
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var handlers: [@Sendable () -> Void] = []
    }

    init(_ continuation: WatchStream.Continuation) { self.continuation = continuation }

    let pendingBytes = 0

    func write(_ event: WatchEvent) -> Bool {
        guard !state.withLock({ $0.isClosed }) else { return false }
        continuation.yield(event)
        return true
    }

    /// Each write is one line, for that is how watchers write.
    func write(_ bytes: [UInt8]) -> Bool {
        guard let line = try? Value(leanJSON: bytes, depth: 1), let kind = WatchEvent.Kind(rawValue: line["type"].string ?? "") else { return true }
        return write(WatchEvent(kind, line["object"]))
    }

    func finish() {
        continuation.finish()
        close()
    }

    func onClose(_ handler: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.handlers.append(handler) }
            return state.isClosed
        }
        if isClosed { handler() }
    }

    func close() {
        let handlers = state.withLock { state in
            state.isClosed = true
            defer { state.handlers = [] }
            return state.handlers
        }
        for handler in handlers { handler() }
    }
}
