import Glibc
import ObjectModel

/// The cgroups that pods live in: `kubepods`, in it `burstable` and `besteffort`, and in those (or, for guaranteed pods, directly) one for each pod.
/// The runtime makes its containers' groups below.
///
/// Works on the split hierarchies (v1) and on the unified one (v2).
public struct PodCgroups: Sendable {
    /// Where the filesystems are mounted: one folder per controller, or the unified tree itself.
    enum Layout: Sendable, Equatable {
        ///
        /// `others` are hierarchies that carry no limits of ours, where the runtime makes its containers' groups below the pods' names by itself.
        case split(mount: String, controllers: [String], others: [String] = [])
        case unified(mount: String)
    }

    let tree: any CgroupTree
    let layout: Layout

    /// The group above `kubepods`; `/` but where several nodes share a machine.
    private let root: String

    /// Controllers whose group the runtime can't make by itself, or which carry limits of whole pods.
    private static let controllers = ["cpu", "cpuacct", "memory", "pids"]

    init(tree: any CgroupTree = KernelCgroupTree(), layout: Layout, root: String = "/") {
        self.tree = tree
        self.layout = layout
        self.root = root == "/" ? "" : root
    }

    /// Finds what this machine has.
    public init(mount: String = "/sys/fs/cgroup", root: String = "/") {
        let isUnified = File.exists("\(mount)/cgroup.controllers")
        let present = Self.controllers.filter { File.exists("\(mount)/\($0)/cgroup.procs") }
        let others = ((try? File.names(in: mount)) ?? []).sorted().filter { !present.contains($0) && File.exists("\(mount)/\($0)/cgroup.procs") }
        self.init(layout: isUnified ? .unified(mount: mount) : .split(mount: mount, controllers: present, others: others), root: root)
    }

    var isUnified: Bool { if case .unified = layout { true } else { false } }

    // MARK: Names

    /// The group of a pod, as the runtime is told of it.
    func path(_ pod: Pod) -> String {
        switch QoSClass(pod.object) {
        case .guaranteed: "\(root)/kubepods/pod\(pod.uid)"
        case .burstable: "\(root)/kubepods/burstable/pod\(pod.uid)"
        case .bestEffort: "\(root)/kubepods/besteffort/pod\(pod.uid)"
        }
    }

    // MARK: Making and removing

    /// Makes `kubepods` and the classes below it. `allocatable` limits all pods together.
    func prepare(allocatable: NodeCapacity) throws {
        try make(
            "\(root)/kubepods",
            CgroupLimits(cpuShares: ContainerResources.shares(milliCPU: allocatable.cpuMillicores), memoryBytes: allocatable.memoryBytes))
        try make("\(root)/kubepods/burstable", CgroupLimits())
        try make("\(root)/kubepods/besteffort", CgroupLimits(cpuShares: ContainerResources.sharesMin))
    }

    func create(_ pod: Pod) throws { try make(path(pod), CgroupLimits(pod)) }

    /// Raises what the pod as a whole may use to what its containers are to get; what is more already stays.
    func widen(_ pod: Pod) throws {
        let present = usage(pod)
        var limits = CgroupLimits(resized: pod)
        limits.cpuShares = nil
        if !Self.isWider(limits.cpuQuota, than: present?.cpuQuota) { limits.cpuQuota = nil }
        if !Self.isWider(limits.memoryBytes, than: present?.memoryLimitBytes) { limits.memoryBytes = nil }
        try make(path(pod), limits)
    }

    /// - Parameter present: nil where there is no limit.
    private static func isWider(_ limit: Int64?, than present: Int64?) -> Bool {
        guard let limit, let present else { return false }
        return limit == CgroupLimits.unlimited || limit > present
    }

    /// Limits a pod that is there already to what its containers have together.
    func limit(_ pod: Pod) throws { try make(path(pod), CgroupLimits(resized: pod)) }

    func remove(_ pod: Pod) { remove(path(pod)) }

    /// The UIDs of all pods that have groups.
    func pods() -> Set<String> {
        Set(classes.flatMap(folders).flatMap(tree.groups(in:)).filter { $0.hasPrefix("pod") }.map { String($0.dropFirst(3)) })
    }

    /// Removes the groups of a pod, whatever its class was.
    func remove(uid: String) { for parent in classes { remove("\(parent)/pod\(uid)") } }

    private var classes: [String] { ["\(root)/kubepods", "\(root)/kubepods/burstable", "\(root)/kubepods/besteffort"] }

    /// Removes `kubepods` and what is empty in it, and the group above it if that is not the machine's own and nothing else is in it. Whatever has
    /// processes stays, for the kernel keeps it.
    public func removeAll() {
        remove("\(root)/kubepods")
        guard !root.isEmpty else { return }
        for folder in folders(root) where tree.groups(in: folder).isEmpty { tree.removeGroup(folder) }
    }

    /// Bytes of memory that a pod uses, or nil where it can't be told.
    func memoryUsage(_ pod: Pod) -> Int64? {
        switch layout {
        case .unified(let mount): number("\(mount)\(path(pod))/memory.current")
        case .split(let mount, _, _): number("\(mount)/memory\(path(pod))/memory.usage_in_bytes")
        }
    }

    // MARK: Parts

    /// The number in a file; nil where there is none, or a word such as `max`.
    func number(_ file: String) -> Int64? { (try? tree.read(file)).flatMap { Int64($0.split(separator: "\n").first ?? "") } }

    private func folders(_ group: String) -> [String] {
        switch layout {
        case .unified(let mount): [mount + group]
        case .split(let mount, let controllers, let others): (controllers + others).map { "\(mount)/\($0)\(group)" }
        }
    }

    /// Those where groups are made.
    private func ownFolders(_ group: String) -> [String] {
        switch layout {
        case .unified(let mount): [mount + group]
        case .split(let mount, let controllers, _): controllers.map { "\(mount)/\($0)\(group)" }
        }
    }

    private func remove(_ group: String) { for folder in folders(group) { tree.removeGroup(folder) } }

    private func make(_ group: String, _ limits: CgroupLimits) throws {
        for folder in ownFolders(group) { try tree.makeGroup(folder) }
        switch layout {
        case .unified(let mount): try limit(unified: mount, group, limits)
        case .split(let mount, let controllers, _): try limit(split: mount, controllers, group, limits)
        }
    }

    private func limit(split mount: String, _ controllers: [String], _ group: String, _ limits: CgroupLimits) throws {
        if controllers.contains("cpu") {
            if let shares = limits.cpuShares { try tree.write(String(shares), to: "\(mount)/cpu\(group)/cpu.shares") }
            if let quota = limits.cpuQuota {
                try tree.write(String(ContainerResources.quotaPeriod), to: "\(mount)/cpu\(group)/cpu.cfs_period_us")
                try tree.write(String(quota), to: "\(mount)/cpu\(group)/cpu.cfs_quota_us")
            }
        }
        if controllers.contains("memory"), let bytes = limits.memoryBytes {
            try tree.write(String(bytes), to: "\(mount)/memory\(group)/memory.limit_in_bytes")
        }
        if controllers.contains("pids"), let pids = limits.pids { try tree.write(String(pids), to: "\(mount)/pids\(group)/pids.max") }
    }

    private func limit(unified mount: String, _ group: String, _ limits: CgroupLimits) throws {
        // A group's controllers work only where each group above hands them down.
        var above = mount
        for part in group.split(separator: "/") {
            for controller in ["cpu", "memory", "pids", "cpuset", "io"] { try? tree.write("+\(controller)", to: "\(above)/cgroup.subtree_control") }
            above += "/\(part)"
        }
        if let shares = limits.cpuShares { try tree.write(String(CgroupLimits.weight(shares: shares)), to: "\(above)/cpu.weight") }
        if let quota = limits.cpuQuota {
            try tree.write("\(quota == CgroupLimits.unlimited ? "max" : "\(quota)") \(ContainerResources.quotaPeriod)", to: "\(above)/cpu.max")
        }
        if let bytes = limits.memoryBytes { try tree.write(bytes == CgroupLimits.unlimited ? "max" : String(bytes), to: "\(above)/memory.max") }
        if let pids = limits.pids { try tree.write(String(pids), to: "\(above)/pids.max") }
    }
}
