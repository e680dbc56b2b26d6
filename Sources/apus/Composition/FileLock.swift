import Foundation
import ObjectModel

/// An advisory lock that ends with the process. The file says who holds it.
final class FileLock: Sendable {
    private let descriptor: Int32

    /// - Parameter owner: the directory that the lock stands for.
    init(_ path: String, owner: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure("cannot write to the data directory \(owner): \(Self.reason(errno)); make it writable, or choose another with --data-dir")
        }
        // Someone who only looks, such as `apus status`, has it for a moment.
        var isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        for _ in 0..<5 where !isLocked {
            usleep(20_000)
            isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
        }
        guard isLocked else {
            close(descriptor)
            throw Self.taken(Self.holder(path)?.pid, owner)
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            close(descriptor)
            throw Failure("cannot write to the data directory \(owner): \(Self.reason(errno))")
        }
    }

    deinit { close(descriptor) }

    /// Throws if someone holds the lock; makes no file.
    static func checkIsFree(_ path: String, owner: String) throws {
        if let holder = holder(path) { throw taken(holder.pid, owner) }
    }

    private static func taken(_ pid: Int?, _ owner: String) -> Failure {
        let who = pid.map { "apus (pid \($0))" } ?? "another apus"
        return Failure("\(who) is running on \(owner); stop it, or choose another directory with --data-dir")
    }

    /// Whoever holds the lock, and since when; nil where nobody does.
    static func holder(_ path: String) -> (pid: Int, since: Timestamp)? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // Shared, so that two who look do not see each other.
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        var status = stat()
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let pid = Int(text.filter(\.isNumber)), fstat(descriptor, &status) == 0
        else { return nil }
        return (pid, Timestamp(nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)))
    }

    private static func reason(_ code: Int32) -> String {
        code == ENOSPC ? "no space is left on the disk" : String(cString: strerror(code)).lowercased()
    }
}
