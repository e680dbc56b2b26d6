import Glibc

/// A failed system call, told as Go's `os` package tells it, because users search for these words.
struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    var operation: String
    var path: String
    var code: Int32

    init(_ operation: String, _ path: String, _ code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var description: String {
        let text = String(cString: strerror(code))
        return "\(operation) \(path): \(text.prefix(1).lowercased())\(text.dropFirst())"
    }
}

/// Files, folders and links. Small and synchronous: what goes through here are configuration files of a few kilobytes.
enum File {
    /// What a path leads to.
    enum Kind: Sendable { case file, directory, link, socket, characterDevice, blockDevice, other }

    /// The number of the filesystem that a path is on; nil where there is no such path.
    static func device(_ path: String) -> UInt? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt(status.st_dev) : nil
    }

    static func read(_ path: String, max: Int = .max) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while result.count < max {
            let count = Glibc.read(descriptor, &chunk, min(chunk.count, max - result.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path) }
            if count == 0 { break }
            result += chunk[..<count]
        }
        return result
    }

    /// The last `max` bytes of a file.
    static func readTail(_ path: String, max: Int) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        var result = [UInt8](repeating: 0, count: min(max, Int(size)))
        let count = pread(descriptor, &result, result.count, size - off_t(result.count))
        guard count >= 0 else { throw SystemError("read", path) }
        return Array(result.prefix(count))
    }

    /// Writes a file whole: created or truncated, with `mode` whatever the umask says.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        guard fchmod(descriptor, mode) == 0 else { throw SystemError("chmod", path) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError("write", path) }
            offset += count
        }
    }

    /// Writes a file so that a reader sees the old or the new content, and a crash leaves one of the two.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o644) throws {
        let fresh = "\(path).new"
        try write(bytes, to: fresh, mode: mode)
        try rename(fresh, to: path)
    }

    static func rename(_ old: String, to new: String) throws {
        guard Glibc.rename(old, new) == 0 else { throw SystemError("rename", old) }
    }

    /// Makes a folder and those above it; one that is there is left as it is.
    static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws {
        if mkdir(path, mode) == 0 {
            guard chmod(path, mode) == 0 else { throw SystemError("chmod", path) }
            return
        }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw SystemError("mkdir", path, ENOENT) }
            try makeDirectory(String(path[..<slash]), mode: 0o755)
            guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("mkdir", path) }
            guard chmod(path, mode) == 0 else { throw SystemError("chmod", path) }
        default: throw SystemError("mkdir", path)
        }
    }

    /// The names in a folder, sorted, without `.` and `..`.
    static func names(in path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw SystemError("open", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// What is at `path`; links are followed unless told otherwise. Nil where nothing is.
    static func kind(_ path: String, followingLinks: Bool = true) throws -> Kind? {
        var info = stat()
        guard (followingLinks ? stat(path, &info) : lstat(path, &info)) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw SystemError("stat", path)
        }
        switch info.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .directory
        case S_IFLNK: return .link
        case S_IFSOCK: return .socket
        case S_IFCHR: return .characterDevice
        case S_IFBLK: return .blockDevice
        default: return .other
        }
    }

    static func link(_ path: String, to target: String) throws {
        guard symlink(target, path) == 0 else { throw SystemError("symlink", path) }
    }

    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink(path, &buffer, buffer.count - 1)
        guard count >= 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func removeFile(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    /// Removes a folder and what is in it. Never crosses into a mounted filesystem: unmount first.
    static func removeTree(_ path: String) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("remove", path)
        }
        try removeTree(path, device: info.st_dev)
    }

    private static func removeTree(_ path: String, device: dev_t) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else {
            if errno == ENOENT { return }
            throw SystemError("remove", path)
        }
        guard info.st_mode & S_IFMT == S_IFDIR else { return try removeFile(path) }
        guard info.st_dev == device else { throw SystemError("remove", path, EBUSY) }
        for name in try names(in: path) { try removeTree("\(path)/\(name)", device: device) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove", path) }
    }

    static func setMode(_ path: String, _ mode: mode_t) throws {
        guard chmod(path, mode) == 0 else { throw SystemError("chmod", path) }
    }

    /// Changes owner and group, of a link itself and not of what it leads to. -1 leaves one as it is.
    static func setOwner(_ path: String, user: Int = -1, group: Int = -1) throws {
        guard lchown(path, user < 0 ? uid_t.max : uid_t(user), group < 0 ? gid_t.max : gid_t(group)) == 0 else { throw SystemError("lchown", path) }
    }
}
