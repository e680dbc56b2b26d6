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
    @OptionGroup var node: NodeOptions
    @Option(name: .customLong("service-cidr"), help: "The block of cluster IPs that the cluster was started with.")
    var serviceCIDR: String = "10.96.0.0/16"
    @Flag(help: "Do not ask.") var yes = false

    private func podCIDR() throws -> String {
        try node.podCIDR ?? PodBlocks.first(of: Settings.block(node.clusterCIDR, "--cluster-cidr", "10.244.0.0/16")).description
    }

    func run() async throws {
        guard FileManager.default.fileExists(atPath: data.dataDir) else { throw Failure("there is nothing in \(data.dataDir)") }
        guard FileManager.default.fileExists(atPath: "\(data.dataDir)/apus.db") else {
            throw Failure("\(data.dataDir) is not a data directory of Apus: there is no apus.db in it. Nothing was removed")
        }
        let directory = try DataDirectory(data.dataDir)
        let lock = try directory.lock()
        if !yes {
            print("This removes the cluster in \(data.dataDir) with all its objects, pods and images. Type yes to go on: ", terminator: "")
            guard readLine() == "yes" else {
                print("Nothing was removed.")
                return
            }
        }
        let console = Console()
        if geteuid() == 0, FileManager.default.fileExists(atPath: directory.file("containerd")) {
            try await NodeRemoval(
                directory: directory, podCIDR: try podCIDR(), clusterCIDR: node.clusterCIDR, serviceCIDR: serviceCIDR, console: console
            )
            .run()
        }
        try FileManager.default.removeItem(atPath: data.dataDir)
        console.step("removed \(data.dataDir)")
        withExtendedLifetime(lock) {}
    }
}
