import Glibc

/// The files of a cgroup filesystem. In tests it is a folder of plain files.
protocol CgroupTree: Sendable {
    func makeGroup(_ path: String) throws
    /// Removes a group; one that is not there, or that is still in use, is left.
    func removeGroup(_ path: String)
    func write(_ value: String, to file: String) throws
    func read(_ file: String) throws -> String
    func groups(in path: String) -> [String]
}

/// The kernel's own, under `/sys/fs/cgroup`.
struct KernelCgroupTree: CgroupTree {
    func makeGroup(_ path: String) throws { try File.makeDirectory(path) }

    func removeGroup(_ path: String) {
        for child in groups(in: path) { removeGroup("\(path)/\(child)") }
        _ = rmdir(path)
    }

    func write(_ value: String, to file: String) throws {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", file) }
        defer { close(descriptor) }
        let bytes = Array(value.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw SystemError("write", file) }
    }

    func read(_ file: String) throws -> String { String(decoding: try File.read(file), as: UTF8.self) }

    func groups(in path: String) -> [String] {
        ((try? File.names(in: path)) ?? []).filter { (try? File.kind("\(path)/\($0)", followingLinks: false)) == .directory }
    }
}
