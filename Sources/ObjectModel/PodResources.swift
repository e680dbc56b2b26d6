/// Amounts by resource name: `cpu`, `memory`, `requests.storage`.
public typealias ResourceList = [String: Quantity]

extension Value {
    /// The members of a `ResourceList` field; what can't be read as a quantity is left out.
    public var resourceList: ResourceList {
        var result: ResourceList = [:]
        for (name, amount) in fields { result[name] = try? Quantity(amount) }
        return result
    }

    public init(_ list: ResourceList) { self = .object(Fields(list.map { ($0.key, Value($0.value)) })) }
}

/// What a whole pod asks for: the most that its containers need at any one time, as scheduler, quota and limit ranges count it.
public enum PodResources {
    public static func requests(of pod: Value, includingOverhead: Bool = true) -> ResourceList {
        var total = sum(pod, "requests")
        if includingOverhead { add(pod.spec["overhead"].resourceList, to: &total) }
        return total
    }

    /// Overhead counts only where there is a limit at all.
    public static func limits(of pod: Value, includingOverhead: Bool = true) -> ResourceList {
        var total = sum(pod, "limits")
        if includingOverhead { add(pod.spec["overhead"].resourceList.filter { total[$0.key].map { !$0.isZero } ?? false }, to: &total) }
        return total
    }

    private static func sum(_ pod: Value, _ field: String) -> ResourceList {
        var running: ResourceList = [:]
        for container in pod.spec["containers"].array { add(container["resources"][field].resourceList, to: &running) }

        // Sidecars stay; every other init container runs beside the sidecars before it, alone.
        var sidecars: ResourceList = [:]
        var starting: ResourceList = [:]
        for container in pod.spec["initContainers"].array {
            let own = container["resources"][field].resourceList
            if container["restartPolicy"].string == "Always" {
                add(own, to: &running)
                add(own, to: &sidecars)
                raise(&starting, to: sidecars)
            } else {
                var together = sidecars
                add(own, to: &together)
                raise(&starting, to: together)
            }
        }
        raise(&running, to: starting)

        // What the pod asks for as a whole takes the place of what its containers add up to.
        for (name, amount) in pod.spec["resources"][field].resourceList where isPodLevel(name) { running[name] = amount }
        return running
    }

    private static func isPodLevel(_ name: String) -> Bool { name == "cpu" || name == "memory" || name.hasPrefix("hugepages-") }

    private static func add(_ more: ResourceList, to list: inout ResourceList) { list.merge(more) { $0 + $1 } }

    private static func raise(_ list: inout ResourceList, to other: ResourceList) { list.merge(other) { max($0, $1) } }
}
