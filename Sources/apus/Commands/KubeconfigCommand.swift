import ArgumentParser
import Foundation

/// The administrator's kubeconfig.
struct KubeconfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig", abstract: "Print the administrator's kubeconfig.",
        discussion: """
            Whoever has it may do everything in the cluster.

            Examples:
              apus kubeconfig > ~/.kube/config
              KUBECONFIG=<(sudo apus kubeconfig) kubectl get nodes
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var configurationFile: ConfigurationOption

    func run() throws {
        let path = "\(data.dataDir)/admin.kubeconfig"
        guard let text = FileManager.default.contents(atPath: path) else {
            throw Failure("\(path) is not there or cannot be read; start the cluster with `apus up`, or name its directory with --data-dir")
        }
        FileHandle.standardOutput.write(text)
    }
}
