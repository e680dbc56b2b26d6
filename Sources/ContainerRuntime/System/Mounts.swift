import Glibc

/// A mount as `/proc/self/mountinfo` tells of it.
struct Mount: Equatable {
    var path: String
    var fileSystem: String

    /// Mounts below it reach other mount namespaces.
    var isShared: Bool

    /// Every mount of this mount namespace, in the order in which they were made.
    static var all: [Mount] {
        (Files.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { Mount(line: $0) }
    }

    /// `36 35 98:0 /root /path options optional… - type source superOptions`
    init?(line: Substring) {
        let fields = line.split(separator: " ")
        guard fields.count > 6, let separator = fields.firstIndex(of: "-"), separator >= 6, fields.indices.contains(separator + 1) else { return nil }
        path = Self.unescaped(fields[4])
        fileSystem = String(fields[separator + 1])
        isShared = fields[6..<separator].contains { $0.hasPrefix("shared:") }
    }

    /// Blanks and such are written as a backslash and three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3, let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The mounts in a folder; the folder itself is among them if it is one.
    static func below(_ directory: String) -> [Mount] {
        all.filter { $0.path == directory || $0.path.hasPrefix(directory + "/") }
    }

    /// Takes away every mount in a folder, the last one first.
    static func unmountAll(below directory: String) throws(ContainerRuntimeError) {
        for mount in below(directory).reversed() {
            let detach: Int32 = 2  // MNT_DETACH
            guard umount2(mount.path, detach) == 0 || errno == EINVAL || errno == ENOENT else { throw .system("can't unmount \(mount.path)") }
        }
    }
}

/// A folder whose mounts reach other mount namespaces, which volumes with mount propagation need.
///
/// Where the machine's root is shared already, as systemd makes it, there is nothing to do; elsewhere the folder becomes a mount of its own.
public enum SharedMountTree {
    /// Makes the folder shared. Needs root; may be called again.
    public static func ensure(at directory: String) throws(ContainerRuntimeError) {
        guard let path = Files.resolved(directory) else { throw .system("can't find \(directory)", ENOENT) }
        let covering = Mount.all.filter { path == $0.path || $0.path == "/" || path.hasPrefix($0.path + "/") }
        if let mount = covering.max(by: { $0.path.utf8.count <= $1.path.utf8.count }), mount.isShared { return }
        if !Mount.all.contains(where: { $0.path == path }) {
            guard mount(path, path, nil, UInt(MS_BIND | MS_REC), nil) == 0 else { throw .system("can't mount \(path) onto itself") }
        }
        guard mount(nil, path, nil, UInt(MS_SHARED | MS_REC), nil) == 0 else { throw .system("can't share the mounts of \(path)") }
    }

    /// Takes away every mount at or below the folder.
    public static func remove(at directory: String) throws(ContainerRuntimeError) {
        guard let path = Files.resolved(directory) else { return }
        try Mount.unmountAll(below: path)
    }
}
