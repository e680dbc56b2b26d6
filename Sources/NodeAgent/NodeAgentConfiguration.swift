import ObjectModel

/// How a node agent is set up.
public struct NodeAgentConfiguration: Sendable {
    /// The node's name in the cluster; also its `kubernetes.io/hostname`.
    public var nodeName: String

    /// Where pods' volumes and the like are kept.
    public var dataDirectory: String

    /// Where pods' logs are kept, in the layout of upstream's `/var/log/pods`.
    public var podLogsDirectory: String

    /// Addresses of type `InternalIP`, the preferred one first. They become the pods' host IPs.
    public var internalIPs: [String]

    /// Addresses of type `ExternalIP`.
    public var externalIPs: [String] = []

    /// The port of the node's own API (logs, exec, stats).
    public var port = 10250

    /// Ranges that pods on this node get their addresses from; `spec.podCIDRs` of the node.
    public var podCIDRs: [String] = []

    /// Addresses of the cluster's DNS; none leaves pods with the machine's.
    public var clusterDNS: [String] = []

    /// The domain that services are found under.
    public var clusterDomain = "cluster.local"

    /// The `resolv.conf` that pods with the machine's DNS get.
    public var resolverConfig = "/etc/resolv.conf"

    /// Pods at the same time, at most.
    public var maxPods = 110

    /// Labels of the node beyond the well-known ones.
    public var labels: [String: String] = [:]

    /// Taints that the node registers with: `{"key", "value", "effect"}`.
    public var taints: [Value] = []

    /// Whether pods get cgroups of their own. Without, the runtime's default group holds them and pod-level limits do not hold.
    public var managesCgroups = true

    /// The group above `kubepods`.
    public var cgroupRoot = "/"

    /// Where the kernel tells of the processes that it killed for want of memory.
    public var kernelLog = KernelLog.path

    /// What is kept for the machine itself, as quantities: `cpu`, `memory`.
    public var systemReserved: Value = .null

    /// What must be left of memory, disk and process numbers, by upstream's names of the signals: as a quantity, or as a part of the whole (`10%`).
    /// As upstream, there is no threshold for `pid.available` unless one is set.
    public var evictionHard = [
        "memory.available": "100Mi", "nodefs.available": "10%", "nodefs.inodesFree": "5%", "imagefs.available": "15%", "imagefs.inodesFree": "5%",
    ]

    /// How long the node's conditions tell of a pressure after it was last seen.
    public var evictionPressureTransition: Duration = .seconds(300)

    /// Whether `run` ends the pods before it returns. Otherwise they go on, and the next run takes them over.
    public var stopsPods = false

    /// How often the lease is renewed.
    public var leaseInterval: Duration = .seconds(10)

    public init(nodeName: String, dataDirectory: String, internalIPs: [String]) {
        self.nodeName = nodeName
        self.dataDirectory = dataDirectory
        self.internalIPs = internalIPs
        podLogsDirectory = "\(dataDirectory)/logs"
    }
}
