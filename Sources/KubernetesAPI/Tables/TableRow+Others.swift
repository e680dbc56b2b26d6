import ObjectModel

extension TableRow {
    // MARK: Network

    func network(_ plural: String) -> [Value]? {
        switch plural {
        case "endpointslices":
            let ports = object["ports"].array.map { $0["port"].int.map(String.init) ?? "*" }
            let addresses = object["endpoints"].array.flatMap(\.["addresses"].strings)
            let more = addresses.count > 3 ? " + \(addresses.count - 3) more..." : ""
            return [
                name, text(object["addressType"], or: ""), joined(ports, or: "<unset>"),
                .string(addresses.isEmpty ? "<unset>" : addresses.prefix(3).joined(separator: ",") + more), age,
            ]
        case "ingresses":
            let hosts = spec["rules"].array.compactMap { $0["host"].string }.filter { !$0.isEmpty }
            let addresses = status["loadBalancer"]["ingress"].array.map { $0["ip"].string ?? $0["hostname"].string ?? "" }
            return [
                name, text(spec["ingressClassName"]), joined(hosts, or: "*"), .string(addresses.joined(separator: ",")),
                spec["tls"].isEmpty ? "80" : "80, 443", age,
            ]
        case "ingressclasses":
            let parameters = spec["parameters"]
            let group = parameters["apiGroup"].string.map { ".\($0)" } ?? ""
            let shown = parameters.isObject ? "\(parameters["kind"].string ?? "")\(group)/\(parameters["name"].string ?? "")" : "<none>"
            return [name, text(spec["controller"], or: ""), .string(shown), age]
        case "networkpolicies": return [name, selector(spec["podSelector"]), age]
        case "servicecidrs": return [name, joined(spec["cidrs"].strings), age]
        case "ipaddresses":
            let parent = spec["parentRef"]
            let parts = [parent["resource"], parent["namespace"], parent["name"]].compactMap(\.string).filter { !$0.isEmpty }
            return [name, .string(parts.joined(separator: "/"))]
        default: return nil
        }
    }

    // MARK: Storage

    func storage(_ plural: String) -> [Value]? {
        switch plural {
        case "storageclasses":
            let isDefault = object.annotations["storageclass.kubernetes.io/is-default-class"] == "true"
            return [
                .string(object.name + (isDefault ? " (default)" : "")), text(object["provisioner"], or: ""),
                text(object["reclaimPolicy"], or: "Delete"),
                text(object["volumeBindingMode"], or: "Immediate"), .bool(object["allowVolumeExpansion"].bool ?? false), age,
            ]
        case "csidrivers":
            let tokens = spec["tokenRequests"].array.map { $0["audience"].string ?? "" }
            return [
                name, .bool(spec["attachRequired"].bool ?? true), .bool(spec["podInfoOnMount"].bool ?? false),
                .bool(spec["storageCapacity"].bool ?? false), joined(tokens, or: "<unset>"), .bool(spec["requiresRepublish"].bool ?? false),
                joined(spec["volumeLifecycleModes"].strings, or: "<none>"), age,
            ]
        case "csinodes": return [name, Value(spec["drivers"].array.count), age]
        case "volumeattachments":
            return [
                name, text(spec["attacher"], or: ""), text(spec["source"]["persistentVolumeName"], or: ""), text(spec["nodeName"], or: ""),
                .bool(status["attached"].bool ?? false), age,
            ]
        case "volumeattributesclasses": return [name, text(object["driverName"], or: ""), age]
        default: return nil
        }
    }

    // MARK: Roles

    func roles(_ plural: String) -> [Value]? {
        switch plural {
        case "roles", "clusterroles": return [name, created]
        case "rolebindings", "clusterrolebindings":
            func subjects(_ kind: String) -> Value {
                let matching = object["subjects"].array.filter { $0["kind"].string == kind }
                let names = matching.map {
                    kind == "ServiceAccount" ? "\($0["namespace"].string ?? "")/\($0["name"].string ?? "")" : $0["name"].string ?? ""
                }
                return .string(names.joined(separator: ", "))
            }
            let role = object["roleRef"]
            return [
                name, .string("\(role["kind"].string ?? "")/\(role["name"].string ?? "")"), age, subjects("User"), subjects("Group"),
                subjects("ServiceAccount"),
            ]
        default: return nil
        }
    }

    // MARK: Admission

    func admission(_ plural: String) -> [Value]? {
        func paramKind() -> Value {
            let kind = spec["paramKind"]
            return .string(kind.isObject ? "\(kind["apiVersion"].string ?? "")/\(kind["kind"].string ?? "")" : "<unset>")
        }
        switch plural {
        case "mutatingwebhookconfigurations", "validatingwebhookconfigurations": return [name, Value(object["webhooks"].array.count), age]
        case "validatingadmissionpolicies": return [name, Value(spec["validations"].array.count), paramKind(), age]
        case "mutatingadmissionpolicies": return [name, Value(spec["mutations"].array.count), paramKind(), age]
        case "validatingadmissionpolicybindings", "mutatingadmissionpolicybindings":
            let param = spec["paramRef"]
            let prefix = param["namespace"].string.map { "\($0)/" } ?? ""
            let shown = param["name"].string.map { prefix + $0 } ?? (param["selector"].isObject ? "\(prefix)*" : "<unset>")
            return [name, text(spec["policyName"], or: ""), .string(shown), age]
        default: return nil
        }
    }

    // MARK: The rest

    func other(_ plural: String) -> [Value]? {
        switch plural {
        case "leases": [name, text(spec["holderIdentity"], or: ""), age]
        case "poddisruptionbudgets":
            [name, budget(spec["minAvailable"]), budget(spec["maxUnavailable"]), count(status["disruptionsAllowed"]), age]
        case "horizontalpodautoscalers": autoscaler
        case "priorityclasses":
            [
                name, count(object["value"]), .bool(object["globalDefault"].bool ?? false), age,
                text(object["preemptionPolicy"], or: "PreemptLowerPriority"),
            ]
        case "runtimeclasses": [name, text(object["handler"], or: ""), age]
        case "certificatesigningrequests": signingRequest
        case "apiservices":
            [
                name,
                .string(spec["service"].isObject ? "\(spec["service"]["namespace"].string ?? "")/\(spec["service"]["name"].string ?? "")" : "Local"),
                available, age,
            ]
        case "customresourcedefinitions": [name, created]
        case "flowschemas":
            [
                name, text(spec["priorityLevelConfiguration"]["name"], or: "<none>"), count(spec["matchingPrecedence"]),
                text(spec["distinguisherMethod"]["type"]), age, .string(condition("Dangling")?["status"].string ?? "?"),
            ]
        case "prioritylevelconfigurations": priorityLevel
        case "resourceclaims": [name, .string(claimState), age]
        case "resourceslices": [name, text(spec["nodeName"]), text(spec["driver"], or: ""), text(spec["pool"]["name"], or: ""), age]
        case "deviceclasses", "resourceclaimtemplates": [name, age]
        case "events": cells(group: "", plural: "events")
        default: nil
        }
    }

    private func condition(_ type: String) -> Value? { status["conditions"].array.first { $0["type"].string == type } }

    private func budget(_ value: Value) -> Value { .string(value.int.map(String.init) ?? value.string ?? "N/A") }

    private var available: Value {
        guard let condition = condition("Available") else { return "Unknown" }
        if condition["status"].string == "True" { return "True" }
        return .string("\(condition["status"].string ?? "Unknown") (\(condition["reason"].string ?? ""))")
    }

    private var autoscaler: [Value] {
        let target = spec["scaleTargetRef"]
        var shown: [String] = []
        if let wanted = spec["targetCPUUtilizationPercentage"].int {
            shown.append("cpu: \(status["currentCPUUtilizationPercentage"].int.map { "\($0)%" } ?? "<unknown>")/\(wanted)%")
        }
        let current = status["currentMetrics"].array
        for (index, metric) in spec["metrics"].array.enumerated() {
            let resource = metric["resource"]
            let now = index < current.count ? current[index]["resource"]["current"]["averageUtilization"].int.map { "\($0)%" } : nil
            let wanted = resource["target"]["averageUtilization"].int.map { "\($0)%" } ?? resource["target"]["averageValue"].string ?? "<unknown>"
            shown.append("\(resource["name"].string ?? metric["type"].string ?? ""): \(now ?? "<unknown>")/\(wanted)")
        }
        return [
            name, .string("\(target["kind"].string ?? "")/\(target["name"].string ?? "")"),
            .string(shown.isEmpty ? "<none>" : shown.joined(separator: ", ")),
            .string(spec["minReplicas"].int.map(String.init) ?? "<unset>"), count(spec["maxReplicas"]), count(status["currentReplicas"]), age,
        ]
    }

    private var signingRequest: [Value] {
        let conditions = Set(status["conditions"].array.compactMap { $0["type"].string })
        var state = conditions.contains("Denied") ? "Denied" : conditions.contains("Approved") ? "Approved" : "Pending"
        if conditions.contains("Failed") { state += ",Failed" }
        if !(status["certificate"].string ?? "").isEmpty { state += ",Issued" }
        let duration = spec["expirationSeconds"].int.map { HumanDuration.text(.seconds($0)) } ?? "<none>"
        return [name, age, text(spec["signerName"]), text(spec["username"]), .string(duration), .string(state)]
    }

    private var priorityLevel: [Value] {
        let limited = spec["type"].string == "Limited" ? spec["limited"] : spec["exempt"]
        let queuing = spec["limited"]["limitResponse"]["queuing"]
        func shown(_ value: Value) -> Value { .string(value.int.map(String.init) ?? "<none>") }
        return [
            name, text(spec["type"], or: ""), shown(limited["nominalConcurrencyShares"]), shown(queuing["queues"]), shown(queuing["handSize"]),
            shown(queuing["queueLengthLimit"]), age,
        ]
    }

    private var claimState: String {
        var states: [String] = []
        if object.isBeingDeleted { states.append("deleted") }
        states.append(status["allocation"].isObject ? "allocated" : "pending")
        if !status["reservedFor"].isEmpty { states.append("reserved") }
        return states.joined(separator: ",")
    }
}
