import APIServer
import ArgumentParser
import Foundation
import Logging
import ObjectModel

/// What every command that starts or finds a cluster needs to know.
struct DataOptions: ParsableArguments {
    @Option(name: .customLong("data-dir"), help: "Where the cluster keeps everything.", completion: .directory)
    var dataDir: String = DataDirectory.standard

    /// The directory as an absolute path.
    func path() throws -> String {
        guard !dataDir.isEmpty else { throw Failure("--data-dir is empty: give a directory, or leave it out for \(DataDirectory.standard)") }
        return URL(fileURLWithPath: dataDir).standardizedFileURL.path
    }
}

/// For the help and for completion: `ConfigurationFile` has taken the option out before the parser sees it.
struct ConfigurationOption: ParsableArguments {
    @Option(
        help: .init("A YAML file with options under their own names; those of the command line win.", valueName: "file.yaml"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?
}

/// How the API server serves.
struct ServerOptions: ParsableArguments {
    @Option(help: "The port of the API server.")
    var port: Int = 6443

    @Option(name: .customLong("bind-address"), help: "The address that the API server listens on.")
    var bindAddress: String = "0.0.0.0"

    @Option(name: .customLong("advertise-address"), help: "The address at which others reach this machine. Default: that of the default route.")
    var advertiseAddress: String?

    @Option(name: .customLong("service-cidr"), help: "The block that cluster IPs are taken from.")
    var serviceCIDR: String = "10.96.0.0/16"

    @Flag(name: .customLong("set-damaged-aside"), help: "Where the store is damaged, keep it under another name and start with an empty cluster.")
    var setDamagedAside = false
    @Option(name: .customLong("event-ttl"), help: "How long an event is kept after it was last heard of.") var eventTTL: String = "1h"

    @Option(
        name: .customLong("max-requests-inflight"),
        help: "Requests at a time that do not write. With those that write they are the seats that the priority levels share.")
    var requestsMax: Int = FlowControl.Limits.readingMax

    @Option(name: .customLong("max-mutating-requests-inflight"), help: "Requests at a time that write.")
    var mutatingRequestsMax: Int = FlowControl.Limits.mutatingMax

    @OptionGroup var log: LogOptions
}

/// What goes into the log.
struct LogOptions: ParsableArguments {
    @Option(
        name: .customLong("log-level"), help: "debug, info, notice, warning or error: what goes into the log.",
        completion: .list(["debug", "info", "notice", "warning", "error"]))
    var logLevel: String = "info"

    func level() throws -> Logger.Level { try Settings.level(logLevel) }
}

/// Where pods get their addresses.
struct PodNetworkOptions: ParsableArguments {
    @Option(name: .customLong("cluster-cidr"), help: "The block that all pods of the cluster get addresses from.")
    var clusterCIDR: String = PodNetworkOptions.standardClusterCIDR

    static let standardClusterCIDR = "10.244.0.0/16"
    static let standardServiceCIDR = "10.96.0.0/16"

    func block() throws -> CIDR { try Settings.block(clusterCIDR, "--cluster-cidr", Self.standardClusterCIDR) }
}

/// How this machine takes part as a node.
struct NodeOptions: ParsableArguments {
    @Option(name: .customLong("node-name"), help: "The node's name. Default: the host's.")
    var nodeName: String?

    @Option(
        name: .customLong("pod-cidr"),
        help: "The block that this node's pods get addresses from. Default: the cluster gives it a /24 of --cluster-cidr.")
    var podCIDR: String?

    @Option(name: .customLong("cgroup-root"), help: "The cgroup that pods live below, where several nodes share a machine.")
    var cgroupRoot: String = "/"

    @Option(name: .customLong("container-runtime-endpoint"), help: "A CRI socket to use in place of a containerd of our own.")
    var containerRuntimeEndpoint: String?

    @Flag(name: .customLong("stop-pods"), help: "Stop the pods on this machine when stopping. Otherwise they keep running.")
    var stopPods = false
}
