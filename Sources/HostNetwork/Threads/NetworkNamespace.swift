import Glibc

/// A network namespace of one's own: it is gone when nothing uses it any more, even after a crash. Tests use them as hosts.
public final class NetworkNamespace: Sendable {
    /// A file that names the namespace while this object lives: `/proc/PID/task/TID/ns/net`.
    public let path: String

    /// Runs code inside the namespace.
    public let inside: NetworkThreadRunner

    public init(name: String = "namespace") throws {
        let thread = NetworkThread()
        let threadID = try thread.start(name: name, namespace: .new)
        path = "/proc/\(getpid())/task/\(threadID)/ns/net"
        inside = NetworkThreadRunner(thread: thread)
    }
}

/// Runs functions on a `NetworkThread`, one after the other.
public actor NetworkThreadRunner {
    private nonisolated let thread: NetworkThread

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init(thread: NetworkThread) { self.thread = thread }

    public func run<Result: Sendable>(_ body: @Sendable () throws -> Result) rethrows -> Result { try body() }
}
