import ObjectModel

extension TableRow {
    /// The cells of a kind in the order of its columns; nil for kinds that show name and age alone.
    func cells(group: String, plural: String) -> [Value]? {
        switch group {
        case "": core(plural)
        case "apps": workload(plural)
        case "batch": batch(plural)
        case "networking.k8s.io", "discovery.k8s.io": network(plural)
        case "storage.k8s.io": storage(plural)
        case "rbac.authorization.k8s.io": roles(plural)
        case "admissionregistration.k8s.io": admission(plural)
        default: other(plural)
        }
    }

    // MARK: Core

    private func core(_ plural: String) -> [Value]? {
        switch plural {
        case "pods": PodRow(row: self).cells
        case "services": service
        case "nodes": node
        case "componentstatuses": component
        case "namespaces": [name, text(status["phase"], or: ""), age]
        case "configmaps": [name, Value(object["data"].fields.count + object["binaryData"].fields.count), age]
        case "secrets": [name, text(object["type"], or: ""), Value(object["data"].fields.count), age]
        case "endpoints": [name, endpoints, age]
        case "events": event
        case "replicationcontrollers":
            [
                name, count(spec["replicas"]), count(status["replicas"]), count(status["readyReplicas"]), age, containers(spec["template"]["spec"]),
                images(spec["template"]["spec"]), map(spec["selector"]),
            ]
        case "persistentvolumeclaims": claim
        case "persistentvolumes": volume
        case "podtemplates":
            [name, containers(object["template"]["spec"]), images(object["template"]["spec"]), map(object["template"]["metadata"]["labels"])]
        case "resourcequotas": [name, quota("requests"), quota("limits"), age]
        case "serviceaccounts": [name, age]
        default: nil
        }
    }

    private var component: [Value] {
        let condition = object["conditions"].array.first { $0["type"].string == "Healthy" } ?? .null
        let status = ["True": "Healthy", "False": "Unhealthy"][condition["status"].string ?? ""] ?? "Unknown"
        return [name, .string(status), text(condition["message"], or: ""), text(condition["error"], or: "")]
    }

    private var service: [Value] {
        let type = spec["type"].string ?? "ClusterIP"
        let ports = spec["ports"].array.map { port in
            let node = port["nodePort"].int ?? 0
            return "\(port["port"].int ?? 0)\(node == 0 ? "" : ":\(node)")/\(port["protocol"].string ?? "TCP")"
        }
        return [
            name, .string(type), text(spec["clusterIP"]), .string(externalAddress(type)), joined(ports), age,
            spec["selector"].isEmpty ? "<none>" : map(spec["selector"]),
        ]
    }

    private func externalAddress(_ type: String) -> String {
        let external = spec["externalIPs"].strings
        switch type {
        case "ExternalName": return spec["externalName"].string ?? "<none>"
        case "LoadBalancer":
            let ingress = status["loadBalancer"]["ingress"].array.map { $0["ip"].string ?? $0["hostname"].string ?? "" }
            let all = ingress + external
            return all.isEmpty ? "<pending>" : all.joined(separator: ",")
        default: return external.isEmpty ? "<none>" : external.joined(separator: ",")
        }
    }

    private var node: [Value] {
        let ready = status["conditions"].array.first { $0["type"].string == "Ready" }
        var states = [ready == nil ? "Unknown" : ready?["status"].string == "True" ? "Ready" : "NotReady"]
        if spec["unschedulable"].bool == true { states.append("SchedulingDisabled") }
        let prefix = "node-role.kubernetes.io/"
        var roles = object.labels.keys.filter { $0.hasPrefix(prefix) && $0.count > prefix.count }.map { String($0.dropFirst(prefix.count)) }
        if let role = object.labels["kubernetes.io/role"], !role.isEmpty { roles.append(role) }
        func address(_ type: String) -> Value { text(status["addresses"].array.first { $0["type"].string == type }?["address"] ?? .null) }
        let info = status["nodeInfo"]
        return [
            name, joined(states), joined(roles.sorted()), age, text(info["kubeletVersion"], or: ""), address("InternalIP"), address("ExternalIP"),
            text(info["osImage"], or: "<unknown>"), text(info["kernelVersion"], or: "<unknown>"),
            text(info["containerRuntimeVersion"], or: "<unknown>"),
        ]
    }

    /// The first three addresses with their ports, and how many more there are.
    private var endpoints: Value {
        var all: [String] = []
        for subset in object["subsets"].array {
            let ports = subset["ports"].array
            for address in subset["addresses"].array {
                let ip = address["ip"].string ?? ""
                if ports.isEmpty { all.append(ip) }
                for port in ports { all.append("\(ip):\(port["port"].int ?? 0)") }
            }
        }
        guard all.count > 3 else { return joined(all) }
        return .string("\(all.prefix(3).joined(separator: ",")) + \(all.count - 3) more...")
    }

    private var event: [Value] {
        let involved = object["involvedObject"].isObject ? object["involvedObject"] : object["regarding"]
        let first = since(object["firstTimestamp"].isNull ? object["eventTime"] : object["firstTimestamp"])
        var last = object["lastTimestamp"]
        if last.isNull { last = object["series"]["lastObservedTime"].isNull ? object["eventTime"] : object["series"]["lastObservedTime"] }
        let number = object["series"]["count"].int ?? object["count"].int ?? 1
        let component = object["source"]["component"].string ?? object["reportingComponent"].string ?? object["reportingController"].string ?? ""
        let host = object["source"]["host"].string ?? ""
        return [
            .string(since(last)), text(object["type"], or: ""), text(object["reason"], or: ""),
            .string("\((involved["kind"].string ?? "").lowercased())/\(involved["name"].string ?? "")"), text(involved["fieldPath"], or: ""),
            .string(host.isEmpty ? component : "\(component), \(host)"), text(object["message"].isNull ? object["note"] : object["message"], or: ""),
            .string(first), Value(max(number, 1)), name,
        ]
    }

    private var claim: [Value] {
        let phase = object.isBeingDeleted ? "Terminating" : status["phase"].string ?? ""
        let isBound = !(spec["volumeName"].string ?? "").isEmpty
        return [
            name, .string(phase), text(spec["volumeName"], or: ""), isBound ? text(status["capacity"]["storage"], or: "0") : "",
            isBound ? accessModes(status["accessModes"]) : "", text(spec["storageClassName"], or: ""),
            text(status["currentVolumeAttributesClassName"], or: "<unset>"), age, text(spec["volumeMode"], or: "<unset>"),
        ]
    }

    private var volume: [Value] {
        let claim = spec["claimRef"]
        let phase = object.isBeingDeleted ? "Terminating" : status["phase"].string ?? ""
        return [
            name, text(spec["capacity"]["storage"], or: ""), accessModes(spec["accessModes"]), text(spec["persistentVolumeReclaimPolicy"], or: ""),
            .string(phase), .string(claim.isObject ? "\(claim["namespace"].string ?? "")/\(claim["name"].string ?? "")" : ""),
            text(spec["storageClassName"], or: ""), text(spec["volumeAttributesClassName"], or: "<unset>"), text(status["reason"], or: ""), age,
            text(spec["volumeMode"], or: "<unset>"),
        ]
    }

    private func quota(_ half: String) -> Value {
        let parts = status["hard"].fields.filter { $0.key.hasPrefix("limits") == (half == "limits") }.map { member in
            "\(member.key): \(status["used"][member.key].string ?? "0")/\(member.value.string ?? "")"
        }
        return .string(parts.joined(separator: ", "))
    }

    // MARK: Workloads

    private func workload(_ plural: String) -> [Value]? {
        let pod = spec["template"]["spec"]
        switch plural {
        case "deployments":
            return [
                name, .string("\(status["readyReplicas"].int ?? 0)/\(spec["replicas"].int ?? 0)"), count(status["updatedReplicas"]),
                count(status["availableReplicas"]), age, containers(pod), images(pod), selector(spec["selector"]),
            ]
        case "replicasets":
            return [
                name, count(spec["replicas"]), count(status["replicas"]), count(status["readyReplicas"]), age, containers(pod), images(pod),
                selector(spec["selector"]),
            ]
        case "statefulsets":
            return [name, .string("\(status["readyReplicas"].int ?? 0)/\(spec["replicas"].int ?? 0)"), age, containers(pod), images(pod)]
        case "daemonsets":
            return [
                name, count(status["desiredNumberScheduled"]), count(status["currentNumberScheduled"]), count(status["numberReady"]),
                count(status["updatedNumberScheduled"]), count(status["numberAvailable"]), map(pod["nodeSelector"]), age, containers(pod),
                images(pod),
                selector(spec["selector"]),
            ]
        case "controllerrevisions":
            let owner = object.controllerReference
            let kind = owner?["kind"].string?.lowercased() ?? ""
            let group = owner?["apiVersion"].string?.split(separator: "/").dropLast().first.map { ".\($0)" } ?? ""
            return [name, .string(owner == nil ? "<none>" : "\(kind)\(group)/\(owner?["name"].string ?? "")"), count(object["revision"]), age]
        default: return nil
        }
    }

    private func batch(_ plural: String) -> [Value]? {
        switch plural {
        case "jobs": return job
        case "cronjobs":
            let pod = spec["jobTemplate"]["spec"]["template"]["spec"]
            return [
                name, text(spec["schedule"], or: ""), text(spec["timeZone"]), spec["suspend"].bool == true ? "True" : "False",
                Value(status["active"].array.count), .string(status["lastScheduleTime"].isNull ? "<none>" : since(status["lastScheduleTime"])), age,
                containers(pod), images(pod), selector(spec["jobTemplate"]["spec"]["selector"]),
            ]
        default: return nil
        }
    }

    private var job: [Value] {
        let pod = spec["template"]["spec"]
        let done = status["succeeded"].int ?? 0
        let wanted = spec["completions"].int.map(String.init) ?? ((spec["parallelism"].int ?? 0) > 1 ? "1 of \(spec["parallelism"].int ?? 0)" : "1")
        func has(_ type: String) -> Bool { status["conditions"].array.contains { $0["type"].string == type && $0["status"].string == "True" } }
        let state =
            has("Complete")
            ? "Complete"
            : has("Failed")
                ? "Failed"
                : object.isBeingDeleted
                    ? "Terminating"
                    : has("Suspended")
                        ? "Suspended"
                        : has("FailureTarget") ? "FailureTarget" : has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running"
        var duration = ""
        if let start = Timestamp(rfc3339: status["startTime"].string ?? "") {
            let end = Timestamp(rfc3339: status["completionTime"].string ?? "") ?? now
            duration = HumanDuration.text(end - start)
        }
        return [
            name, .string(state), .string("\(done)/\(wanted)"), .string(duration), age, containers(pod), images(pod), selector(spec["selector"]),
        ]
    }
}
