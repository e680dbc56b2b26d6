import Glibc

extension TarWriter {
    /// Writes everything in a folder, sorted by path, with paths relative to it. Sockets are left out; files with several names are written once.
    func add(folder: String) throws(ContainerRuntimeError) {
        var firstNames: [FileIdentity: String] = [:]
        try addContents(of: folder, as: "", &firstNames)
    }

    private struct FileIdentity: Hashable {
        var device: dev_t
        var file: ino_t
    }

    private func addContents(of folder: String, as path: String, _ firstNames: inout [FileIdentity: String]) throws(ContainerRuntimeError) {
        for name in try Files.names(in: folder) {
            let (source, target) = ("\(folder)/\(name)", path + name)
            var status = stat()
            guard lstat(source, &status) == 0 else { throw .system("can't read \(source)") }
            var entry = Entry(path: target, kind: .file, mode: status.st_mode & 0o7777)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                entry.kind = .directory
                entry.path += "/"
                try add(entry)
                try addContents(of: source, as: target + "/", &firstNames)
                continue
            case S_IFREG:
                if status.st_nlink > 1 {
                    let identity = FileIdentity(device: status.st_dev, file: status.st_ino)
                    if let first = firstNames[identity] {
                        entry.kind = .hardLink
                        entry.linkTarget = first
                    } else {
                        firstNames[identity] = target
                    }
                }
                if entry.kind == .file {
                    entry.size = UInt64(status.st_size)
                    try add(entry)
                    try copy(source, size: Int(status.st_size))
                    continue
                }
            case S_IFLNK:
                entry.kind = .symbolicLink
                entry.mode = 0o777
                entry.linkTarget = try Self.linkTarget(source)
            case S_IFCHR, S_IFBLK:
                entry.kind = status.st_mode & S_IFMT == S_IFCHR ? .characterDevice : .blockDevice
                entry.device = Self.device(status.st_rdev)
            case S_IFIFO:
                entry.kind = .pipe
            default:
                continue
            }
            try add(entry)
        }
    }

    /// Copies a file's content, which must not change its size meanwhile.
    func copy(_ path: String, size: Int) throws(ContainerRuntimeError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("can't read \(path)") }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var remaining = size
        while remaining > 0 {
            let count = read(file, &buffer, min(buffer.count, remaining))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ContainerRuntimeError(.aborted, "\(path) changed while it was packed") }
            try write(count == buffer.count ? buffer : Array(buffer[..<count]))
            remaining -= count
        }
        try pad(size)
    }

    /// How Linux packs the two numbers of a device into one.
    private static func device(_ number: dev_t) -> (major: UInt32, minor: UInt32) {
        let number = UInt64(number)
        return (
            UInt32(truncatingIfNeeded: number >> 8 & 0xfff | number >> 32 & 0xffff_f000),
            UInt32(truncatingIfNeeded: number & 0xff | number >> 12 & 0xffff_ff00)
        )
    }

    private static func linkTarget(_ path: String) throws(ContainerRuntimeError) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
        }
        guard count >= 0 else { throw .system("can't read \(path)") }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
