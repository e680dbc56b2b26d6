import ObjectModel

/// A pod, read once: all that scheduling asks of it, so that a cycle looks at no object.
final class PodInfo: Sendable {
    let object: Value
    let key: String
    let uid: String
    let namespace: String
    let name: String
    let labels: Value
    let priority: Int

    /// Where it runs; empty: nowhere yet.
    let nodeName: String

    /// `status.nominatedNodeName`: where room is being made for it.
    let nominatedNodeName: String
    let schedulerName: String
    let created: String
    let startTime: String
    let isTerminating: Bool

    /// Succeeded or failed: it uses nothing any more.
    let isFinished: Bool

    /// `spec.schedulingGates` is not empty.
    let isGated: Bool

    /// `preemptionPolicy: Never`.
    let neverPreempts: Bool
    let requests: ResourceAmounts
    let nonZeroRequests: ResourceAmounts
    let ports: [HostPort]
    let tolerations: [Toleration]
    let nodeAffinity: NodeAffinity
    let affinity: PodAffinity
    let spreadConstraints: [TopologySpreadConstraint]

    /// Of all containers, as written.
    let images: [String]

    init(_ pod: Value) {
        object = pod
        key = pod.key
        uid = pod.uid
        namespace = pod.namespace
        name = pod.name
        labels = pod.metadata["labels"]
        created = pod.metadata["creationTimestamp"].string ?? ""
        isTerminating = pod.isBeingDeleted
        let spec = pod.spec
        let status = pod.status
        priority = spec["priority"].int ?? 0
        nodeName = spec["nodeName"].string ?? ""
        nominatedNodeName = status["nominatedNodeName"].string ?? ""
        schedulerName = spec["schedulerName"].string ?? "default-scheduler"
        startTime = status["startTime"].string ?? ""
        let phase = status["phase"].string
        isFinished = phase == "Succeeded" || phase == "Failed"
        isGated = !spec["schedulingGates"].array.isEmpty
        neverPreempts = spec["preemptionPolicy"].string == "Never"
        requests = PodRequests.requests(spec)
        nonZeroRequests = PodRequests.nonZeroRequests(spec)
        ports = HostPort.ports(spec)
        tolerations = spec["tolerations"].array.map(Toleration.init)
        nodeAffinity = NodeAffinity(spec)
        affinity = PodAffinity(spec["affinity"], namespace: namespace)
        let labels = labels
        spreadConstraints = spec["topologySpreadConstraints"].array.map { TopologySpreadConstraint($0, labels: labels) }
        images = (spec["initContainers"].array + spec["containers"].array).compactMap { $0["image"].string }
    }
}

/// A port of the node that a pod takes.
struct HostPort: Sendable, Hashable {
    /// Empty for `0.0.0.0` and `::`: all addresses.
    var address: String
    var transport: String
    var number: Int

    /// Of containers and sidecars; plain init containers are gone before anything listens.
    static func ports(_ spec: Value) -> [HostPort] {
        let sidecars = spec["initContainers"].array.filter { $0["restartPolicy"].string == "Always" }
        return (spec["containers"].array + sidecars).flatMap { container in
            container["ports"].array.compactMap { port in
                guard let number = port["hostPort"].int, number > 0 else { return nil }
                let address = port["hostIP"].string ?? ""
                return HostPort(address: address == "0.0.0.0" ? "" : address, transport: port["protocol"].string ?? "TCP", number: number)
            }
        }
    }

    func conflicts(_ other: HostPort) -> Bool {
        number == other.number && transport == other.transport && (address == other.address || address.isEmpty || other.address.isEmpty)
    }
}
