import ArgumentParser

/// A whole cluster on this machine.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a whole cluster on this machine.",
        discussion: """
            Starts the control plane and a node in the foreground; Ctrl-C stops both. Pods keep running unless --stop-pods is given, and are found again by the \
            next start. Containers need root; --simulated-nodes 3 gives the real API with stand-in nodes to anyone.

            Examples:
              sudo apus up
              sudo apus up --data-dir /srv/apus --port 7443
              sudo apus up --config /etc/apus.yaml
              apus up --simulated-nodes 3 --data-dir ~/try
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption
    @OptionGroup var server: ServerOptions
    @OptionGroup var pods: PodNetworkOptions
    @OptionGroup var node: NodeOptions
    @Option(name: .customLong("simulated-nodes"), help: "Start this many stand-in nodes in place of a real one. Needs no privilege.")
    var simulatedNodes: Int?

    func run() async throws {
        let console = Console()
        try await Cluster(data: data, server: server, pods: pods, node: node, simulatedNodes: simulatedNodes, console: console).run()
    }
}
