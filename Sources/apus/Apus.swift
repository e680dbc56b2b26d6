import ArgumentParser
import Glibc

@main struct Apus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "Kubernetes, complete, in one small program.",
        discussion: """
            apus up starts a whole cluster on this machine: API server, controllers, scheduler, node agent, service network and DNS, with containers on \
            containerd. Point kubectl at it and apply YAML.

            Every option of a command can stand in a file given with --config, under the same name: `data-dir: /srv/apus`.
            """,
        version: "\(version) (Kubernetes 1.36)",
        subcommands: [
            Up.self, Server.self, AgentCommand.self, StatusCommand.self, TokenCommand.self, KubeconfigCommand.self, ImageCommand.self, Reset.self,
            Completion.self,
        ])

    static let version = "0.1.0"

    /// Options from `--config` go before those of the command line, so that the latter win.
    static func main() async {
        // A terminal that goes away is told of by the write's error.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            var command = try parseAsRoot(try ConfigurationFile.expand(arguments))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let words = Array(arguments.prefix { !$0.hasPrefix("-") })
            Console.fail(error, command: (["apus"] + words.prefix(CommandOptions.command(words).1)).joined(separator: " "))
        }
    }
}
