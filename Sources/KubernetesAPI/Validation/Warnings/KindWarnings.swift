import ObjectModel

/// What is allowed but unwise: told in `Warning` headers beside the answer, in upstream's words.
public enum KindWarnings {
    /// Warnings about an object as its client wrote it. On an update only what changed is worth a word.
    public static func warnings(_ object: Value, old: Value?, definition: ResourceDefinition) -> [String] {
        switch (definition.group, definition.plural) {
        case ("networking.k8s.io", "ingresses"):
            guard old == nil, !object.metadata["annotations"]["kubernetes.io/ingress.class"].isNull else { return [] }
            return ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
        case ("", "services"): return ServiceWarnings.warnings(object)
        case ("", "serviceaccounts"): return serviceAccount(object, old)
        case ("", "persistentvolumeclaims"): return StorageWarnings.claim(object)
        case ("", "persistentvolumes"): return StorageWarnings.volume(object)
        case ("storage.k8s.io", "storageclasses"): return StorageWarnings.storageClass(object)
        default: break
        }
        guard let path = templatePath(definition) else { return [] }
        return (old == nil ? names(object, definition) : []) + template(object, old, path) + schedule(object, definition)
    }

    // MARK: Pods and what makes them

    private static func template(_ object: Value, _ old: Value?, _ path: [String]) -> [String] {
        var (pod, before) = (Field(root: object, Findings()), old ?? .null)
        for step in path {
            pod = pod[step]
            before = before[step]
        }
        if old != nil, pod.value["spec"] == before["spec"], pod.value["metadata"]["annotations"] == before["metadata"]["annotations"] { return [] }
        return PodWarnings.warnings(of: pod, isTemplate: !path.isEmpty)
    }

    /// The way to the pod in an object; nil where there is none.
    private static func templatePath(_ definition: ResourceDefinition) -> [String]? {
        switch (definition.group, definition.plural) {
        case ("", "pods"): []
        case ("", "podtemplates"): ["template"]
        case ("", "replicationcontrollers"), ("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"), ("apps", "daemonsets"),
            ("batch", "jobs"):
            ["spec", "template"]
        case ("batch", "cronjobs"): ["spec", "jobTemplate", "spec", "template"]
        default: nil
        }
    }

    private static let named: Set<String> = [
        "pods", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "jobs", "cronjobs",
    ]

    /// A name that becomes a host's, or part of one, should be fit for it.
    private static func names(_ object: Value, _ definition: ResourceDefinition) -> [String] {
        guard named.contains(definition.plural), !object.name.isEmpty else { return [] }
        let problems = Validation.dns1123Label(object.name)
        if problems.isEmpty { return [] }
        let place = definition.plural == "pods" ? "the Pod's hostname" : "Pod names and hostnames"
        return [
            "metadata.name: this is used in \(place), which can result in surprising behavior; a DNS label is recommended: [\(problems.joined(separator: " "))]"
        ]
    }

    private static func schedule(_ object: Value, _ definition: ResourceDefinition) -> [String] {
        guard definition.plural == "cronjobs", let schedule = object["spec"]["schedule"].string, schedule.contains("TZ") else { return [] }
        return [
            "CRON_TZ or TZ used in spec.schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        ]
    }

    // MARK: Others

    private static func serviceAccount(_ account: Value, _ old: Value?) -> [String] {
        let key = "kubernetes.io/enforce-mountable-secrets"
        guard account.metadata["annotations"][key].string == "true", old?.metadata["annotations"][key].string != "true" else { return [] }
        return ["metadata.annotations[\(key)]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"]
    }
}
