/// A failure of the container runtime, of the program behind it, or of an image.
public struct ContainerRuntimeError: Error, Sendable {
    /// What kind of failure it is; the first sixteen are gRPC's, by which a runtime tells them.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        case cancelled = "Canceled"
        case unknown = "Unknown"
        case invalidArgument = "InvalidArgument"
        case deadlineExceeded = "DeadlineExceeded"
        case notFound = "NotFound"
        case alreadyExists = "AlreadyExists"
        case permissionDenied = "PermissionDenied"
        case resourceExhausted = "ResourceExhausted"
        case failedPrecondition = "FailedPrecondition"
        case aborted = "Aborted"
        case outOfRange = "OutOfRange"
        case unimplemented = "Unimplemented"
        case internalError = "Internal"
        case unavailable = "Unavailable"
        case dataLoss = "DataLoss"
        case unauthenticated = "Unauthenticated"

        /// A program that Apus needs is not installed.
        case missingProgram = "MissingProgram"
        /// A system call, or a program that Apus ran, failed.
        case system = "System"
    }

    public var code: Code

    /// What the runtime said, or what was wrong and what to do about it.
    public var message: String

    /// The call that failed, such as `RunPodSandbox`; empty where the failure is not a call's.
    public var call: String

    /// What it came from, where there is more to know.
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, call: String = "", cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.call = call
        self.cause = cause
    }

    /// The container, sandbox or image is not there.
    public var isNotFound: Bool { code == .notFound }

    /// The form that Go's gRPC gives a failure, and events and conditions of pods therefore have: `rpc error: code = NotFound desc = …`.
    public var rpcDescription: String { "rpc error: code = \(code.rawValue) desc = \(message)" }
}

extension ContainerRuntimeError: CustomStringConvertible {
    public var description: String {
        call.isEmpty ? message : "\(call): \(message)"
    }
}
