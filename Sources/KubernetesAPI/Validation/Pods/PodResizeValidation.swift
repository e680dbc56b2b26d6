import ObjectModel

/// What a resize may change: how much CPU and memory containers, or the pod as a whole, ask for and may have.
enum PodResizeValidation {
    @Sendable static func check(_ pod: Field, _ old: Field?) {
        let spec = pod["spec"]
        PodSpecValidation.check(spec, .pod, name: pod.value.name)
        guard let old else { return }
        if !old.value.metadata["annotations"]["kubernetes.io/config.mirror"].isNull { return pod.forbid("static pods cannot be resized") }
        if old.value["spec"]["os"]["name"] == "windows" { return pod.forbid("windows pods cannot be resized") }
        let shown = pod.value["status"]["qosClass"]
        let before = old.value["status"]["qosClass"].string ?? PodQualityOfService.qosClass(of: old.value).rawValue
        if before != PodQualityOfService.qosClass(of: pod.value).rawValue {
            spec.refuse(shown, "Pod QOS Class may not change as a result of resizing")
        }
        if !isSupported(old.value) { spec.forbid("Pod running on node without support for resize") }
        podLevel(spec, old["spec"])
        if isReordered(spec, old["spec"]) { return }
        containers(spec, old["spec"])
        initContainers(spec, old["spec"])
    }

    /// A node that resizes tells what running containers have.
    private static func isSupported(_ pod: Value) -> Bool {
        let running = pod["status"]["containerStatuses"].array.first { !$0["state"]["running"].isNull }
        return running.map { !$0["resources"].isNull } ?? true
    }

    // MARK: Containers

    private static func isReordered(_ spec: Field, _ old: Field) -> Bool {
        var isReordered = false
        for list in ["initContainers", "containers"] {
            let before = old.value[list].array
            guard spec.value[list].array.count == before.count else {
                spec[list].forbid("\(list) may not be added or removed on resize")
                isReordered = true
                continue
            }
            for (container, last) in zip(spec.elements(list), before) where container.value["name"] != last["name"] {
                container["name"].forbid("\(list) may not be renamed or reordered on resize")
                isReordered = true
            }
        }
        return isReordered
    }

    private static func containers(_ spec: Field, _ old: Field) {
        for (container, before) in zip(spec.elements("containers"), old.value["containers"].array) {
            kept(container["resources"], before["resources"], "resource")
            if withoutAmounts(container.value) != withoutAmounts(before) { spec.forbid("only cpu and memory resources are mutable") }
        }
    }

    private static func initContainers(_ spec: Field, _ old: Field) {
        for (container, before) in zip(spec.elements("initContainers"), old.value["initContainers"].array) where container.value != before {
            kept(container["resources"], before["resources"], "resource")
            if withoutAmounts(container.value) != withoutAmounts(before) {
                container.forbid("only cpu and memory resources for init or sidecar containers are mutable")
            }
            let restarts = before["resizePolicy"].array.contains { $0["restartPolicy"] == "RestartContainer" }
            if restarts, container.text("restartPolicy") != "Always" {
                container.forbid("non-sidecar init containers with a resize policy of RestartContainer cannot be resized")
            }
        }
    }

    // MARK: The pod as a whole

    private static func podLevel(_ spec: Field, _ old: Field) {
        let (now, before) = (spec["resources"], old.value["resources"])
        if now.value == before { return }
        if !before.isNull, now.isAbsent { return now.forbid("pod-level resources cannot be removed") }
        kept(now, before, "pod-level resource")
        if withoutAmounts(["resources": now.value]) != withoutAmounts(["resources": before]) {
            spec.forbid("only cpu and memory resources are mutable at pod-level")
        }
    }

    // MARK: Amounts

    /// What was asked for may change, but not go.
    private static func kept(_ resources: Field, _ old: Value, _ what: String) {
        for kind in ["requests", "limits"] where old[kind].fields.keys.contains(where: { resources.value[kind][$0].isNull }) {
            resources[kind].forbid("\(what) \(kind) cannot be removed")
        }
    }

    /// A container, or a pod's spec, but for the CPU and memory that it asks for.
    private static func withoutAmounts(_ owner: Value) -> Value {
        var owner = owner
        for kind in ["requests", "limits"] {
            for name in ["cpu", "memory"] where !owner["resources"][kind][name].isNull { owner["resources"][kind][name] = nil }
            if owner["resources"][kind].isEmpty { owner["resources"][kind] = nil }
        }
        if owner["resources"].isEmpty { owner["resources"] = nil }
        return owner
    }
}
