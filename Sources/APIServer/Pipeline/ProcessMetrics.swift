import Glibc
import Metrics

/// `process_*`: what the system says of this process, read when someone asks.
struct ProcessMetrics {
    static func register(_ metrics: MetricsRegistry) {
        metrics.counter("process_cpu_seconds_total", "Processor time of this process.").read { one(cpuSeconds) }
        metrics.gauge("process_start_time_seconds", "When this process started, since 1970.").read { one(startSeconds) }
        metrics.gauge("process_resident_memory_bytes", "Memory of this process that is resident.").read { one(pages(1)) }
        metrics.gauge("process_virtual_memory_bytes", "Memory of this process.").read { one(pages(0)) }
        metrics.gauge("process_open_fds", "Open files.").read { one(openFiles) }
        metrics.gauge("process_max_fds", "Files that may be open at a time.").read { one(limit(of: __rlimit_resource_t(RLIMIT_NOFILE.rawValue))) }
        metrics.gauge("process_virtual_memory_max_bytes", "Memory that this process may have.").read {
            one(limit(of: __rlimit_resource_t(RLIMIT_AS.rawValue)))
        }
    }

    private static func one(_ number: Double?) -> [([String], Double)] { number.map { [([], $0)] } ?? [] }

    private static var cpuSeconds: Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }

    /// `statm` counts in pages: all, resident.
    private static func pages(_ column: Int) -> Double? {
        let columns = text("/proc/self/statm").split(separator: " ")
        guard columns.count > column, let count = Double(columns[column]) else { return nil }
        return count * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// `stat` tells it in ticks since the machine started, twenty columns after the program's name, which may hold anything.
    private static var startSeconds: Double? {
        let columns = text("/proc/self/stat").split(separator: ")").last?.split(separator: " ") ?? []
        let boot = text("/proc/stat").split(separator: "\n").first { $0.hasPrefix("btime ") }?.split(separator: " ").last
        guard columns.count > 19, let ticks = Double(columns[19]), let boot = boot.flatMap({ Double($0) }) else { return nil }
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static var openFiles: Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Itself, its parent, and the one that is read here.
        return Double(max(0, count - 3))
    }

    private static func limit(of resource: __rlimit_resource_t) -> Double? {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        return limit.rlim_cur == rlim_t.max ? -1 : Double(limit.rlim_cur)
    }

    private static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
