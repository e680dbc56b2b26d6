import Glibc
import ObjectModel

/// What a machine offers to pods.
struct NodeCapacity: Sendable, Equatable {
    var cpuMillicores: Int64
    var memoryBytes: Int64
    var ephemeralStorageBytes: Int64
    var pods: Int
    var hugepageBytes: [String: Int64] = [:]

    /// Reads processors, `/proc/meminfo` under `root`, and the size of the filesystem that holds `dataDirectory`.
    static func read(root: String = "", dataDirectory: String, pods: Int) -> NodeCapacity {
        let processors = Int64(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        let meminfo = (try? File.read("\(root)/proc/meminfo")) ?? []
        let memory = kilobytes("MemTotal", in: String(decoding: meminfo, as: UTF8.self)) ?? 0
        return NodeCapacity(
            cpuMillicores: processors * 1_000, memoryBytes: memory * 1_024,
            ephemeralStorageBytes: FilesystemUsage(path: dataDirectory)?.totalBytes ?? 0, pods: pods)
    }

    static func kilobytes(_ field: String, in meminfo: String) -> Int64? {
        for line in meminfo.split(separator: "\n") where line.hasPrefix("\(field):") {
            return line.split(separator: " ").dropFirst().first.flatMap { Int64($0) }
        }
        return nil
    }

    /// `status.capacity`.
    var value: Value {
        [
            "cpu": .string(cpuMillicores % 1_000 == 0 ? String(cpuMillicores / 1_000) : "\(cpuMillicores)m"),
            "memory": .string("\(memoryBytes / 1_024)Ki"), "ephemeral-storage": .string("\(ephemeralStorageBytes / 1_024)Ki"),
            "pods": .string(String(pods)), "hugepages-1Gi": "0", "hugepages-2Mi": "0",
        ]
    }

    /// What is left of it when `reserved` is kept for the machine itself, and a tenth of the disk stays free (the eviction threshold).
    func allocatable(reserved: NodeCapacity? = nil, evictionMemoryBytes: Int64 = 100 << 20) -> NodeCapacity {
        var result = self
        result.cpuMillicores = max(0, cpuMillicores - (reserved?.cpuMillicores ?? 0))
        result.memoryBytes = max(0, memoryBytes - (reserved?.memoryBytes ?? 0) - evictionMemoryBytes)
        result.ephemeralStorageBytes = ephemeralStorageBytes - ephemeralStorageBytes / 10
        return result
    }
}

/// How full a filesystem is.
struct FilesystemUsage: Sendable, Equatable {
    var totalBytes: Int64
    var availableBytes: Int64
    var inodes: Int64
    var inodesFree: Int64

    init(totalBytes: Int64, availableBytes: Int64, inodes: Int64, inodesFree: Int64) {
        (self.totalBytes, self.availableBytes, self.inodes, self.inodesFree) = (totalBytes, availableBytes, inodes, inodesFree)
    }

    init?(path: String) {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        totalBytes = Int64(info.f_blocks) * Int64(info.f_frsize)
        availableBytes = Int64(info.f_bavail) * Int64(info.f_frsize)
        inodes = Int64(info.f_files)
        inodesFree = Int64(info.f_favail)
    }
}
