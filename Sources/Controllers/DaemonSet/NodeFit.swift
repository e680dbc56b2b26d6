import ObjectModel

/// Whether a pod's own demands let it be on a node: its selector, its required affinity, its tolerations.
struct NodeFit {
    let node: Value

    /// `nodeName`, `nodeSelector` and required node affinity.
    func matches(_ spec: Value) -> Bool {
        if let name = spec["nodeName"].string, !name.isEmpty, name != node.name { return false }
        if !LabelSelector(matchLabels: spec["nodeSelector"].stringMap).matches(node) { return false }
        let required = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        if required.isNull { return true }
        return required["nodeSelectorTerms"].array.contains(where: matchesTerm)
    }

    /// All of a term's demands; a term without any matches nothing.
    private func matchesTerm(_ term: Value) -> Bool {
        let (expressions, fields) = (term["matchExpressions"].array, term["matchFields"].array)
        if expressions.isEmpty, fields.isEmpty { return false }
        return expressions.allSatisfy { matches($0, node.metadata["labels"][$0["key"].string ?? ""].string) }
            && fields.allSatisfy { $0["key"].string == "metadata.name" && matches($0, node.name) }
    }

    private func matches(_ demand: Value, _ value: String?) -> Bool {
        let values = demand["values"].strings
        switch demand["operator"].string {
        case "In": return value.map(values.contains) ?? false
        case "NotIn": return value.map { !values.contains($0) } ?? true
        case "Exists": return value != nil
        case "DoesNotExist": return value == nil
        case "Gt", "Lt":
            guard let value, let left = Int64(value), let bound = values.first, let right = Int64(bound) else { return false }
            return demand["operator"].string == "Gt" ? left > right : left < right
        default: return false
        }
    }

    /// True where every taint with one of these effects is tolerated.
    func isTolerated(_ tolerations: [Value], effects: Set<String>) -> Bool {
        node.spec["taints"].array.allSatisfy { taint in
            !effects.contains(taint["effect"].string ?? "") || tolerations.contains { Self.tolerates($0, taint) }
        }
    }

    static func tolerates(_ toleration: Value, _ taint: Value) -> Bool {
        if let effect = toleration["effect"].string, !effect.isEmpty, effect != taint["effect"].string { return false }
        let key = toleration["key"].string ?? ""
        if !key.isEmpty, key != taint["key"].string { return false }
        if toleration["operator"].string == "Exists" { return true }
        return !key.isEmpty && (toleration["value"].string ?? "") == (taint["value"].string ?? "")
    }
}
