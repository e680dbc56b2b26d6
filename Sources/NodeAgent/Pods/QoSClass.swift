import ObjectModel

/// `status.qosClass`: who goes first when the machine runs short.
enum QoSClass: String, Sendable {
    case guaranteed = "Guaranteed"
    case burstable = "Burstable"
    case bestEffort = "BestEffort"

    private static let counted = ["cpu", "memory"]

    /// Guaranteed: every container limits cpu and memory and requests as much. BestEffort: none names either. The server's own verdict, where the
    /// status has one, stands: a resize does not change the class.
    init(_ pod: Value) {
        if let known = pod.status["qosClass"].string.flatMap(QoSClass.init(rawValue:)) {
            self = known
            return
        }
        let spec = pod.spec
        let blocks: [Value] =
            spec["resources"].isEmpty
            ? (spec["containers"].array + spec["initContainers"].array).map { $0["resources"] } : [spec["resources"]]
        var isBestEffort = true
        var isGuaranteed = true
        for block in blocks {
            for resource in Self.counted {
                let limit = block["limits"][resource].quantity ?? .zero
                let request = block["requests"][resource].quantity ?? limit
                if request > .zero || limit > .zero { isBestEffort = false }
                if limit <= .zero || request != limit { isGuaranteed = false }
            }
        }
        self = isBestEffort ? .bestEffort : isGuaranteed ? .guaranteed : .burstable
    }
}
