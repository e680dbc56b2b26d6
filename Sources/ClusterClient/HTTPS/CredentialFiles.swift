import Glibc
import ObjectModel
import Synchronization

/// An identity from files that others may rotate: looked at now and then, read again when one has changed. A file that cannot be used at the moment of
/// its rotation leaves the last good identity in place.
public final class CredentialFiles: Sendable {
    private let files: [String]
    private let interval: Duration
    private let read: @Sendable () throws -> HTTPSIdentity
    private let state: Mutex<State>

    private struct State {
        var identity: HTTPSIdentity
        var stamps: [Stamp?]
        var lookedAt: ContinuousClock.Instant
    }

    /// What changes when a file does.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int64
        var seconds: Int
        var nanoseconds: Int
    }

    /// - Parameters:
    ///   - files: what `read` reads.
    ///   - interval: how long a look at the files holds.
    public init(_ files: [String], interval: Duration = .seconds(10), read: @escaping @Sendable () throws -> HTTPSIdentity) throws {
        self.files = files
        self.interval = interval
        self.read = read
        let stamps = files.map(Self.stamp)
        state = Mutex(State(identity: try read(), stamps: stamps, lookedAt: .now))
    }

    /// A kubeconfig: its current context.
    public static func kubeconfig(_ path: String, interval: Duration = .seconds(10)) throws -> CredentialFiles {
        try CredentialFiles([path], interval: interval) { try KubeconfigFile(path: path).identity }
    }

    public func identity() -> HTTPSIdentity {
        state.withLock { state in
            guard ContinuousClock.now - state.lookedAt >= interval else { return state.identity }
            state.lookedAt = .now
            let stamps = files.map(Self.stamp)
            if stamps != state.stamps, let identity = try? read() {
                state.identity = identity
                state.stamps = stamps
            }
            return state.identity
        }
    }

    private static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
