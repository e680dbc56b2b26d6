import ObjectModel

/// What a machine runs short of, by upstream's default thresholds.
enum NodePressure {
    private static let memoryAvailableMin: Int64 = 100 << 20
    private static let diskAvailablePercentMin: Int64 = 10
    private static let inodesFreePercentMin: Int64 = 5

    static func read(root: String = "", dataDirectory: String) -> Set<NodeConditions.Pressure> {
        var pressures: Set<NodeConditions.Pressure> = []
        let meminfo = String(decoding: (try? File.read("\(root)/proc/meminfo")) ?? [], as: UTF8.self)
        if let available = NodeCapacity.kilobytes("MemAvailable", in: meminfo), available * 1_024 < memoryAvailableMin { pressures.insert(.memory) }
        if let disk = FilesystemUsage(path: dataDirectory) {
            if disk.totalBytes > 0, disk.availableBytes * 100 / disk.totalBytes < diskAvailablePercentMin { pressures.insert(.disk) }
            if disk.inodes > 0, disk.inodesFree * 100 / disk.inodes < inodesFreePercentMin { pressures.insert(.disk) }
        }
        return pressures
    }
}
