import ObjectModel

/// The cluster as scheduling sees it: nodes with what runs on them, and what else decides where a pod goes. Kept up to date one change at a time; a
/// scheduling cycle only reads it. Owned by one task.
final class Snapshot {
    private var byName: [String: NodeInfo] = [:]

    /// By `NodeInfo.index`; nil: a place that is free.
    private(set) var slots: [NodeInfo?] = []
    private var freeSlots: [Int] = []

    /// Where each pod is counted.
    private var nodeOfPod: [String: NodeInfo] = [:]

    /// Pods that are counted on a node that is not there (yet).
    private var strays: [String: [PodInfo]] = [:]

    private var order: [NodeInfo]?
    let topologies = Topologies()
    let counters = PodCounters()
    let owners = WorkloadSelectors()
    let images = ImageSpread()
    private(set) var existingTerms = ExistingTerms()
    var namespaces: [String: Value] = [:]
    var disruptionBudgets: [String: DisruptionBudget] = [:]

    /// Pods for which room is being made, by the node that it is made on.
    private(set) var nominated: [String: [PodInfo]] = [:]

    // MARK: Nodes

    var nodeCount: Int { byName.count }

    /// Pods on nodes that are there.
    var podCount: Int { nodeOfPod.count }

    func node(named name: String) -> NodeInfo? { byName[name] }

    /// All nodes, the zones taking turns, so that the first few hundred are from everywhere.
    var nodes: [NodeInfo] {
        if let order { return order }
        let fresh = interleaved()
        order = fresh
        return fresh
    }

    func setNode(_ object: Value) {
        let name = object.name
        let isNew = byName[name] == nil
        let node: NodeInfo
        if let known = byName[name] {
            node = known
            images.remove(node)
        } else {
            let index = freeSlots.popLast() ?? slots.count
            node = NodeInfo(name: name, index: index)
            if index == slots.count { slots.append(node) } else { slots[index] = node }
            byName[name] = node
            counters.resize(slots.count)
        }
        let zone = node.labels[Topologies.zone]
        node.update(object)
        images.add(node)
        topologies.set(node)
        if isNew || node.labels[Topologies.zone] != zone { order = nil }
        for pod in strays.removeValue(forKey: name) ?? [] { add(pod, to: node) }
    }

    /// Forgets a node. Its pods are remembered in case it comes back.
    func removeNode(_ name: String) {
        guard let node = byName.removeValue(forKey: name) else { return }
        for pod in node.pods {
            remove(pod.uid)
            strays[name, default: []].append(pod)
        }
        images.remove(node)
        topologies.remove(node)
        slots[node.index] = nil
        freeSlots.append(node.index)
        order = nil
    }

    private func interleaved() -> [NodeInfo] {
        var zones: [String: [NodeInfo]] = [:]
        for case let node? in slots { zones[node.labels[Topologies.zone].string ?? "", default: []].append(node) }
        let queues = zones.sorted { $0.key < $1.key }.map(\.value)
        var result: [NodeInfo] = []
        result.reserveCapacity(byName.count)
        var round = 0
        while result.count < byName.count {
            for queue in queues where round < queue.count { result.append(queue[round]) }
            round += 1
        }
        return result
    }

    // MARK: Pods

    func nodeName(ofPod uid: String) -> String? { nodeOfPod[uid]?.name }

    /// Counts a pod on a node, in place of an older reading of it.
    func add(_ pod: PodInfo, toNode name: String) {
        remove(pod.uid)
        guard let node = byName[name] else {
            strays[name, default: []].removeAll { $0.uid == pod.uid }
            strays[name, default: []].append(pod)
            return
        }
        add(pod, to: node)
    }

    private func add(_ pod: PodInfo, to node: NodeInfo) {
        node.add(pod)
        nodeOfPod[pod.uid] = node
        counters.count(pod, node.index, 1, namespaceLabels)
        if !pod.affinity.isEmpty { existingTerms.add(pod, node.index) }
    }

    /// Stops counting a pod.
    @discardableResult func remove(_ uid: String) -> PodInfo? {
        guard let node = nodeOfPod.removeValue(forKey: uid), let pod = node.remove(uid: uid) else {
            for name in Array(strays.keys) {
                strays[name]?.removeAll { $0.uid == uid }
                if strays[name]?.isEmpty == true { strays[name] = nil }
            }
            return nil
        }
        counters.count(pod, node.index, -1, namespaceLabels)
        if !pod.affinity.isEmpty { existingTerms.remove(pod, node.index) }
        return pod
    }

    // MARK: Nominations

    func nominate(_ pod: PodInfo, to node: String) {
        removeNomination(pod.uid)
        if !node.isEmpty { nominated[node, default: []].append(pod) }
    }

    /// Returns whether there was one.
    @discardableResult func removeNomination(_ uid: String) -> Bool {
        for (name, pods) in nominated {
            guard let index = pods.firstIndex(where: { $0.uid == uid }) else { continue }
            nominated[name]?.remove(at: index)
            if pods.count == 1 { nominated[name] = nil }
            return true
        }
        return false
    }

    // MARK: Questions

    func namespaceLabels(_ name: String) -> Value { namespaces[name]?.metadata["labels"] ?? .null }

    /// How many of the pods that match all selections run on each node, by `NodeInfo.index`.
    func counts(_ selections: [PodSelection], withoutTerminating: Bool) -> [Int32] {
        counters.counts(PodCounters.Question(selections: selections, withoutTerminating: withoutTerminating), slots, namespaceLabels)
    }
}
