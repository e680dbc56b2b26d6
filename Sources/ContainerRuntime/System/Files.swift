import Glibc

/// The few things done with files and folders here.
enum Files {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isExecutable(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    /// The path without symbolic links; nil where nothing is there.
    static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The whole of a file. Works for `/proc`, whose files have no size.
    static func read(_ path: String) throws(ContainerRuntimeError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("can't read \(path)") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system("can't read \(path)") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// The whole of a text file, or nil if it can't be read.
    static func text(_ path: String) -> String? {
        (try? read(path)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Replaces a file at once: whoever reads it sees the old content or the new, also after a power cut.
    static func write(_ bytes: some Collection<UInt8>, to path: String, mode: mode_t = 0o600) throws(ContainerRuntimeError) {
        let temporary = "\(path).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw .system("can't write \(temporary)") }
        do throws(ContainerRuntimeError) {
            defer { close(file) }
            try write(bytes, to: file, path: temporary)
            guard fsync(file) == 0 else { throw .system("can't write \(temporary)") }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw .system("can't write \(path)") }
    }

    /// Writes all bytes to an open file.
    static func write(_ bytes: some Collection<UInt8>, to file: Int32, path: String) throws(ContainerRuntimeError) {
        var remaining = Array(bytes)[...]
        while !remaining.isEmpty {
            let count = remaining.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system("can't write \(path)") }
            remaining = remaining.dropFirst(count)
        }
    }

    /// Makes a folder and those above it.
    static func makeDirectory(_ path: String, mode: mode_t = 0o700) throws(ContainerRuntimeError) {
        if mkdir(path, mode) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw .system("can't make the directory \(path)") }
        try makeDirectory(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .system("can't make the directory \(path)") }
    }

    /// What is in a folder, sorted by bytes; empty where there is no such folder.
    static func names(in path: String) throws(ContainerRuntimeError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw .system("can't read the directory \(path)")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Removes a folder and everything in it. It never goes into another file system: a mount in the way makes it fail.
    static func removeTree(_ path: String) throws(ContainerRuntimeError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .system("can't remove \(path)")
        }
        try removeTree(path, device: status.st_dev)
    }

    private static func removeTree(_ path: String, device: dev_t) throws(ContainerRuntimeError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 || errno == ENOENT else { throw .system("can't remove \(path)") }
            return
        }
        guard status.st_dev == device else {
            throw ContainerRuntimeError(.failedPrecondition, "\(path) is another file system: unmount it first")
        }
        for name in try names(in: path) { try removeTree("\(path)/\(name)", device: device) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system("can't remove \(path)") }
    }
}
