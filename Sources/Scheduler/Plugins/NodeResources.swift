/// What the node has left against what the pod asks for.
struct NodeResourcesFitFilter: NodeFilter {
    private let requests: ResourceAmounts
    private let milliCPU: Int64
    private let memory: Int64
    private let ephemeralStorage: Int64
    private let hasNoOthers: Bool
    private let isZero: Bool

    init(_ pod: PodInfo) {
        requests = pod.requests
        // Asking for none of something never fails, even where more is taken than there is.
        milliCPU = requests.milliCPU == 0 ? .min : requests.milliCPU
        memory = requests.memory == 0 ? .min : requests.memory
        ephemeralStorage = requests.ephemeralStorage == 0 ? .min : requests.ephemeralStorage
        hasNoOthers = requests.others.isEmpty
        isZero = pod.requests.isZero
    }

    func rejection(of node: NodeInfo) -> Rejection? {
        let room = node.room
        if room.freePods > 0 {
            if isZero { return nil }
            let fits = milliCPU <= room.freeMilliCPU && memory <= room.freeMemory && ephemeralStorage <= room.freeEphemeralStorage
            if fits, hasNoOthers { return nil }
        }
        return explained(node)
    }

    private func explained(_ node: NodeInfo) -> Rejection? {
        var reasons: [String] = []
        var preemptionMayHelp = true
        if node.pods.count + 1 > node.podCountMax { reasons.append("Too many pods") }
        func check(_ name: String, _ wanted: Int64, _ allocatable: Int64, _ requested: Int64) {
            guard wanted > 0, wanted > allocatable - requested else { return }
            reasons.append("Insufficient \(name)")
            // More than the whole node has: an empty node would not do either.
            if wanted > allocatable { preemptionMayHelp = false }
        }
        check("cpu", requests.milliCPU, node.allocatable.milliCPU, node.requested.milliCPU)
        check("memory", requests.memory, node.allocatable.memory, node.requested.memory)
        check("ephemeral-storage", requests.ephemeralStorage, node.allocatable.ephemeralStorage, node.requested.ephemeralStorage)
        for other in requests.others { check(other.name, other.amount, node.allocatable[other.name], node.requested[other.name]) }
        return reasons.isEmpty ? nil : Rejection(.nodeResourcesFit, reasons, preemptionMayHelp: preemptionMayHelp)
    }
}

/// Prefers nodes of which less is asked for.
struct LeastAllocatedScore: NodeScore {
    let weight: Int64 = 1
    private let milliCPU: Int64
    private let memory: Int64

    init(_ pod: PodInfo) {
        milliCPU = pod.nonZeroRequests.milliCPU
        memory = pod.nonZeroRequests.memory
    }

    func score(_ node: NodeInfo) -> Int64 {
        var sum: Int64 = 0
        var weights: Int64 = 0
        func add(_ allocatable: Int64, _ requested: Int64) {
            guard allocatable > 0 else { return }
            weights += 1
            if requested <= allocatable { sum += (allocatable - requested) * Score.max / allocatable }
        }
        let room = node.room
        add(room.milliCPU, room.nonZeroMilliCPU + milliCPU)
        add(room.memory, room.nonZeroMemory + memory)
        return weights == 0 ? 0 : sum / weights
    }
}

/// Prefers nodes whose CPU and memory would be asked for to the same degree.
struct BalancedAllocationScore: NodeScore {
    let weight: Int64 = 1
    private let milliCPU: Int64
    private let memory: Int64

    /// nil: the pod asks for neither, so it changes no balance.
    init?(_ pod: PodInfo) {
        milliCPU = pod.requests.milliCPU
        memory = pod.requests.memory
        if milliCPU == 0, memory == 0 { return nil }
    }

    func score(_ node: NodeInfo) -> Int64 {
        let room = node.room
        let cpu = fraction(room.milliCPU - room.freeMilliCPU + milliCPU, room.milliCPU)
        let memory = fraction(room.memory - room.freeMemory + self.memory, room.memory)
        guard let cpu, let memory else { return Score.max }
        // The standard deviation of two numbers.
        return Int64((1 - abs(cpu - memory) / 2) * Double(Score.max))
    }

    private func fraction(_ requested: Int64, _ allocatable: Int64) -> Double? {
        allocatable > 0 ? min(1, Double(requested) / Double(allocatable)) : nil
    }
}

/// Prefers nodes that hold the pod's images already, the more the larger they are. An image that few nodes hold counts less, or all its pods would
/// crowd there.
struct ImageLocalityScore: NodeScore {
    let weight: Int64 = 1
    private static let sizeMin: Int64 = 23 << 20
    private static let sizeMaxPerContainer: Int64 = 1000 << 20
    private let sums: [Int: Int64]
    private let sizeMax: Int64

    /// nil: no node holds any.
    init?(_ pod: PodInfo, _ snapshot: Snapshot) {
        var sums: [Int: Int64] = [:]
        for image in pod.images {
            let holders = snapshot.images.holders(image)
            let spread = Double(holders.count) / Double(max(1, snapshot.nodeCount))
            for (index, size) in holders { sums[index, default: 0] += Int64(Double(size) * spread) }
        }
        if sums.isEmpty { return nil }
        self.sums = sums
        sizeMax = Self.sizeMaxPerContainer * Int64(pod.images.count)
    }

    func score(_ node: NodeInfo) -> Int64 {
        guard let sum = sums[node.index] else { return 0 }
        return Score.max * (min(max(sum, Self.sizeMin), sizeMax) - Self.sizeMin) / (sizeMax - Self.sizeMin)
    }
}
