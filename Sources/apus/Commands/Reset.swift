import ArgumentParser
import Foundation

/// Removes everything that Apus ever made on this machine.
struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the cluster: pods, network, containerd and all data.",
        discussion: """
            Asks first. What is removed cannot be brought back. Stop apus before.

            Examples:
              sudo apus reset
              sudo apus reset --data-dir /srv/apus --yes
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption
    @Flag(help: "Do not ask.") var yes = false

    func run() async throws {
        let path = try data.path()
        guard FileManager.default.fileExists(atPath: path) else { throw Failure("there is nothing in \(path)") }
        guard ["apus.db", "pki/node-client.pem", "node.json"].contains(where: { FileManager.default.fileExists(atPath: "\(path)/\($0)") }) else {
            throw Failure("\(path) is not a data directory of Apus: there is no apus.db in it. Nothing was removed")
        }
        let directory = try DataDirectory(path)
        let lock = try directory.lock()
        if !yes {
            print("This removes the cluster in \(path) with all its objects, pods and images. Type yes to go on: ", terminator: "")
            guard readLine() == "yes" else {
                print("Nothing was removed.")
                return
            }
        }
        let console = Console()
        if geteuid() == 0, FileManager.default.fileExists(atPath: directory.file("containerd")) {
            try await NodeRemoval(
                directory: directory, traces: try NodeTraces(of: directory) ?? NodeTraces.standard(), console: console
            )
            .run()
        }
        try FileManager.default.removeItem(atPath: path)
        console.step("removed \(path)")
        withExtendedLifetime(lock) {}
    }
}
