import ClusterClient
import ObjectModel

/// Which nodes get a DaemonSet's pod, and which pods go.
struct DaemonSetPlan {
    private(set) var creates: [String] = []
    private(set) var deletes: [Value] = []

    /// Pods that finished or failed, to be told of before they are deleted.
    private(set) var finished: [Value] = []

    static let revisionLabel = "controller-revision-hash"
    static let generationLabel = "pod-template-generation"
    static let generationAnnotation = "deprecated.daemonset.template.generation"

    private let set: Value
    private let hash: String
    private let now: Timestamp
    private let nodes: [Value]
    private let pods: [String: [Value]]
    private var minReadySeconds: Int { self.set.spec["minReadySeconds"].int ?? 0 }

    /// - Parameters:
    ///   - owned: the set's pods, finished and ending ones included.
    ///   - hash: that of the template as it is now.
    init(_ set: Value, owned: [Value], nodes: [Value], hash: String, now: Timestamp) {
        self.set = set
        self.hash = hash
        self.now = now
        self.nodes = nodes.sorted { $0.name < $1.name }
        pods = Dictionary(grouping: owned, by: Self.node)
        if !set.isBeingDeleted { plan() }
    }

    /// The node that a pod is on, or is meant for.
    static func node(of pod: Value) -> String {
        if !pod.nodeName.isEmpty { return pod.nodeName }
        let terms = pod.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"].array
        for term in terms {
            for field in term["matchFields"].array where field["key"].string == "metadata.name" && field["operator"].string == "In" {
                if let name = field["values"][0].string { return name }
            }
        }
        return ""
    }

    // MARK: Pods

    /// The pod of a node: bound to it by affinity, so that the scheduler places it, and indifferent to the node's troubles.
    static func pod(of set: Value, on node: String, hash: String) -> Value {
        var pod = PodControl.pod(from: set.spec["template"], owner: set, as: .daemonSets)
        pod.metadata["labels"][revisionLabel] = .string(hash)
        if let generation = set.annotation(generationAnnotation) { pod.metadata["labels"][generationLabel] = .string(generation) }
        pod.spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = [
            "nodeSelectorTerms": [["matchFields": [["key": "metadata.name", "operator": "In", "values": [.string(node)]]]]]
        ]
        pod.spec["tolerations"] = .array(tolerations(of: set.spec["template"]["spec"]))
        return pod
    }

    private static func tolerations(of spec: Value) -> [Value] {
        var tolerations = spec["tolerations"].array
        var added: [(String, String)] = [
            ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"), ("memory-pressure", "NoSchedule"),
            ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
        ]
        if spec["hostNetwork"].bool == true { added.append(("network-unavailable", "NoSchedule")) }
        for (key, effect) in added {
            let toleration: Value = ["key": .string("node.kubernetes.io/\(key)"), "operator": "Exists", "effect": .string(effect)]
            if !tolerations.contains(toleration) { tolerations.append(toleration) }
        }
        return tolerations
    }

    /// Whether a pod should start on a node, and whether one that is there may stay.
    private func standing(on node: Value) -> (starts: Bool, stays: Bool) {
        let fit = NodeFit(node: node)
        let template = set.spec["template"]["spec"]
        guard fit.matches(template) else { return (false, false) }
        let tolerations = Self.tolerations(of: template)
        return (fit.isTolerated(tolerations, effects: ["NoSchedule", "NoExecute"]), fit.isTolerated(tolerations, effects: ["NoExecute"]))
    }

    // MARK: Planning

    private mutating func plan() {
        for node in nodes { plan(node) }
        let known = Set(nodes.map(\.name))
        for (node, pods) in pods where !known.contains(node) { deletes += pods.filter { !$0.isBeingDeleted && $0.nodeName.isEmpty } }
        if set.spec["updateStrategy"]["type"].string != "OnDelete" { planUpdate() }
        var seen: Set<String> = []
        deletes = deletes.filter { seen.insert($0.uid).inserted }
    }

    private mutating func plan(_ node: Value) {
        let own = pods[node.name] ?? []
        let (starts, stays) = standing(on: node)
        if starts, own.isEmpty { return creates.append(node.name) }
        guard stays else {
            deletes += own.filter { !$0.isBeingDeleted }
            return
        }
        finished += own.filter { $0.isTerminalPod && !$0.isBeingDeleted }
        // Of several, the oldest stays; during a surge, the oldest of each template.
        let running = own.filter(\.isActivePod).sorted(by: Self.isOlder)
        for group in maxSurge > 0 ? [running.filter(isNew), running.filter { !isNew($0) }] : [running] { deletes += group.dropFirst() }
    }

    private static func isOlder(_ left: Value, _ right: Value) -> Bool {
        if left.nodeName.isEmpty != right.nodeName.isEmpty { return !left.nodeName.isEmpty }
        return DeploymentModel.isOlder(left, right)
    }

    // MARK: Rolling update

    private var desired: [Value] { nodes.filter { standing(on: $0).starts } }

    private func bound(_ name: String) -> Int {
        DeploymentModel.scaled(set.spec["updateStrategy"]["rollingUpdate"][name], of: desired.count, roundsUp: true)
    }

    private var maxSurge: Int { bound("maxSurge") }
    private var maxUnavailable: Int { maxSurge > 0 ? bound("maxUnavailable") : max(1, bound("maxUnavailable")) }

    private func isNew(_ pod: Value) -> Bool {
        if pod.metadata["labels"][Self.revisionLabel].string == hash { return true }
        guard let generation = set.annotation(Self.generationAnnotation) else { return false }
        return pod.metadata["labels"][Self.generationLabel].string == generation && pod.metadata["labels"][Self.revisionLabel].isNull
    }

    private func isAvailable(_ pod: Value) -> Bool { pod.isAvailablePod(minReadySeconds: minReadySeconds, now: now) }

    private mutating func planUpdate() {
        maxSurge > 0 ? planSurge() : planReplacement()
    }

    /// Old pods go first, and as many as may be missing at a time.
    private mutating func planReplacement() {
        var unavailable = 0
        var candidates: [Value] = []
        for node in desired {
            let active = (pods[node.name] ?? []).filter(\.isActivePod)
            let old = active.filter { !isNew($0) }
            if !active.contains(where: isAvailable) {
                unavailable += 1
                // A pod that is down already costs nothing.
                deletes += old
            } else {
                candidates += old
            }
        }
        deletes += candidates.prefix(max(0, maxUnavailable - unavailable))
    }

    /// New pods come beside old ones, which go once the new one is available.
    private mutating func planSurge() {
        var surging = 0
        var waiting: [String] = []
        for node in desired {
            let active = (pods[node.name] ?? []).filter(\.isActivePod)
            let old = active.filter { !isNew($0) }
            guard !old.isEmpty else { continue }
            if let new = active.first(where: isNew) {
                surging += 1
                if isAvailable(new) { deletes += old }
            } else if !old.contains(where: isAvailable) {
                creates.append(node.name)
                surging += 1
            } else {
                waiting.append(node.name)
            }
        }
        creates += waiting.prefix(max(0, maxSurge - surging))
    }

    // MARK: Status

    func status() -> Value {
        var (current, misscheduled, ready, available, updated) = (0, 0, 0, 0, 0)
        let wanted = desired
        let wantedNames = Set(wanted.map(\.name))
        for node in nodes {
            let own = (pods[node.name] ?? []).filter { !$0.isTerminalPod }
            guard wantedNames.contains(node.name) else {
                if !own.isEmpty { misscheduled += 1 }
                continue
            }
            guard let pod = own.filter({ !$0.isBeingDeleted }).min(by: Self.isOlder) ?? own.min(by: Self.isOlder) else { continue }
            current += 1
            if own.contains(where: \.isReadyPod) { ready += 1 }
            if own.contains(where: isAvailable) { available += 1 }
            if maxSurge > 0 ? own.contains(where: isNew) : isNew(pod) { updated += 1 }
        }
        var status = set.status
        status["currentNumberScheduled"] = Value(current)
        status["numberMisscheduled"] = Value(misscheduled)
        status["desiredNumberScheduled"] = Value(wanted.count)
        status["numberReady"] = Value(ready)
        status.setCount("updatedNumberScheduled", updated)
        status.setCount("numberAvailable", available)
        status.setCount("numberUnavailable", wanted.count - available)
        status.setCount("observedGeneration", set.generation)
        return status
    }

    var timeToAvailability: Duration? {
        pods.values.lazy.flatMap(\.self).compactMap { $0.timeToAvailability(minReadySeconds: minReadySeconds, now: now) }.min()
    }
}
