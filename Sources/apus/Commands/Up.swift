import ArgumentParser

/// A whole cluster on this machine.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a whole cluster on this machine.",
        discussion: """
            Starts the control plane and a node in the foreground; Ctrl-C stops both. Pods keep running unless --stop-pods is given, and are found again by the \
            next start. Containers need root; --simulated-nodes 3 gives the real API with stand-in nodes to anyone.
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var node: NodeOptions

    func run() async throws {
        let console = Console()
        try await Cluster(data: data, server: server, node: node, console: console).run()
    }
}
