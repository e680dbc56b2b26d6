import ObjectModel

/// What a whole pod, or a class of pods, may use.
struct CgroupLimits: Sendable, Equatable {
    var cpuShares: Int64?

    /// Microseconds per 100 ms.
    var cpuQuota: Int64?
    var memoryBytes: Int64?
    var pids: Int64?

    /// Takes a quota or a limit of memory away.
    static let unlimited: Int64 = -1

    /// Weight of the unified hierarchy for as many shares: 2…262144 onto 1…10000.
    static func weight(shares: Int64) -> Int64 { 1 + (shares - 2) * 9_999 / 262_142 }
}

extension CgroupLimits {
    /// A resized pod's limits: one that it no longer has is taken away.
    init(resized pod: Pod) {
        self.init(pod)
        guard QoSClass(pod.object) != .bestEffort else { return }
        cpuQuota = cpuQuota ?? Self.unlimited
        memoryBytes = memoryBytes ?? Self.unlimited
    }

    /// A pod's limits: requests add up; limits count only where every container has one.
    init(_ pod: Pod) {
        let request = PodResources(pod).requests
        let limits = PodResources(pod).limits
        let qos = QoSClass(pod.object)
        if qos == .bestEffort {
            cpuShares = ContainerResources.sharesMin
            return
        }
        cpuShares = ContainerResources.shares(milliCPU: request["cpu"]?.milliValue ?? 0)
        if let cpu = limits["cpu"] { cpuQuota = ContainerResources.quota(milliCPU: cpu.milliValue) }
        if let memory = limits["memory"] { memoryBytes = memory.value }
    }
}

/// What a pod as a whole requests and is limited to: main containers and sidecars together, or the largest init container beside the sidecars before it,
/// whichever is more.
struct PodResources {
    private(set) var requests: [String: Quantity] = [:]

    /// Only resources that every container limits.
    private(set) var limits: [String: Quantity] = [:]

    init(_ pod: Pod) {
        let own = pod.spec["resources"]
        requests = Self.total(pod, "requests")
        let allLimited = ["cpu", "memory"].filter { name in
            (pod.containers + pod.initContainers).allSatisfy { !($0.object["resources"]["limits"][name].quantity?.isZero ?? true) }
        }
        limits = Self.total(pod, "limits").filter { allLimited.contains($0.key) }
        for (name, value) in own["requests"].fields { if let amount = value.quantity { requests[name] = amount } }
        for (name, value) in own["limits"].fields { if let amount = value.quantity { limits[name] = amount } }
        for (name, value) in pod.spec["overhead"].fields {
            guard let amount = value.quantity else { continue }
            requests[name, default: .zero] += amount
            if limits[name] != nil { limits[name, default: .zero] += amount }
        }
    }

    private static func total(_ pod: Pod, _ list: String) -> [String: Quantity] {
        var sum: [String: Quantity] = [:]
        for container in pod.containers { add(amounts(container, list), to: &sum) }
        var sidecars: [String: Quantity] = [:]
        var peak: [String: Quantity] = [:]
        for container in pod.initContainers {
            let own = amounts(container, list)
            if container.isSidecar {
                add(own, to: &sidecars)
                add(own, to: &sum)
            } else {
                var together = sidecars
                add(own, to: &together)
                peak.merge(together) { max($0, $1) }
            }
        }
        return sum.merging(peak) { max($0, $1) }
    }

    private static func amounts(_ container: ContainerSpec, _ list: String) -> [String: Quantity] {
        var result: [String: Quantity] = [:]
        for (name, value) in container.object["resources"][list].fields { result[name] = value.quantity }
        return result
    }

    private static func add(_ amounts: [String: Quantity], to sum: inout [String: Quantity]) {
        for (name, amount) in amounts { sum[name, default: .zero] += amount }
    }
}
