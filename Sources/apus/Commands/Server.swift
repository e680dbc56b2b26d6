import ArgumentParser

/// The control plane alone.
struct Server: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the control plane: API server, controllers and scheduler.")

    @OptionGroup var data: DataOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let console = Console()
        try await Cluster(data: data, server: server, node: nil, console: console).run()
    }
}
