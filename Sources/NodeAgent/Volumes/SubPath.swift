import Glibc

/// Mounts a part of a volume. A container may have put links into the volume that lead out of it, and may swap them at any time: each step down is
/// taken on an open folder without following links, and what is mounted is the very thing that was reached.
enum SubPath {
    /// `O_PATH`: opens the place, not what is in it. (The overlay leaves GNU's own flags out.)
    private static let pathOnly: Int32 = 0o10_000_000

    /// Makes `subPath` of the volume at `root` visible at `target`, once. A part that is not there becomes a folder.
    static func mount(_ subPath: String, of root: String, at target: String) throws {
        if try File.kind(target, followingLinks: false) != nil { return }
        let descriptor = try open(subPath, below: root)
        defer { close(descriptor) }
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw SystemError("stat", subPath) }
        guard let slash = target.lastIndex(of: "/") else { throw SystemError("mount", target, EINVAL) }
        try File.makeDirectory(String(target[..<slash]))
        if info.st_mode & S_IFMT == S_IFDIR { try File.makeDirectory(target) } else { try File.write([], to: target) }
        do {
            try Mount.bind(descriptor: descriptor, at: target)
        } catch {
            try? File.removeTree(target)
            throw error
        }
    }

    private static func open(_ subPath: String, below root: String) throws -> Int32 {
        guard let resolvedRoot = resolve(root) else { throw SystemError("open", root) }
        // Links that stay within the volume are fine (config maps are made of them): resolve first, then walk what they lead to.
        var wanted = "\(resolvedRoot)/\(subPath)"
        if let resolved = resolve(wanted) {
            guard resolved == resolvedRoot || resolved.hasPrefix("\(resolvedRoot)/") else {
                throw ContainerConfigError("subpath \"\(subPath)\" not within volume path \"\(root)\"")
            }
            wanted = resolved
        }
        let parts = wanted.dropFirst(resolvedRoot.count).split(separator: "/").map(String.init)
        guard !parts.contains("..") else { throw ContainerConfigError("subpath \"\(subPath)\" must not contain '..'") }
        return try walk(parts, from: resolvedRoot)
    }

    private static func walk(_ parts: [String], from root: String) throws -> Int32 {
        var current = Glibc.open(root, pathOnly | O_CLOEXEC | O_DIRECTORY)
        guard current >= 0 else { throw SystemError("open", root) }
        for part in parts {
            var next = openat(current, part, pathOnly | O_NOFOLLOW | O_CLOEXEC)
            if next < 0, errno == ENOENT {
                guard mkdirat(current, part, 0o750) == 0 || errno == EEXIST else {
                    close(current)
                    throw SystemError("mkdir", part)
                }
                _ = fchmodat(current, part, 0o777, 0)
                next = openat(current, part, pathOnly | O_NOFOLLOW | O_CLOEXEC)
            }
            close(current)
            guard next >= 0 else { throw SystemError("open", part) }
            var info = stat()
            guard fstat(next, &info) == 0, info.st_mode & S_IFMT != S_IFLNK else {
                close(next)
                throw ContainerConfigError("subpath part \"\(part)\" became a link")
            }
            current = next
        }
        return current
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
