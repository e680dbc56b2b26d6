import ArgumentParser

/// The control plane alone.
struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the control plane: API server, controllers and scheduler.",
        discussion: """
            Runs in the foreground and needs no root. Nodes join it with `apus agent`; `apus token create` prints their command line.

            Examples:
              apus server
              apus server --data-dir /srv/apus --advertise-address 192.0.2.10
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption
    @OptionGroup var server: ServerOptions
    @OptionGroup var pods: PodNetworkOptions

    func run() async throws {
        let console = Console()
        try await Cluster(data: data, server: server, pods: pods, node: nil, simulatedNodes: nil, console: console).run()
    }
}
