import ObjectModel

/// What the whole machine uses, from `/proc`.
struct MachineUsage: Sendable, Equatable {
    var cpuNanoseconds: Int64 = 0
    var memoryTotalBytes: Int64 = 0
    var memoryUsedBytes: Int64 = 0
    var workingSetBytes: Int64 = 0
    var rssBytes: Int64 = 0
    var pageFaults: Int64 = 0
    var majorPageFaults: Int64 = 0
    var swapTotalBytes: Int64 = 0
    var swapUsedBytes: Int64 = 0
    var processesMax: Int64 = 0
    var processes: Int64 = 0

    /// What can still be had without taking anything from anyone.
    var memoryAvailableBytes: Int64 { max(0, memoryTotalBytes - workingSetBytes) }

    static func read(root: String = "") -> MachineUsage {
        func text(_ path: String) -> String { String(decoding: (try? File.read("\(root)\(path)")) ?? [], as: UTF8.self) }
        var usage = MachineUsage()
        usage.cpuNanoseconds = busyNanoseconds(text("/proc/stat"))
        let memory = text("/proc/meminfo")
        let bytes = { (field: String) in (NodeCapacity.kilobytes(field, in: memory) ?? 0) * 1_024 }
        usage.memoryTotalBytes = bytes("MemTotal")
        usage.memoryUsedBytes = max(0, usage.memoryTotalBytes - bytes("MemFree"))
        usage.workingSetBytes = max(0, usage.memoryUsedBytes - bytes("Inactive(file)"))
        usage.rssBytes = bytes("AnonPages")
        usage.swapTotalBytes = bytes("SwapTotal")
        usage.swapUsedBytes = max(0, usage.swapTotalBytes - bytes("SwapFree"))
        for line in text("/proc/vmstat").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = Int64(words[1]) else { continue }
            if words[0] == "pgfault" { usage.pageFaults = number }
            if words[0] == "pgmajfault" { usage.majorPageFaults = number }
        }
        // The fourth word is `running/all` threads.
        let load = text("/proc/loadavg").split(separator: " ")
        if load.count > 3, let all = load[3].split(separator: "/").last { usage.processes = Int64(all) ?? 0 }
        let limits = ["pid_max", "threads-max"].compactMap { Int64(text("/proc/sys/kernel/\($0)").split(separator: "\n").first ?? "") }
        usage.processesMax = limits.min() ?? 0
        return usage
    }

    /// The time that all processors worked: every column of the first line but those of idling (`idle`, `iowait`) and of guests, which count as `user`.
    static func busyNanoseconds(_ stat: String) -> Int64 {
        guard let line = stat.split(separator: "\n").first, line.hasPrefix("cpu ") else { return 0 }
        let ticks = line.split(separator: " ").dropFirst().prefix(8).map { Int64($0) ?? 0 }
        // A hundredth of a second each, on every Linux.
        return ticks.enumerated().filter { $0.offset != 3 && $0.offset != 4 }.reduce(0) { $0 + $1.element } * 10_000_000
    }
}

/// What passed through a network interface.
struct InterfaceUsage: Sendable, Equatable {
    var name: String
    var received: Int64
    var receiveErrors: Int64
    var transmitted: Int64
    var transmitErrors: Int64

    /// Reads the form of `/proc/net/dev`, without the loopback interface.
    static func parse(_ text: String) -> [InterfaceUsage] {
        text.split(separator: "\n").dropFirst(2).compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let name = parts[0].filter { $0 != " " }
            let numbers = parts[1].split(separator: " ").map { Int64($0) ?? 0 }
            guard name != "lo", numbers.count >= 16 else { return nil }
            return InterfaceUsage(
                name: name, received: numbers[0], receiveErrors: numbers[2], transmitted: numbers[8], transmitErrors: numbers[10])
        }
    }

    /// As the process sees them.
    static func read(process: Int32) -> [InterfaceUsage] {
        parse(String(decoding: (try? File.read("/proc/\(process)/net/dev")) ?? [], as: UTF8.self))
    }
}
