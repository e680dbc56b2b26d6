import ObjectModel

/// `v1.TopologySpreadConstraint`: how evenly matching pods lie over the values of a node label.
struct TopologySpreadConstraint: Sendable {
    var maxSkew: Int
    var topologyKey: String

    /// `whenUnsatisfiable: DoNotSchedule`.
    var isRequired: Bool
    var selector: LabelSelector
    var minDomains: Int
    var honorsNodeAffinity: Bool
    var honorsTaints: Bool

    init(maxSkew: Int, topologyKey: String, selector: LabelSelector) {
        self.maxSkew = maxSkew
        self.topologyKey = topologyKey
        isRequired = false
        self.selector = selector
        minDomains = 1
        honorsNodeAffinity = true
        honorsTaints = false
    }

    /// - Parameter labels: of the pod that has the constraint, for `matchLabelKeys`.
    init(_ value: Value, labels: Value) {
        maxSkew = value["maxSkew"].int ?? 1
        topologyKey = value["topologyKey"].string ?? ""
        isRequired = value["whenUnsatisfiable"].string != "ScheduleAnyway"
        minDomains = value["minDomains"].int ?? 1
        honorsNodeAffinity = value["nodeAffinityPolicy"].string != "Ignore"
        honorsTaints = value["nodeTaintsPolicy"].string == "Honor"
        selector = (try? LabelSelector(value["labelSelector"])) ?? .nothing
        let keys = value["matchLabelKeys"].strings
        if !keys.isEmpty, !selector.matchesNothing {
            var wanted: [String: String] = [:]
            for key in keys { if let found = labels[key].string { wanted[key] = found } }
            selector = LabelSelector(selector.requirements + LabelSelector(matchLabels: wanted).requirements)
        }
    }
}
