import Glibc

/// Mounted filesystems.
enum Mount {
    /// Mounts a filesystem in memory, once. `bytesMax` nil lets it grow to half of the machine's memory.
    static func memory(at path: String, bytesMax: Int64? = nil, mode: mode_t = 0o755) throws {
        if isMountPoint(path) { return }
        var options = "mode=" + String(mode, radix: 8)
        if let bytesMax { options += ",size=\(bytesMax)" }
        guard mount("tmpfs", path, "tmpfs", UInt(MS_NOSUID | MS_NODEV), options) == 0 else { throw SystemError("mount", path) }
    }

    /// Makes the file or folder behind an open descriptor visible at `path`.
    static func bind(descriptor: Int32, at path: String) throws {
        guard mount("/proc/self/fd/\(descriptor)", path, nil, UInt(MS_BIND), nil) == 0 else { throw SystemError("mount", path) }
    }

    static func unmount(_ path: String) throws {
        guard umount2(path, Int32(MNT_DETACH)) == 0 || errno == EINVAL || errno == ENOENT else { throw SystemError("unmount", path) }
    }

    /// True where another filesystem begins. (A bind mount within one filesystem does not show.)
    static func isMountPoint(_ path: String) -> Bool {
        var own = stat()
        var parent = stat()
        guard stat(path, &own) == 0, stat("\(path)/..", &parent) == 0 else { return false }
        return own.st_dev != parent.st_dev
    }

    /// The mount points below a folder, deepest first.
    static func points(below directory: String) -> [String] {
        guard let table = try? File.read("/proc/self/mountinfo") else { return [] }
        var result: [String] = []
        for line in table.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count > 4 else { continue }
            let point = unescaped(fields[4])
            if point.hasPrefix("\(directory)/") { result.append(point) }
        }
        return result.sorted { $0.utf8.count > $1.utf8.count }
    }

    /// Unmounts everything below a folder.
    static func unmountAll(below directory: String) throws {
        for point in points(below: directory) { try unmount(point) }
    }

    /// `\040` is a space.
    private static func unescaped(_ text: some Collection<UInt8>) -> String {
        var result: [UInt8] = []
        var rest = Array(text)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                result.append(code)
                rest = rest.dropFirst(3)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
