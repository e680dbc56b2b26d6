import GRPCCore
import GRPCNIOTransportHTTP2

/// A container runtime behind a Unix socket that speaks CRI v1 over gRPC: containerd, CRI-O or any other.
///
/// Calls made before `run()` has a connection, or while the runtime restarts, wait for it until their deadline.
public final class CRIRuntime: Sendable {
    /// How long a call may take before it fails with `.deadlineExceeded`.
    public struct Deadlines: Sendable {
        /// Calls that only look or change a little.
        public var standard: Duration = .seconds(120)
        /// Calls that set up or tear down a pod's network as well.
        public var sandbox: Duration = .seconds(240)
        /// Pulling an image. None by default: the runtime itself gives up on a pull that makes no progress.
        public var pull: Duration?

        public init() {}
    }

    typealias Transport = CRIConnections.Transport

    let connections: CRIConnections
    let deadlines: Deadlines

    /// - Parameter socket: the path of the runtime's socket; a leading `unix://` is ignored.
    public init(socket: String, deadlines: Deadlines = Deadlines()) throws(ContainerRuntimeError) {
        let path = socket.hasPrefix("unix://") ? String(socket.dropFirst("unix://".count)) : socket
        do {
            connections = try CRIConnections(path: path)
        } catch {
            throw ContainerRuntimeError(.invalidArgument, "\(path) can't be used as the socket of a container runtime: \(error)", cause: error)
        }
        self.deadlines = deadlines
    }

    /// Keeps the connection until the task is cancelled or `shutdown()` is called. Call it once.
    public func run() async throws {
        await connections.run()
    }

    /// Takes no more calls and lets `run()` return when those under way are done.
    public func shutdown() {
        connections.shutdown()
    }

    /// Keeps the connection while the closure runs: for a few calls, where nothing else runs this client.
    public func serving<Result: Sendable>(
        _ body: @escaping @Sendable (CRIRuntime) async throws(ContainerRuntimeError) -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        let result = await withTaskGroup(of: Void.self, returning: Swift.Result<Result, ContainerRuntimeError>.self) { group in
            group.addTask { try? await self.run() }
            defer { group.cancelAll() }
            do throws(ContainerRuntimeError) {
                return .success(try await body(self))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// The largest answer taken, as upstream has it: a list of a few thousand containers fits.
    private static let messageSizeMax = 16 << 20

    /// Makes a call to the runtime service.
    func call<Result: Sendable>(
        _ name: String, _ deadline: Duration?, _ body: (CRIRuntimeService.Client<Transport>, CallOptions) async throws -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        try await Self.translatingErrors(name) {
            try await connections.call { try await body(CRIRuntimeService.Client(wrapping: $0), Self.options(deadline)) }
        }
    }

    /// Makes a call to the image service.
    func imageCall<Result: Sendable>(
        _ name: String, _ deadline: Duration?, _ body: (CRIImageService.Client<Transport>, CallOptions) async throws -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        try await Self.translatingErrors(name) {
            try await connections.call { try await body(CRIImageService.Client(wrapping: $0), Self.options(deadline)) }
        }
    }

    /// Gives the failure of a call our form.
    static func translatingErrors<Result: Sendable>(
        _ call: String, _ body: () async throws -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        do {
            return try await body()
        } catch {
            throw ContainerRuntimeError(error, call: call)
        }
    }

    static func options(_ deadline: Duration?) -> CallOptions {
        var options = CallOptions.defaults
        options.timeout = deadline
        options.waitForReady = true
        options.maxRequestMessageBytes = messageSizeMax  // the transport limits answers by this one
        options.maxResponseMessageBytes = messageSizeMax
        return options
    }
}

extension ContainerRuntimeError {
    /// What a gRPC call failed with.
    init(_ error: any Error, call: String) {
        switch error {
        case let error as ContainerRuntimeError:
            self = error
        case let error as RPCError where error.message.hasSuffix("server is not initialized yet"):
            self.init(.unavailable, error.message, call: call)  // containerd, while it reads what it knew before its restart
        case let error as RPCError:
            self.init(Code(error.code), error.message, call: call, cause: error.cause)
        case is CancellationError:
            self.init(.cancelled, "the call was cancelled", call: call, cause: error)
        default:
            self.init(.unavailable, "\(error)", call: call, cause: error)
        }
    }
}

extension ContainerRuntimeError.Code {
    init(_ code: RPCError.Code) {
        self =
            switch code {
            case .cancelled: .cancelled
            case .invalidArgument: .invalidArgument
            case .deadlineExceeded: .deadlineExceeded
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .permissionDenied: .permissionDenied
            case .resourceExhausted: .resourceExhausted
            case .failedPrecondition: .failedPrecondition
            case .aborted: .aborted
            case .outOfRange: .outOfRange
            case .unimplemented: .unimplemented
            case .internalError: .internalError
            case .unavailable: .unavailable
            case .dataLoss: .dataLoss
            case .unauthenticated: .unauthenticated
            default: .unknown
            }
    }
}
