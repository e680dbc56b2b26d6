import ObjectModel

/// What a pod asks of its node.
///
/// Containers run at once, so theirs add up. Init containers run one after the other before them, each beside the sidecars (init containers with
/// `restartPolicy: Always`) started so far, which stay. The pod needs the greater of both, and its overhead on top.
enum PodRequests {
    /// What a container that asks for nothing is taken to use when nodes are compared, so that such pods spread too.
    private static let defaultMilliCPU: Int64 = 100
    private static let defaultMemory: Int64 = 200 * 1024 * 1024

    static func requests(_ spec: Value) -> ResourceAmounts { total(spec) { ResourceAmounts($0["resources"]["requests"]) } }

    /// The requests with defaults for containers that have none; for scoring only.
    static func nonZeroRequests(_ spec: Value) -> ResourceAmounts {
        total(spec) { container in
            let list = container["resources"]["requests"]
            var amounts = ResourceAmounts()
            amounts.milliCPU = list["cpu"].isNull ? defaultMilliCPU : ResourceAmounts(["cpu": list["cpu"]]).milliCPU
            amounts.memory = list["memory"].isNull ? defaultMemory : ResourceAmounts(["memory": list["memory"]]).memory
            return amounts
        }
    }

    private static func total(_ spec: Value, _ requests: (Value) -> ResourceAmounts) -> ResourceAmounts {
        var running = ResourceAmounts()
        for container in spec["containers"].array { running += requests(container) }
        var starting = ResourceAmounts()
        var sidecars = ResourceAmounts()
        for container in spec["initContainers"].array {
            var now = requests(container)
            if container["restartPolicy"].string == "Always" {
                sidecars += now
                now = sidecars
            } else {
                now += sidecars
            }
            starting.formMaximum(now)
        }
        running += sidecars
        running.formMaximum(starting)
        // What the pod as a whole asks for takes the place of what its containers add up to.
        let whole = spec["resources"]["requests"]
        if whole.isObject {
            let amounts = ResourceAmounts(whole)
            for (name, _) in whole.fields { running[name] = amounts[name] }
        }
        running += ResourceAmounts(spec["overhead"])
        return running
    }
}
