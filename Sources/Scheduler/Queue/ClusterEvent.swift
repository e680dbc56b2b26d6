/// What changed in the cluster, as far as it can help pods that found no node.
enum ClusterEvent {
    case nodeAdded(NodeInfo)
    case nodeChanged(NodeInfo, NodeChanges)
    case nodeGone

    /// A pod that ran on a node left it, or asks for less.
    case podGone(PodInfo)

    /// A pod came to a node, or one there changed its labels.
    case podPlaced(PodInfo)
    case namespaceChanged

    struct NodeChanges: OptionSet {
        var rawValue: UInt8
        static let allocatable = NodeChanges(rawValue: 1)
        static let labels = NodeChanges(rawValue: 2)
        static let taints = NodeChanges(rawValue: 4)
    }
}

extension ClusterEvent {
    /// Whether a pod that these plugins turned away should be tried again.
    func mayHelp(_ pod: PodInfo, rejectedBy plugins: PluginSet, _ snapshot: Snapshot) -> Bool {
        if plugins.isEmpty { return true }
        return Plugin.allCases.contains { plugins.contains(PluginSet($0)) && mayHelp(pod, $0, snapshot) }
    }

    private func mayHelp(_ pod: PodInfo, _ plugin: Plugin, _ snapshot: Snapshot) -> Bool {
        switch self {
        case .nodeAdded(let node): helps(node, [.allocatable, .labels, .taints], pod, plugin)
        case .nodeChanged(let node, let changes): helps(node, changes, pod, plugin)
        case .nodeGone: plugin == .podTopologySpread
        case .podGone(let other):
            switch plugin {
            case .nodeResourcesFit: true
            case .nodePorts: pod.ports.contains { wanted in other.ports.contains { $0.conflicts(wanted) } }
            case .podTopologySpread: pod.isSpread(with: other)
            case .interPodAffinity: pod.keepsAway(other, snapshot) || other.keepsAway(pod, snapshot)
            default: false
            }
        case .podPlaced(let other):
            switch plugin {
            case .podTopologySpread: pod.isSpread(with: other)
            case .interPodAffinity: pod.affinity.required.contains { $0.pods.matches(other, snapshot.namespaceLabels) }
            default: false
            }
        case .namespaceChanged: plugin == .interPodAffinity
        }
    }

    private func helps(_ node: NodeInfo, _ changes: NodeChanges, _ pod: PodInfo, _ plugin: Plugin) -> Bool {
        switch plugin {
        case .nodeUnschedulable: changes.contains(.taints) && NodeUnschedulableFilter(pod)?.rejection(of: node) == nil
        case .taintToleration: changes.contains(.taints) && TaintTolerationFilter(pod).rejection(of: node) == nil
        case .nodeAffinity: changes.contains(.labels) && NodeAffinityFilter(pod)?.rejection(of: node) == nil
        case .nodePorts: changes == [.allocatable, .labels, .taints]
        case .nodeResourcesFit: changes.contains(.allocatable) && NodeResourcesFitFilter(pod).rejection(of: node) == nil
        case .podTopologySpread, .interPodAffinity: changes.contains(.labels) || changes.contains(.taints)
        }
    }
}

extension PodInfo {
    fileprivate func isSpread(with other: PodInfo) -> Bool {
        other.namespace == namespace && spreadConstraints.contains { $0.isRequired && $0.selector.matches(labels: other.labels) }
    }

    fileprivate func keepsAway(_ other: PodInfo, _ snapshot: Snapshot) -> Bool {
        affinity.requiredAnti.contains { $0.pods.matches(other, snapshot.namespaceLabels) }
    }
}
