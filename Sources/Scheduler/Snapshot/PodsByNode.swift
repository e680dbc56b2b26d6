/// The pods with some rare property, with the node that each runs on.
struct PodsByNode {
    private(set) var entries: [String: (pod: PodInfo, node: NodeInfo)] = [:]

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ pod: PodInfo, _ node: NodeInfo) { entries[pod.uid] = (pod, node) }

    mutating func remove(_ pod: PodInfo, _ node: NodeInfo) { entries[pod.uid] = nil }
}
