import ObjectModel

/// A node with what runs on it, kept up to date one pod at a time. Owned by the one snapshot that it is part of.
final class NodeInfo {
    let name: String

    /// The node's place in columns of the snapshot; used again after the node is gone.
    let index: Int
    private(set) var labels: Value = .null
    private(set) var isUnschedulable = false

    /// Taints with `NoSchedule` or `NoExecute`, which a pod must tolerate.
    private(set) var hardTaints: [Taint] = []

    /// Taints with `PreferNoSchedule`.
    private(set) var softTaints: [Taint] = []
    private(set) var allocatable = ResourceAmounts()
    private(set) var podCountMax = 0
    private(set) var requested = ResourceAmounts()
    private(set) var nonZeroRequested = ResourceAmounts()
    private(set) var room = NodeRoom()
    private(set) var pods: [PodInfo] = []
    private(set) var ports: [HostPort] = []

    /// Sizes of the images that the node holds, by name.
    private(set) var images: [String: Int64] = [:]

    init(name: String, index: Int) {
        self.name = name
        self.index = index
    }

    func update(_ node: Value) {
        labels = node.metadata["labels"]
        isUnschedulable = node.spec["unschedulable"].bool ?? false
        let taints = node.spec["taints"].array.compactMap(Taint.init)
        hardTaints = taints.filter { $0.effect != .preferNoSchedule }
        softTaints = taints.filter { $0.effect == .preferNoSchedule }
        let amounts = node.status["allocatable"]
        allocatable = ResourceAmounts(amounts)
        podCountMax = (try? Quantity(amounts["pods"])).map { Int($0.value) } ?? 0
        images = [:]
        for image in node.status["images"].array {
            for name in image["names"].strings { images[name] = image["sizeBytes"].integer ?? 0 }
        }
        measure()
    }

    private func measure() {
        room = NodeRoom(
            freePods: podCountMax - pods.count, freeMilliCPU: allocatable.milliCPU - requested.milliCPU,
            freeMemory: allocatable.memory - requested.memory, freeEphemeralStorage: allocatable.ephemeralStorage - requested.ephemeralStorage,
            milliCPU: allocatable.milliCPU, memory: allocatable.memory, nonZeroMilliCPU: nonZeroRequested.milliCPU,
            nonZeroMemory: nonZeroRequested.memory, isUnschedulable: isUnschedulable, hasHardTaints: !hardTaints.isEmpty,
            hasSoftTaints: !softTaints.isEmpty)
    }

    func add(_ pod: PodInfo) {
        pods.append(pod)
        requested += pod.requests
        nonZeroRequested += pod.nonZeroRequests
        if !pod.ports.isEmpty { ports += pod.ports }
        measure()
    }

    /// Returns the pod that went, which may be an older reading of the one asked for.
    func remove(uid: String) -> PodInfo? {
        guard let index = pods.firstIndex(where: { $0.uid == uid }) else { return nil }
        let pod = pods.remove(at: index)
        requested -= pod.requests
        nonZeroRequested -= pod.nonZeroRequests
        for port in pod.ports { if let index = ports.firstIndex(of: port) { ports.remove(at: index) } }
        measure()
        return pod
    }
}
