import Glibc
import HostNetwork

/// A directory that the pod network keeps files in.
struct CNIDirectory: Sendable {
    let path: String

    init(_ path: String) { self.path = path }

    /// Writes a file as a whole: readers see the old one or the new one. The directory is made where it is missing.
    func write(_ name: String, _ content: [UInt8]) throws {
        try create()
        let target = "\(path)/\(name)"
        let temporary = "\(path)/.\(name).new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw failure("writing \(temporary)") }
        defer { close(file) }
        var rest = content[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("writing \(temporary)") }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0, rename(temporary, target) == 0 else { throw failure("writing \(target)") }
    }

    /// Removes a file; one that is not there is no error.
    func remove(_ name: String) throws {
        guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else { throw failure("removing \(path)/\(name)") }
    }

    /// Removes the directory and what is in it.
    func removeAll() throws { try Self.removeTree(path) }

    private func create() throws {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw failure("making \(made)") }
        }
    }

    /// Symbolic links are removed, not followed.
    private static func removeTree(_ path: String) throws {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return }
            throw HostNetworkError(.failed, "removing \(path): \(String(cString: strerror(errno)))")
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            let child = "\(path)/\(name)"
            var status = stat()
            guard lstat(child, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                try removeTree(child)
            } else if unlink(child) != 0 {
                throw HostNetworkError(.failed, "removing \(child): \(String(cString: strerror(errno)))")
            }
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw HostNetworkError(.failed, "removing \(path): \(String(cString: strerror(errno)))") }
    }

    private func failure(_ action: String) -> HostNetworkError {
        HostNetworkError(.failed, "\(action): \(String(cString: strerror(errno)))")
    }
}
