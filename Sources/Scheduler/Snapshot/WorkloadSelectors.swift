import ObjectModel

/// The selectors of services and of workloads: what tells that two pods are replicas of one thing, and so should not lie on one node.
final class WorkloadSelectors {
    private var services: [String: [String: [String: String]]] = [:]
    private var workloads: [String: LabelSelector] = [:]

    func setService(_ service: Value) {
        let selector = service.spec["selector"].stringMap
        services[service.namespace, default: [:]][service.name] = selector.isEmpty ? nil : selector
    }

    func removeService(namespace: String, name: String) { services[namespace]?[name] = nil }

    /// A ReplicaSet, StatefulSet or ReplicationController.
    func setWorkload(_ kind: String, _ object: Value) {
        let selector = object.spec["selector"]
        workloads["\(kind)/\(object.key)"] =
            kind == "ReplicationController" ? LabelSelector(matchLabels: selector.stringMap) : (try? LabelSelector(selector)) ?? .nothing
    }

    func removeWorkload(_ kind: String, _ key: String) { workloads["\(kind)/\(key)"] = nil }

    /// What selects a pod's fellow replicas: all services that select the pod, and its owner, together. nil: nothing does.
    func selector(for pod: PodInfo) -> LabelSelector? {
        var labels: [String: String] = [:]
        for selector in (services[pod.namespace] ?? [:]).values where selector.allSatisfy({ pod.labels[$0.key].string == $0.value }) {
            labels.merge(selector) { $1 }
        }
        var requirements = LabelSelector(matchLabels: labels).requirements
        if let owner = pod.object.controllerReference, let kind = owner["kind"].string, let name = owner["name"].string,
            let selector = workloads["\(kind)/\(pod.namespace)/\(name)"], !selector.matchesNothing
        {
            requirements += selector.requirements
        }
        return requirements.isEmpty ? nil : LabelSelector(requirements)
    }
}
