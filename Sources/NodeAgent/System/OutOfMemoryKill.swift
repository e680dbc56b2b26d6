/// A process that the kernel killed for want of memory, as its log tells of it.
struct OutOfMemoryKill: Sendable, Equatable {
    /// Since the machine's start.
    let time: Duration

    /// Whether the machine had no memory left, and not only a cgroup.
    let isSystemWide: Bool

    /// The cgroup that the process was in.
    let cgroup: String
    let process: String
    let pid: Int

    /// Reads a record of `/dev/kmsg`, `PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT`. nil where it tells of something else, or was not written by the kernel.
    init?(record: String) {
        guard let (head, text) = record.prefix(while: { $0 != "\n" }).parted(at: ";"), text.hasPrefix("oom-kill:") else { return nil }
        let fields = head.split(separator: ",", omittingEmptySubsequences: false)
        // Above the eight levels are the facilities of those who write to the log from outside the kernel.
        guard fields.count >= 4, let priority = Int(fields[0]), (0..<8).contains(priority), let microseconds = Int64(fields[2]) else { return nil }
        // A process names itself as it likes: what comes after its name is read from the end.
        guard let (before, after) = text.parted(at: ",task_memcg="), let (cgroup, victim) = after.parted(at: ",task="),
            let end = victim.ranges(of: ",pid=").last, let pid = Int(victim[end.upperBound...].prefix { $0 != "," })
        else { return nil }
        time = .microseconds(microseconds)
        isSystemWide = before.hasSuffix(",global_oom")
        self.cgroup = String(cgroup)
        process = String(victim[..<end.lowerBound])
        self.pid = pid
    }

    /// The process's cgroup and those around it, by name, outermost first. A runtime names a container's by its id; under systemd, `PREFIX-ID.scope`.
    var containerIDs: [String] {
        cgroup.split(separator: "/").map { name in
            guard name.hasSuffix(".scope") else { return String(name) }
            let scope = name.dropLast(".scope".count)
            return String(scope.lastIndex(of: "-").map { scope[scope.index(after: $0)...] } ?? scope)
        }
    }
}

extension Substring {
    /// What is before and after the first place of a separator.
    fileprivate func parted(at separator: String) -> (Substring, Substring)? {
        firstRange(of: separator).map { (self[..<$0.lowerBound], self[$0.upperBound...]) }
    }
}
