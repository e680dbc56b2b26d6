/// What one object counts for in a ResourceQuota, by the names that `spec.hard` uses.
///
/// Shared by admission, which charges a write, and the quota controller, which counts what is there.
public enum QuotaUsage {
    /// - Parameters:
    ///   - resource: the plural of the object's resource.
    ///   - group: its API group; empty for the core group.
    public static func usage(of object: Value, resource: String, group: String, now: Timestamp) -> ResourceList {
        var usage: ResourceList = [countName(resource, group): one]
        guard group.isEmpty else { return usage }
        switch resource {
        case "pods": usage.merge(podUsage(object, now)) { $1 }
        case "services": usage.merge(serviceUsage(object)) { $1 }
        case "persistentvolumeclaims": usage.merge(claimUsage(object)) { $1 }
        case let resource where plainCounts.contains(resource): usage[resource] = one
        default: break
        }
        return usage
    }

    /// `count/deployments.apps`, `count/pods`.
    public static func countName(_ resource: String, _ group: String) -> String { group.isEmpty ? "count/\(resource)" : "count/\(resource).\(group)" }

    /// Whether a name of `spec.hard` can have to do with objects of a resource.
    public static func concerns(_ name: String, resource: String, group: String) -> Bool {
        if name == countName(resource, group) { return !isIgnored(resource, group) }
        guard group.isEmpty else { return false }
        switch resource {
        case "pods": return podNames.contains(name) || isHugePages(name) || isExtendedRequest(name)
        case "services": return name == "services" || name.hasPrefix("services.")
        case "persistentvolumeclaims":
            return name == "persistentvolumeclaims" || name == "requests.storage" || name.contains(".storageclass.storage.k8s.io/")
        default: return name == resource && plainCounts.contains(resource)
        }
    }

    /// Events are nobody's to count, as upstream has it: there are many, they go by themselves, and a full quota must not silence them.
    public static func isIgnored(_ resource: String, _ group: String) -> Bool {
        resource == "events" && (group.isEmpty || group == "events.k8s.io")
    }

    private static let one = Quantity(Int64(1))

    /// Core resources that have a name in quotas from the time before `count/`.
    private static let plainCounts: Set<String> = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas"]

    // MARK: Pods

    private static let podNames: Set<String> = [
        "pods", "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage",
    ]

    private static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") || name.hasPrefix("requests.hugepages-") }

    private static func isExtendedRequest(_ name: String) -> Bool { name.hasPrefix("requests.") && isExtended(String(name.dropFirst(9))) }

    /// A resource with a vendor's domain, such as `example.com/gpu`.
    private static func isExtended(_ name: String) -> Bool { name.contains("/") && !name.contains("kubernetes.io/") }

    private static func podUsage(_ pod: Value, _ now: Timestamp) -> ResourceList {
        // A pod that has ended needs nothing any more, and is counted by `count/pods` only.
        isOver(pod, now) ? [:] : computeUsage(requests: PodResources.requests(of: pod), limits: PodResources.limits(of: pod))
    }

    private static func isOver(_ pod: Value, _ now: Timestamp) -> Bool {
        let phase = pod.status["phase"].string
        if phase == "Failed" || phase == "Succeeded" { return true }
        guard let deletion = pod.metadata["deletionTimestamp"].string.flatMap(Timestamp.init(rfc3339:)),
            let grace = pod.metadata["deletionGracePeriodSeconds"].integer
        else { return false }
        return now > deletion + .seconds(grace)
    }

    private static func computeUsage(requests: ResourceList, limits: ResourceList) -> ResourceList {
        var usage: ResourceList = ["pods": one]
        for name in ["cpu", "memory", "ephemeral-storage"] {
            if let request = requests[name] {
                usage[name] = request
                usage["requests.\(name)"] = request
            }
            if let limit = limits[name] { usage["limits.\(name)"] = limit }
        }
        for (name, request) in requests {
            if name.hasPrefix("hugepages-") {
                usage[name] = request
                usage["requests.\(name)"] = request
            } else if isExtended(name) {
                usage["requests.\(name)"] = request
            }
        }
        return usage
    }

    /// A quota on CPU or memory wants every container of a pod to name what it needs. Nil if they all do.
    /// - Parameter names: those of the quota's that concern pods.
    public static func missingPodResources(_ pod: Value, names: [String]) -> String? {
        let wanted = names.filter { ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"].contains($0) }
        if wanted.isEmpty { return nil }
        let podLevel = computeUsage(requests: pod.spec["resources"]["requests"].resourceList, limits: pod.spec["resources"]["limits"].resourceList)
        var missing: [String: [String]] = [:]
        for container in pod.spec["containers"].array + pod.spec["initContainers"].array {
            let resources = container["resources"]
            let usage = computeUsage(requests: resources["requests"].resourceList, limits: resources["limits"].resourceList)
            for name in wanted where usage[name] == nil && podLevel[name] == nil { missing[name, default: []].append(container["name"].string ?? "") }
        }
        if missing.isEmpty { return nil }
        let shown = missing.keys.sorted().map { "\($0) for: \((missing[$0] ?? []).sorted().joined(separator: ","))" }
        return "must specify \(shown.joined(separator: "; "))"
    }

    // MARK: Services and claims

    private static func serviceUsage(_ service: Value) -> ResourceList {
        let ports = service.spec["ports"].array
        var nodePorts = 0
        var loadBalancers = 0
        switch service.spec["type"].string {
        case "NodePort": nodePorts = ports.count
        case "LoadBalancer":
            loadBalancers = 1
            let allocates = service.spec["allocateLoadBalancerNodePorts"].bool ?? true
            nodePorts = allocates ? ports.count : ports.filter { ($0["nodePort"].int ?? 0) > 0 }.count
        default: break
        }
        return ["services": one, "services.nodeports": Quantity(Int64(nodePorts)), "services.loadbalancers": Quantity(Int64(loadBalancers))]
    }

    private static func claimUsage(_ claim: Value) -> ResourceList {
        var usage: ResourceList = ["persistentvolumeclaims": one]
        let annotated = claim.metadata["annotations"]["volume.beta.kubernetes.io/storage-class"].string
        let storageClass = annotated ?? claim.spec["storageClassName"].string ?? ""
        let prefix = "\(storageClass).storageclass.storage.k8s.io/"
        if !storageClass.isEmpty { usage["\(prefix)persistentvolumeclaims"] = one }
        // What was allotted counts where an expansion was asked for and not granted in full.
        let requested = try? Quantity(claim.spec["resources"]["requests"]["storage"])
        let allotted = try? Quantity(claim.status["allocatedResources"]["storage"])
        if let storage = [requested, allotted].compactMap(\.self).max(), !claim.spec["resources"]["requests"]["storage"].isNull {
            usage["requests.storage"] = storage
            if !storageClass.isEmpty { usage["\(prefix)requests.storage"] = storage }
        }
        return usage
    }
}
