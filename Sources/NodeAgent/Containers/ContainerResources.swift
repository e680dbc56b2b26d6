import ContainerRuntime
import ObjectModel

/// Translates requests and limits into what the kernel knows.
struct ContainerResources {
    /// 100 ms, in microseconds.
    static let quotaPeriod: Int64 = 100_000
    static let sharesMin: Int64 = 2
    static let sharesMax: Int64 = 262_144
    static let quotaMin: Int64 = 1_000

    /// CPU shares of a request: 1,024 a core.
    static func shares(milliCPU: Int64) -> Int64 {
        milliCPU == 0 ? sharesMin : min(max(milliCPU * 1_024 / 1_000, sharesMin), sharesMax)
    }

    /// Microseconds of CPU in each period; 0 for no limit.
    static func quota(milliCPU: Int64) -> Int64 { milliCPU == 0 ? 0 : max(milliCPU * quotaPeriod / 1_000, quotaMin) }

    let pod: Pod
    let container: ContainerSpec
    var memoryCapacityBytes: Int64
    var usesUnifiedHierarchy = false

    private func amount(_ list: String, _ resource: String) -> Quantity? { container.object["resources"][list][resource].quantity }

    var value: CRILinuxContainerResources {
        var resources = CRILinuxContainerResources()
        let limit = amount("limits", "cpu")?.milliValue ?? 0
        let request = amount("requests", "cpu")?.milliValue ?? limit
        resources.cpuShares = Self.shares(milliCPU: request)
        resources.cpuPeriod = Self.quotaPeriod
        resources.cpuQuota = Self.quota(milliCPU: limit)
        resources.memoryLimitInBytes = amount("limits", "memory")?.value ?? 0
        resources.oomScoreAdj = oomScoreAdjustment
        if usesUnifiedHierarchy { resources.unified = ["memory.oom.group": "1"] }
        for (name, value) in container.object["resources"]["limits"].fields where name.hasPrefix("hugepages-") {
            resources.hugepageLimits.append(
                .with {
                    $0.pageSize = Self.pageSize(name)
                    $0.limit = UInt64(clamping: value.quantity?.value ?? 0)
                })
        }
        return resources
    }

    /// `hugepages-2Mi` is `2MB` to the runtime.
    private static func pageSize(_ name: String) -> String { String(name.dropFirst("hugepages-".count).map { $0 == "i" ? "B" : $0 }) }

    /// Who the kernel kills first when memory runs out: from -997 (last) to 1000 (first).
    var oomScoreAdjustment: Int64 {
        if pod.spec["priority"].integer ?? 0 >= 2_000_000_000 { return -997 }
        switch QoSClass(pod.object) {
        case .guaranteed: return -997
        case .bestEffort: return 1_000
        case .burstable:
            let request = amount("requests", "memory")?.value ?? amount("limits", "memory")?.value ?? 0
            guard memoryCapacityBytes > 0 else { return 999 }
            return min(max(1_000 - 1_000 * request / memoryCapacityBytes, 3), 999)
        }
    }
}
