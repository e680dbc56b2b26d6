import ObjectModel

/// What the processes of a cgroup use, and what it lets them use, as the kernel counts.
struct CgroupUsage: Sendable, Equatable {
    var cpuNanoseconds: Int64 = 0
    var memoryBytes: Int64 = 0

    /// Memory that can't be taken back without pain: all but the file pages that nobody touched of late.
    var workingSetBytes: Int64 = 0
    var rssBytes: Int64 = 0
    var cacheBytes: Int64 = 0
    var pageFaults: Int64 = 0
    var majorPageFaults: Int64 = 0
    var processes: Int64 = 0

    /// Periods of the CPU quota: all, and those in which it ran out.
    var periods: Int64 = 0
    var throttledPeriods: Int64 = 0
    var throttledNanoseconds: Int64 = 0

    /// Limits; nil for none.
    var cpuQuota: Int64?
    var cpuPeriod: Int64?
    var cpuShares: Int64?
    var memoryLimitBytes: Int64?
}

extension PodCgroups {
    /// What the pod as a whole uses; nil where there is no such group (any more).
    func usage(_ pod: Pod) -> CgroupUsage? { usage(group: path(pod)) }

    /// What one container of it uses.
    func usage(_ pod: Pod, container id: String) -> CgroupUsage? { usage(group: "\(path(pod))/\(id)") }

    /// A process of the container, to look at its namespaces with.
    func process(_ pod: Pod, container id: String) -> Int32? {
        let group = "\(path(pod))/\(id)"
        let folder: String =
            switch layout {
            case .unified(let mount): mount + group
            case .split(let mount, let controllers, _): "\(mount)/\(controllers.first ?? "memory")\(group)"
            }
        return (try? tree.read("\(folder)/cgroup.procs")).flatMap { $0.split(separator: "\n").first }.flatMap { Int32($0) }
    }

    private func usage(group: String) -> CgroupUsage? {
        switch layout {
        case .unified(let mount): unified(mount + group)
        case .split(let mount, _, _): split(mount, group)
        }
    }

    private func unified(_ folder: String) -> CgroupUsage? {
        guard let cpu = fields("\(folder)/cpu.stat") else { return nil }
        var usage = CgroupUsage()
        usage.cpuNanoseconds = (cpu["usage_usec"] ?? 0) * 1_000
        (usage.periods, usage.throttledPeriods) = (cpu["nr_periods"] ?? 0, cpu["nr_throttled"] ?? 0)
        usage.throttledNanoseconds = (cpu["throttled_usec"] ?? 0) * 1_000
        usage.memoryBytes = number("\(folder)/memory.current") ?? 0
        let memory = fields("\(folder)/memory.stat") ?? [:]
        usage.workingSetBytes = max(0, usage.memoryBytes - (memory["inactive_file"] ?? 0))
        (usage.rssBytes, usage.cacheBytes) = (memory["anon"] ?? 0, memory["file"] ?? 0)
        (usage.pageFaults, usage.majorPageFaults) = (memory["pgfault"] ?? 0, memory["pgmajfault"] ?? 0)
        usage.processes = number("\(folder)/pids.current") ?? 0
        usage.memoryLimitBytes = number("\(folder)/memory.max")
        let quota = (try? tree.read("\(folder)/cpu.max"))?.split { $0 == " " || $0 == "\n" } ?? []
        if quota.count > 1 { (usage.cpuQuota, usage.cpuPeriod) = (Int64(quota[0]), Int64(quota[1])) }
        // The kernel's weights are 1 to 10000, shares 2 to 262144.
        if let weight = number("\(folder)/cpu.weight") { usage.cpuShares = 2 + (weight - 1) * 262_142 / 9_999 }
        return usage
    }

    private func split(_ mount: String, _ group: String) -> CgroupUsage? {
        let accounting = number("\(mount)/cpuacct\(group)/cpuacct.usage")
        let memoryUsage = number("\(mount)/memory\(group)/memory.usage_in_bytes")
        guard accounting != nil || memoryUsage != nil else { return nil }
        var usage = CgroupUsage()
        usage.cpuNanoseconds = accounting ?? 0
        let cpu = fields("\(mount)/cpu\(group)/cpu.stat") ?? [:]
        (usage.periods, usage.throttledPeriods) = (cpu["nr_periods"] ?? 0, cpu["nr_throttled"] ?? 0)
        usage.throttledNanoseconds = cpu["throttled_time"] ?? 0
        usage.memoryBytes = memoryUsage ?? 0
        let memory = fields("\(mount)/memory\(group)/memory.stat") ?? [:]
        // `total_` counts the groups below as well.
        let counted = { (name: String) in memory["total_\(name)"] ?? memory[name] ?? 0 }
        usage.workingSetBytes = max(0, usage.memoryBytes - counted("inactive_file"))
        (usage.rssBytes, usage.cacheBytes) = (counted("rss"), counted("cache"))
        (usage.pageFaults, usage.majorPageFaults) = (counted("pgfault"), counted("pgmajfault"))
        usage.processes = number("\(mount)/pids\(group)/pids.current") ?? 0
        // Without a limit the file holds the largest number of whole pages.
        usage.memoryLimitBytes = number("\(mount)/memory\(group)/memory.limit_in_bytes").flatMap { $0 >= 1 << 62 ? nil : $0 }
        usage.cpuQuota = number("\(mount)/cpu\(group)/cpu.cfs_quota_us").flatMap { $0 > 0 ? $0 : nil }
        usage.cpuPeriod = number("\(mount)/cpu\(group)/cpu.cfs_period_us")
        usage.cpuShares = number("\(mount)/cpu\(group)/cpu.shares")
        return usage
    }

    /// A file of lines `name number`.
    private func fields(_ file: String) -> [String: Int64]? {
        guard let text = try? tree.read(file) else { return nil }
        var result: [String: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let number = Int64(words[1]) { result[String(words[0])] = number }
        }
        return result
    }
}
