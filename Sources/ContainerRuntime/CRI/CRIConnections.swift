import GRPCCore
import GRPCNIOTransportHTTP2
import Synchronization

/// The connections to a runtime's socket: one at a time, replaced after a number of calls.
///
/// gRPC in Go sends frames for calls that are over already. NIO's HTTP/2 counts them as glitches and closes a connection that had 200 of them,
/// with every call that is under way. So a connection is left in time: new calls take the next one, and it closes when its own are done.
final class CRIConnections: Sendable {
    typealias Transport = HTTP2ClientTransport.Posix
    typealias Client = GRPCClient<Transport>

    /// Two glitches at most for each call, and room to spare.
    static let callsMax = 64

    private struct Connection {
        var client: Client
        var callsBegun = 0
        var callsUnderWay = 0
    }

    private struct State {
        /// By number; the one with the highest takes new calls, the others finish theirs.
        var connections: [Int: Connection] = [:]
        var current = 0
    }

    private let path: String
    private let state = Mutex(State())
    private let opened: AsyncStream<Client>
    private let opening: AsyncStream<Client>.Continuation

    init(path: String) throws {
        self.path = path
        (opened, opening) = AsyncStream.makeStream()
        let client = Client(transport: try Self.transport(path))
        state.withLock { $0.connections[0] = Connection(client: client) }
        opening.yield(client)
    }

    static func transport(_ path: String) throws -> Transport {
        var config = Transport.Config.defaults
        config.connection.maxIdleTime = nil
        config.connection.flushCoalescing = nil  // few calls, and each is waited for
        config.backoff = .init(initial: .milliseconds(50), max: .seconds(2), multiplier: 1.6, jitter: 0.2)
        config.http2.authority = "localhost"
        return try Transport(target: .unixDomainSocket(path: path), transportSecurity: .plaintext, config: config)
    }

    /// A connection of its own for a stream that stays, while the closure runs.
    func withOwnClient<Result: Sendable>(_ body: (Client) async throws -> Result) async throws -> Result {
        try await withGRPCClient(transport: try Self.transport(path), handleClient: body)
    }

    /// Keeps the connections until the task is cancelled or `shutdown()` is called.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for await client in opened {
                group.addTask { try? await client.runConnections() }
            }
            if Task.isCancelled { group.cancelAll() }
        }
    }

    func shutdown() {
        opening.finish()
        for connection in state.withLock({ $0.connections.values.map(\.client) }) { connection.beginGracefulShutdown() }
    }

    /// Makes a call on the current connection.
    func call<Result: Sendable>(_ body: (Client) async throws -> Result) async throws -> Result {
        let (number, client) = begin()
        defer { end(number) }
        return try await body(client)
    }

    private func begin() -> (Int, Client) {
        state.withLock { state in
            if let current = state.connections[state.current], current.callsBegun >= Self.callsMax, let transport = try? Self.transport(path) {
                let client = Client(transport: transport)
                if current.callsUnderWay == 0 { retire(state.current, &state) }
                state.current += 1
                state.connections[state.current] = Connection(client: client)
                opening.yield(client)
            }
            guard var connection = state.connections[state.current] else { preconditionFailure("there is always a current connection") }
            connection.callsBegun += 1
            connection.callsUnderWay += 1
            state.connections[state.current] = connection
            return (state.current, connection.client)
        }
    }

    private func end(_ number: Int) {
        state.withLock { state in
            state.connections[number]?.callsUnderWay -= 1
            if number != state.current, state.connections[number]?.callsUnderWay == 0 { retire(number, &state) }
        }
    }

    private func retire(_ number: Int, _ state: inout State) {
        state.connections.removeValue(forKey: number)?.client.beginGracefulShutdown()
    }
}
