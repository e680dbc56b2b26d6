import ArgumentParser
import ContainerRuntime
import Foundation

/// Images of this machine's runtime.
struct ImageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Make, import and list container images.",
        discussion: """
            With `apus up` running, images go into its containerd. `pack --output` needs no runtime.

            Examples:
              apus image pack ./root --name apus.local/hello:1 --entrypoint /bin/hello
              apus image import app.tar
              apus image list
            """,
        subcommands: [Pack.self, Import.self, List.self])

    /// The images of the containerd under a data directory.
    static func store(_ data: DataOptions) throws -> ImageStore {
        let socket = ContainerdLayout(dataDirectory: data.dataDir).socket
        guard FileManager.default.fileExists(atPath: socket) else {
            throw Failure("no containerd of ours runs under \(data.dataDir); start the cluster with `apus up`, or name its directory with --data-dir")
        }
        return try ImageStore(socket: socket)
    }

    struct Pack: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an image from a folder.",
            discussion: """
                The folder becomes the image's root.

                Examples:
                  apus image pack ./root --name apus.local/hello:1 --entrypoint /bin/hello --expose 8080/tcp
                  apus image pack ./root --name apus.local/hello:1 --entrypoint /bin/hello --output hello.tar
                """)

        @Argument(help: "The folder.", completion: .directory) var folder: String
        @Option(help: "What the image is called, such as apus.local/hello:1.") var name: String
        @Option(parsing: .unconditionalSingleValue, help: "A word of the entrypoint; repeat for more.") var entrypoint: [String] = []
        @Option(name: .customLong("cmd"), parsing: .unconditionalSingleValue, help: "A word of the default arguments; repeat for more.") var command:
            [String] = []
        @Option(name: .customLong("env"), help: "NAME=value; repeat for more.") var environment: [String] = []
        @Option(help: "The working directory.") var workdir: String = ""
        @Option(help: "The user, such as 1000:1000.") var user: String = ""
        @Option(name: .customLong("expose"), help: "A port, such as 8080/tcp; repeat for more.") var ports: [String] = []
        @Option(name: .shortAndLong, help: "Write an OCI archive here instead of importing the image.") var output: String?
        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            var options = ImagePacker.Options(names: [name])
            options.entrypoint = entrypoint
            options.command = command
            options.environment = environment
            options.workingDirectory = workdir
            options.user = user
            options.exposedPorts = ports
            let packed =
                if let output {
                    try ImagePacker(options).pack(folder: folder, to: output)
                } else {
                    try await ImageCommand.store(data).pack(folder: folder, options)
                }
            print("\(packed.names.joined(separator: ", "))  \(packed.digest)")
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import an OCI or Docker archive.", discussion: "Example: docker save app:1 -o app.tar && apus image import app.tar")

        @Argument(help: "The archive.", completion: .file()) var archive: String
        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            for name in try await ImageCommand.store(data).importArchive(archive) { print(name) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the images that are here.", discussion: "Example: apus image list --data-dir /srv/apus")

        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            for image in try await ImageCommand.store(data).list() {
                let name = image.repoTags.first ?? image.repoDigests.first ?? image.id
                print("\(name)  \(image.size / 1024) KiB")
            }
        }
    }
}
