import ObjectModel

/// `pods/binding`: puts a pod on a node, once.
struct BindingHandler: Sendable {
    let pods: ServedResource
    let writer: ResourceWriter
    let environment: Environment

    func bind(_ binding: Value, name: String, _ options: WriteOptions, _ context: WriteContext) async throws(APIError) {
        guard binding.name == name else { throw .badRequest("name in URL does not match name in Binding object") }
        let target = binding["target"]
        let node = target["name"].string ?? ""
        var problems: [FieldError] = []
        if let kind = target["kind"].string, !kind.isEmpty, kind != "Node" {
            problems.append(.notSupported("target.kind", target["kind"], ["Node", "<empty>"]))
        }
        if node.isEmpty { problems.append(.required("target.name")) }
        if !problems.isEmpty { throw .invalid(kind: "Binding", group: "", name: name, problems) }
        var main = context
        main.request.subresource = "binding"
        let time = environment.now().rfc3339
        let written = try await writer.update(name: name, isPatch: true, options, main) { old throws(APIError) in
            guard var pod = old else { throw pods.notFound(name) }
            try check(pod, binding, node)
            pod["spec"]["nodeName"] = .string(node)
            for (key, value) in binding.metadata["annotations"].fields { pod.metadata["annotations"][key] = value }
            for (key, value) in binding.metadata["labels"].fields where pod.metadata["labels"][key].isNull { pod.metadata["labels"][key] = value }
            Self.setScheduled(&pod, time)
            return (pod, .none)
        }
        _ = written
    }

    private func check(_ pod: Value, _ binding: Value, _ node: String) throws(APIError) {
        if !binding.uid.isEmpty, binding.uid != pod.uid {
            throw pods.isAnother(binding.uid, than: pod)
        }
        if pod.isBeingDeleted { throw pods.conflict(pod.name, "pod \(pod.name) is being deleted, cannot be assigned to a host") }
        let assigned = pod["spec"]["nodeName"].string ?? ""
        if !assigned.isEmpty { throw pods.conflict(pod.name, "pod \(pod.name) is already assigned to node \"\(assigned)\"") }
        if !pod["spec"]["schedulingGates"].array.isEmpty {
            throw pods.conflict(pod.name, "pod \(pod.name) has non-empty .spec.schedulingGates")
        }
    }

    private static func setScheduled(_ pod: inout Value, _ time: String) {
        var conditions = pod["status"]["conditions"].array.filter { $0["type"].string != "PodScheduled" }
        conditions.append([
            "type": "PodScheduled", "status": "True", "lastProbeTime": .null, "lastTransitionTime": .string(time),
            "observedGeneration": Value(pod.generation),
        ])
        pod["status"]["conditions"] = .array(conditions)
    }
}
