import Foundation

/// Everything that a cluster keeps on this machine.
///
///     apus.db            the store
///     pki/               the certificate authority, certificates, the service account key
///     admin.kubeconfig   how kubectl reaches the cluster
///     apus.log           what happened
///     containerd/, …     what the node keeps
struct DataDirectory: Sendable {
    let path: String

    /// Opens or makes the directory and takes its lock, so that two servers cannot share it.
    init(_ path: String) throws {
        self.path = path
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure("cannot make the data directory \(path): \(error.localizedDescription); choose another with --data-dir")
        }
    }

    static var standard: String {
        if geteuid() == 0 { return "/var/lib/apus" }
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "."
        return "\(home)/.local/share/apus"
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var store: String { file("apus.db") }
    var kubeconfig: String { file("admin.kubeconfig") }
    var log: String { file("apus.log") }

    /// Held for as long as the process lives; another process that asks is told so.
    func lock() throws -> FileLock { try FileLock(file("lock"), owner: path) }
}

/// An advisory lock that ends with the process.
final class FileLock: Sendable {
    private let descriptor: Int32

    init(_ path: String, owner: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot open \(path): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Failure("another apus is running on \(owner); stop it, or choose another directory with --data-dir")
        }
    }

    deinit { close(descriptor) }
}
