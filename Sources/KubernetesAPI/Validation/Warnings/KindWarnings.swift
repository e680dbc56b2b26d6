import ObjectModel

/// What is allowed but unwise: told in `Warning` headers beside the answer, in upstream's words.
public enum KindWarnings {
    /// Warnings about an object as its client wrote it. On an update only what changed is worth a word.
    public static func warnings(_ object: Value, old: Value?, definition: ResourceDefinition) -> [String] {
        switch (definition.group, definition.plural) {
        case ("networking.k8s.io", "ingresses"):
            guard old == nil, !object.metadata["annotations"]["kubernetes.io/ingress.class"].isNull else { return [] }
            return ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
        case ("", "services"): return service(object)
        default: break
        }
        guard let path = templatePath(definition) else { return [] }
        var (pod, before) = (Field(root: object, Findings()), old ?? .null)
        for step in path {
            pod = pod[step]
            before = before[step]
        }
        if old != nil, pod.value["spec"] == before["spec"], pod.value["metadata"]["annotations"] == before["metadata"]["annotations"] { return [] }
        return PodWarnings.warnings(of: pod)
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

    private static func service(_ service: Value) -> [String] {
        let spec = service["spec"]
        guard spec["clusterIP"].string == "None", spec["sessionAffinity"].string == "ClientIP" else { return [] }
        return ["spec.SessionAffinity is ignored for headless services"]
    }
}
