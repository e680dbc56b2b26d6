/// Pods, and what holds a pod template and nothing else.
enum PodTable {
    static let rules: [String: KindValidation.Rules] = [
        "pods": pod,
        "pods:ephemeralcontainers": ephemeralContainers,
        "pods:status": PodStatusValidation.check,
        "pods:resize": PodResizeValidation.check,
        "podtemplates": { object, _ in PodSpecValidation.template(object["template"]) },
    ]

    private static func pod(_ pod: Field, _ old: Field?) {
        let spec = pod["spec"]
        PodSpecValidation.check(spec, .pod, name: pod.value.name)
        if let old { return PodUpdateValidation.check(pod, old) }
        spec["ephemeralContainers"].mustBeEmpty("cannot be set on create")
        if !spec.text("nodeName").isEmpty, !spec.value["schedulingGates"].isEmpty {
            spec["nodeName"].forbid("cannot be set until all schedulingGates have been cleared")
        }
        for list in ["containers", "initContainers"] {
            for container in spec.elements(list) { ContainerValidation.noSpaceAround(container["image"]) }
        }
    }

    private static func ephemeralContainers(_ pod: Field, _ old: Field?) {
        PodSpecValidation.check(pod["spec"], .pod, name: pod.value.name)
        guard let old else { return }
        let list = pod["spec"]["ephemeralContainers"]
        let now = Dictionary(list.value.array.map { ($0["name"].string ?? "", $0) }) { first, _ in first }
        for before in old["spec"]["ephemeralContainers"].value.array {
            let name = before["name"].string ?? ""
            guard let after = now[name] else {
                pod["spec"]["ephemeralContainers"].forbid("existing ephemeral containers \"\(name)\" may not be removed\n")
                continue
            }
            if after != before { pod["spec"]["ephemeralContainers"].forbid("existing ephemeral containers \"\(name)\" may not be changed\n") }
        }
    }
}
