import ArgumentParser

/// What every command that starts or finds a cluster needs to know.
struct DataOptions: ParsableArguments {
    @Option(name: .customLong("data-dir"), help: "Where the cluster keeps everything.")
    var dataDir: String = DataDirectory.standard
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

    @Option(name: .customLong("log-level"), help: "debug, info, notice, warning or error: what goes into the log.")
    var logLevel: String = "info"
}

/// How this machine takes part as a node.
struct NodeOptions: ParsableArguments {
    @Option(name: .customLong("node-name"), help: "The node's name. Default: the host's.")
    var nodeName: String?

    @Option(name: .customLong("pod-cidr"), help: "The block that this node's pods get addresses from.")
    var podCIDR: String = "10.244.0.0/24"

    @Option(name: .customLong("cluster-cidr"), help: "The block that all pods of the cluster get addresses from.")
    var clusterCIDR: String = "10.244.0.0/16"

    @Option(name: .customLong("container-runtime-endpoint"), help: "A CRI socket to use in place of a containerd of our own.")
    var containerRuntimeEndpoint: String?

    @Option(name: .customLong("simulated-nodes"), help: "Start this many stand-in nodes in place of a real one. Needs no privilege.")
    var simulatedNodes: Int?

    @Flag(name: .customLong("stop-pods"), help: "Stop the pods on this machine when stopping. Otherwise they keep running.")
    var stopPods = false
}
