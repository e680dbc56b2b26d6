import ObjectModel

/// `v1.PodAffinityTerm`: which pods, and what "the same place" means.
struct PodAffinityTerm: Sendable, Hashable {
    var pods: PodSelection
    var topologyKey: String

    /// - Parameter namespace: of the pod that has the term, meant where the term names none.
    init(_ value: Value, namespace: String) {
        let named = value["namespaces"].strings
        let selector = value["namespaceSelector"]
        pods = PodSelection(
            namespaces: named.isEmpty && !selector.isObject ? [namespace] : Set(named),
            namespaceSelector: selector.isObject ? (try? LabelSelector(selector)) ?? .nothing : nil,
            selector: (try? LabelSelector(value["labelSelector"])) ?? .nothing)
        topologyKey = value["topologyKey"].string ?? ""
    }
}

/// Pods by namespace and labels.
struct PodSelection: Sendable, Hashable {
    var namespaces: Set<String>
    var namespaceSelector: LabelSelector?
    var selector: LabelSelector

    func matches(_ pod: PodInfo, _ namespaceLabels: (String) -> Value) -> Bool {
        guard selector.matches(labels: pod.labels) else { return false }
        if namespaces.contains(pod.namespace) { return true }
        guard let namespaceSelector else { return false }
        return namespaceSelector.isEmpty || namespaceSelector.matches(labels: namespaceLabels(pod.namespace))
    }
}

/// A pod's wishes about the company of other pods.
struct PodAffinity: Sendable {
    struct Weighted: Sendable {
        var weight: Int64
        var term: PodAffinityTerm
    }

    var required: [PodAffinityTerm] = []
    var preferred: [Weighted] = []
    var requiredAnti: [PodAffinityTerm] = []
    var preferredAnti: [Weighted] = []

    init(_ affinity: Value, namespace: String) {
        guard affinity.isObject else { return }
        (required, preferred) = Self.terms(affinity["podAffinity"], namespace)
        (requiredAnti, preferredAnti) = Self.terms(affinity["podAntiAffinity"], namespace)
    }

    private static func terms(_ value: Value, _ namespace: String) -> ([PodAffinityTerm], [Weighted]) {
        let required = value["requiredDuringSchedulingIgnoredDuringExecution"].array.map { PodAffinityTerm($0, namespace: namespace) }
        let preferred = value["preferredDuringSchedulingIgnoredDuringExecution"].array.map {
            Weighted(weight: Int64($0["weight"].int ?? 0), term: PodAffinityTerm($0["podAffinityTerm"], namespace: namespace))
        }
        return (required, preferred)
    }

    var isEmpty: Bool { required.isEmpty && preferred.isEmpty && requiredAnti.isEmpty && preferredAnti.isEmpty }
}
