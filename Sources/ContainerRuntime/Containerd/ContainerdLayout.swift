/// Where the files of our containerd are.
public struct ContainerdLayout: Sendable {
    /// Everything below is in here: `<data directory>/containerd`.
    public let directory: String

    public init(dataDirectory: String) {
        directory = "\(dataDirectory)/containerd"
    }

    /// The Unix socket of CRI and of containerd's own services.
    public var socket: String { "\(directory)/containerd.sock" }

    /// Where pod networks are configured: containerd takes the first `.conflist` of this folder, and notices changes by itself.
    public var cniConfigurationDirectory: String { "\(directory)/cni" }

    /// Registries that are reached in a special way: `<host>/hosts.toml`.
    public var registriesDirectory: String { "\(directory)/certs.d" }

    /// What containerd and its shims complain about.
    public var log: String { "\(directory)/containerd.log" }

    var config: String { "\(directory)/config.toml" }

    /// Images, snapshots and what is known of containers: kept for good.
    var root: String { "\(directory)/root" }

    /// What is true only until the machine restarts.
    var state: String { "\(directory)/state" }

    /// The boot that `state` is of.
    var bootID: String { "\(directory)/boot-id" }

    /// Where runc keeps its state; containers of Kubernetes are in `k8s.io` below it.
    var runcRoot: String { "\(state)/runc" }

    /// One folder for each container and sandbox that has a shim.
    var bundles: String { "\(state)/io.containerd.runtime.v2.task/k8s.io" }
}
