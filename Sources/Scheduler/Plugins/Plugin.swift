/// The rules that place pods, by upstream's names, in the order in which they are asked. (NodeName is none of them: a pod that names its node never
/// gets here.)
enum Plugin: UInt8, CaseIterable, Sendable {
    case nodeUnschedulable, taintToleration, nodeAffinity, nodePorts, nodeResourcesFit, podTopologySpread, interPodAffinity

    var name: String {
        switch self {
        case .nodeUnschedulable: "NodeUnschedulable"
        case .taintToleration: "TaintToleration"
        case .nodeAffinity: "NodeAffinity"
        case .nodePorts: "NodePorts"
        case .nodeResourcesFit: "NodeResourcesFit"
        case .podTopologySpread: "PodTopologySpread"
        case .interPodAffinity: "InterPodAffinity"
        }
    }
}

/// A set of plugins, such as those that turned a pod away.
struct PluginSet: OptionSet, Sendable, Hashable {
    var rawValue: UInt16
    init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ plugin: Plugin) { rawValue = 1 << UInt16(plugin.rawValue) }
}

/// Why a node does not take a pod.
struct Rejection: Sendable, Equatable {
    var plugin: Plugin

    /// In upstream's words.
    var reasons: [String]

    /// Taking other pods off the node could help.
    var preemptionMayHelp: Bool

    init(_ plugin: Plugin, _ reasons: [String], preemptionMayHelp: Bool) {
        self.plugin = plugin
        self.reasons = reasons
        self.preemptionMayHelp = preemptionMayHelp
    }
}

/// One rule made ready for one pod: says no to nodes.
protocol NodeFilter {
    func rejection(of node: NodeInfo) -> Rejection?
}

/// One preference made ready for one pod: compares nodes.
protocol NodeScore {
    /// How much it counts beside the others.
    var weight: Int64 { get }

    func score(_ node: NodeInfo) -> Int64

    /// Brings raw scores to 0...100. Most are born so.
    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo])
}

extension NodeScore {
    func normalize(_ scores: inout [Int64], _ nodes: [NodeInfo]) {}
}

enum Score {
    static let max: Int64 = 100

    /// Scales so that the highest becomes 100, or turns that around.
    static func scaleToMaximum(_ scores: inout [Int64], reversed: Bool) {
        guard let highest = scores.max(), highest > 0 else {
            if reversed { for index in scores.indices { scores[index] = max } }
            return
        }
        for index in scores.indices {
            let scaled = max * scores[index] / highest
            scores[index] = reversed ? max - scaled : scaled
        }
    }
}
