import APIServer
import ArgumentParser
import ObjectModel

/// How the cluster is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show on one screen how the cluster is.",
        discussion: """
            Exit code 0: it runs, answers, its nodes are ready and its certificates are valid. 1: not so, or there is no cluster there. Workloads that are not \
            as desired are listed, but do not count as ill health of the cluster.

            Examples:
              apus status
              apus status --data-dir /srv/apus
              apus status -o json | python3 -m json.tool
            """)

    enum Output: String, ExpressibleByArgument, CaseIterable { case text, json }

    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption
    @Option(name: .shortAndLong, help: "text or json.") var output: Output = .text

    func run() async throws {
        let status = try await StatusProbe(directory: try data.path(), now: .now()).run()
        switch output {
        case .text: print(status.text, terminator: "")
        case .json: print(String(decoding: status.value.json(), as: UTF8.self))
        }
        if !status.isHealthy { throw ExitCode(1) }
    }
}
