import ObjectModel

/// `v1.NodeSelectorTerm`: all of its conditions must hold. One without conditions matches no node.
struct NodeSelectorTerm: Sendable {
    var expressions: [Condition]
    var fields: [Condition]

    struct Condition: Sendable {
        var key: String
        var `operator`: String
        var values: [String]

        init(_ value: Value) {
            key = value["key"].string ?? ""
            self.operator = value["operator"].string ?? ""
            values = value["values"].strings
        }

        func holds(_ found: String?) -> Bool {
            switch self.operator {
            case "In": found.map(values.contains) ?? false
            case "NotIn": found.map { !values.contains($0) } ?? true
            case "Exists": found != nil
            case "DoesNotExist": found == nil
            case "Gt": compare(found) { $0 > $1 }
            case "Lt": compare(found) { $0 < $1 }
            default: false
            }
        }

        private func compare(_ found: String?, _ holds: (Int64, Int64) -> Bool) -> Bool {
            guard let found, let left = Int64(found), values.count == 1, let right = Int64(values[0]) else { return false }
            return holds(left, right)
        }
    }

    init(_ value: Value) {
        expressions = value["matchExpressions"].array.map(Condition.init)
        fields = value["matchFields"].array.map(Condition.init)
    }

    func matches(name: String, labels: Value) -> Bool {
        if expressions.isEmpty, fields.isEmpty { return false }
        return expressions.allSatisfy { $0.holds(labels[$0.key].string) } && fields.allSatisfy { $0.key == "metadata.name" && $0.holds(name) }
    }

    /// The nodes that the term names through `metadata.name`; nil: it names none in particular.
    var names: Set<String>? {
        let named = fields.filter { $0.key == "metadata.name" && $0.operator == "In" }
        guard let first = named.first else { return nil }
        return named.dropFirst().reduce(into: Set(first.values)) { $0.formIntersection($1.values) }
    }
}

/// What a pod demands and prefers of a node's labels and name.
struct NodeAffinity: Sendable {
    /// `spec.nodeSelector`.
    var labels: [(key: String, value: String)]

    /// One of these must match. nil: no demand.
    var required: [NodeSelectorTerm]?
    var preferred: [(weight: Int64, term: NodeSelectorTerm)]

    init(_ spec: Value) {
        labels = spec["nodeSelector"].stringMap.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        let affinity = spec["affinity"]["nodeAffinity"]
        let selector = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        required = selector.isObject ? selector["nodeSelectorTerms"].array.map(NodeSelectorTerm.init) : nil
        preferred = affinity["preferredDuringSchedulingIgnoredDuringExecution"].array.map {
            (Int64($0["weight"].int ?? 0), NodeSelectorTerm($0["preference"]))
        }
    }

    var demandsNothing: Bool { labels.isEmpty && required == nil }

    func allows(name: String, labels nodeLabels: Value) -> Bool {
        for label in labels where nodeLabels[label.key].string != label.value { return false }
        return required?.contains { $0.matches(name: name, labels: nodeLabels) } ?? true
    }

    /// The only nodes that can match, where every alternative names its nodes; nil: any.
    var names: Set<String>? {
        guard let required, !required.isEmpty else { return nil }
        var result: Set<String> = []
        for term in required {
            guard let names = term.names else { return nil }
            result.formUnion(names)
        }
        return result
    }
}
