import Glibc

/// A directory that only its owner can enter, with files that are replaced as a whole or not at all.
public struct PrivateDirectory: Sendable, Hashable {
    public let path: String

    /// Makes the directory (mode 0700) if there is none. Its parent must exist.
    public init(_ path: String) throws(IdentityError) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw Self.failure("create", path) }
    }

    public func path(of name: String) -> String { "\(path)/\(name)" }

    /// The file's text, or nil if there is no such file.
    public func read(_ name: String) throws(IdentityError) -> String? {
        let path = path(of: name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.failure("read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure("read", path)
            }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// Writes a file beside its place, syncs it, and moves it in. After a crash the old file is there, or the new one.
    public func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws(IdentityError) {
        let path = path(of: name)
        let temporary = "\(path).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.failure("write", temporary) }
        let isWritten = fchmod(descriptor, mode) == 0 && Self.writeAll(descriptor, Array(text.utf8)) && fsync(descriptor) == 0
        let error = errno
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            if isWritten == false { errno = error }
            let failure = Self.failure("write", path)
            unlink(temporary)
            throw failure
        }
        syncDirectory()
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            written += count
        }
        return true
    }

    /// Makes the rename itself durable.
    private func syncDirectory() {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ verb: String, _ path: String) -> IdentityError {
        IdentityError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
