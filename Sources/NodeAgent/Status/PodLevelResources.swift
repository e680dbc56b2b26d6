import ObjectModel

/// `status.allocatedResources` and `status.resources`, of a pod whose spec has resources of its own: what the node granted the pod as a whole, and what its
/// cgroup gives it.
struct PodLevelResources {
    /// Nil where the spec says nothing of it.
    let allocated: Value?
    let resources: Value?

    /// - Parameters:
    ///   - pod: as it was granted.
    ///   - cgroup: the limits of the pod's group as the kernel tells them; nil where there is none (any more).
    init(_ pod: Pod, cgroup: CgroupUsage?) {
        let own = pod.spec["resources"]
        guard own.isObject else {
            (allocated, resources) = (nil, nil)
            return
        }
        allocated = own["requests"].isObject ? own["requests"] : nil
        resources = cgroup.map { Self.actual(own, CgroupLimits(pod), $0) } ?? own
    }

    /// What was granted, but for what the kernel has otherwise: a resize that is not through, or an amount that it rounds.
    private static func actual(_ granted: Value, _ wanted: CgroupLimits, _ cgroup: CgroupUsage) -> Value {
        var resources = granted
        func set(_ list: String, _ name: String, _ amount: Quantity?) {
            resources[list][name] = amount.map { .string($0.description) } ?? .null
        }
        if !granted["limits"]["cpu"].isNull, cgroup.cpuQuota != wanted.cpuQuota {
            set("limits", "cpu", cgroup.cpuQuota.map { Quantity(milli: $0 * 1000 / max(1, cgroup.cpuPeriod ?? ContainerResources.quotaPeriod)) })
        }
        if !granted["limits"]["memory"].isNull, cgroup.memoryLimitBytes != wanted.memoryBytes {
            set("limits", "memory", cgroup.memoryLimitBytes.map { Quantity($0, format: .binarySI) })
        }
        if !granted["requests"]["cpu"].isNull, let shares = cgroup.cpuShares, differs(shares, from: wanted.cpuShares) {
            set("requests", "cpu", Quantity(milli: shares * 1000 / 1024))
        }
        return resources
    }

    /// The unified hierarchy has weights, which are coarser than shares: what they come to is no difference.
    private static func differs(_ shares: Int64, from wanted: Int64?) -> Bool {
        guard let wanted, shares != wanted else { return false }
        return CgroupLimits.weight(shares: shares) != CgroupLimits.weight(shares: wanted)
    }
}
