import ClusterClient
import HTTPServer
import Logging
import NIOCore
import NIOPosix

/// Answers with whatever the test says.
struct TestHandler: RequestHandler {
    let body: @Sendable (HTTPRequest) -> Outcome
    init(_ body: @escaping @Sendable (HTTPRequest) -> Outcome) { self.body = body }
    func handle(_ request: HTTPRequest) -> Outcome { body(request) }
}

/// A listener on loopback for the time of one test.
struct TestServer {
    let listener: Listener
    let port: Int

    /// Runs `test` against a listener that `handler` answers for, and stops the listener whatever happens.
    static func run(
        tls: ServingTLS? = nil, limits: Listener.Limits = .init(), handler: @escaping @Sendable (HTTPRequest) -> Outcome,
        _ test: (TestServer) async throws -> Void
    ) async throws {
        let configuration = Listener.Configuration(
            host: "127.0.0.1", port: 0, tls: tls, limits: limits, group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        let listener = try Listener(configuration, handler: TestHandler(handler))
        let server = TestServer(listener: listener, port: try await listener.start().port ?? 0)
        do {
            try await test(server)
        } catch {
            await listener.stop(within: .zero)
            throw error
        }
        await listener.stop(within: .seconds(5))
    }
}

extension HTTPResponse {
    static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain", body: [Array(text.utf8)])
    }
}
