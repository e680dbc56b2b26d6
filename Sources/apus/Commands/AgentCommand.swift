import ArgumentParser
import ClusterClient

/// A node that joins a cluster over the network.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "Join a cluster over the network as a node.",
        discussion: """
            `apus token create` on the server prints the whole command line. The token is needed once: the node's certificates are kept in the data directory \
            and renewed while it runs. Runs in the foreground; Ctrl-C stops it, pods keep running unless --stop-pods is given. Machines on one link reach each \
            other's pods by routes that each of them keeps; across links your routers must know the way.

            Examples:
              sudo apus agent --server https://192.0.2.10:6443 --token abcdef.0123456789abcdef --ca-cert-hash sha256:…
              sudo apus agent --server https://192.0.2.10:6443
              apus agent --simulated --node-name stand-in --data-dir ~/stand-in --server … --token … --ca-cert-hash …
            """)

    @Option(help: "Where the API server is: https://HOST:PORT.") var server: String
    @Option(help: "The join token. Needed the first time only.") var token: String?
    @Option(name: .customLong("ca-cert-hash"), help: "The hash of the public key of the cluster's authority: sha256:HEX.") var hash: String?
    @Option(name: .customLong("ca-file"), help: "The certificate of the cluster's authority, in place of its hash.", completion: .file())
    var caFile: String?
    @Flag(help: "Stand in for a node: no containers, no privilege.") var simulated = false
    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption
    @OptionGroup var pods: PodNetworkOptions
    @OptionGroup var node: NodeOptions
    @Option(
        name: .customLong("advertise-address"), help: "The address at which the cluster reaches this machine. Default: that of the default route.")
    var advertiseAddress: String?
    @Option(name: .customLong("service-cidr"), help: "The block of cluster IPs that the server was started with.")
    var serviceCIDR: String = "10.96.0.0/16"
    @OptionGroup var log: LogOptions

    func run() async throws {
        guard let url = ServerURL(server) else { throw Failure("--server \(server) is not of the form https://HOST:PORT") }
        let services = try Settings.block(serviceCIDR, "--service-cidr", "10.96.0.0/16")
        try await Agent(
            server: url, token: try token.map(Self.checked), trust: caFile.map { .file($0) } ?? hash.map { .hash($0) } ?? .unknown,
            dataDirectory: try data.path(), node: try Settings.Node(node, clusterCIDR: Settings.clusterCIDR(pods, services), simulated: nil),
            isSimulated: simulated,
            address: try advertiseAddress.map { try Settings.address($0, "--advertise-address") } ?? HostAddress.primary() ?? "127.0.0.1",
            serviceCIDR: serviceCIDR, logLevel: try log.level(), console: Console()
        ).run()
    }

    private static func checked(_ token: String) throws -> String {
        guard BootstrapToken(token) != nil else {
            throw Failure(
                "--token is not of the form of a join token (6 letters or digits, a dot, 16 letters or digits): `apus token create` on the server makes one"
            )
        }
        return token
    }
}
