import ArgumentParser
import Foundation

/// The administrator's kubeconfig.
struct KubeconfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kubeconfig", abstract: "Print the administrator's kubeconfig.")

    @OptionGroup var data: DataOptions

    func run() throws {
        let path = "\(data.dataDir)/admin.kubeconfig"
        guard let text = FileManager.default.contents(atPath: path) else {
            throw Failure("\(path) is not there or cannot be read; start the cluster with `apus up`, or name its directory with --data-dir")
        }
        FileHandle.standardOutput.write(text)
    }
}
