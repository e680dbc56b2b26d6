import ObjectModel

/// How many pods of a selection may be taken away now: a PodDisruptionBudget, as preemption sees it.
struct DisruptionBudget {
    var namespace: String
    var selector: LabelSelector
    var disruptionsAllowed: Int

    /// Pods whose disruption is counted already.
    var disruptedPods: Set<String>

    init(_ budget: Value) {
        namespace = budget.namespace
        selector = (try? LabelSelector(budget.spec["selector"])) ?? .nothing
        disruptionsAllowed = budget.status["disruptionsAllowed"].int ?? 0
        disruptedPods = Set(budget.status["disruptedPods"].fields.keys)
    }

    /// An empty selector selects nothing here.
    func covers(_ pod: PodInfo) -> Bool {
        pod.namespace == namespace && !selector.isEmpty && !disruptedPods.contains(pod.name) && selector.matches(labels: pod.labels)
    }
}
