import Glibc

/// How much room a tree of files takes up on its disk.
struct DiskUsage: Sendable, Equatable {
    var bytes: Int64 = 0
    var inodes: Int64 = 0

    static func + (left: DiskUsage, right: DiskUsage) -> DiskUsage { DiskUsage(bytes: left.bytes + right.bytes, inodes: left.inodes + right.inodes) }

    init(bytes: Int64 = 0, inodes: Int64 = 0) { (self.bytes, self.inodes) = (bytes, inodes) }

    /// Walks the tree, following no links and leaving other filesystems out. What vanishes meanwhile is not counted; a file of several names counts
    /// for each.
    init(of path: String) {
        self.init()
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        add(path, status)
    }

    private mutating func add(_ path: String, _ status: stat) {
        bytes += Int64(status.st_blocks) * 512
        inodes += 1
        guard status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in (try? File.names(in: path)) ?? [] {
            var below = stat()
            guard lstat("\(path)/\(name)", &below) == 0, below.st_dev == status.st_dev else { continue }
            add("\(path)/\(name)", below)
        }
    }
}
