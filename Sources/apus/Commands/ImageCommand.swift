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
        guard geteuid() == 0 else { throw Failure("images belong to root's containerd: run it with sudo") }
        let path = try data.path()
        let socket = ContainerdLayout(dataDirectory: path).socket
        guard FileManager.default.fileExists(atPath: socket), answers(socket) else {
            throw Failure("no containerd of ours runs under \(path); start the cluster with `apus up`, or name its directory with --data-dir")
        }
        return try ImageStore(socket: socket)
    }

    /// Whether somebody listens: a socket outlives a containerd that was killed.
    private static func answers(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
    }

    private static func outcome(of store: ImageStore, _ archive: String) async -> Result<[String], any Error> {
        do {
            return .success(try await store.importArchive(archive))
        } catch {
            guard error.message.contains("ctr:") else { return .failure(error) }
            return .failure(
                Failure(
                    "\(archive) is not an archive of an image, or not a whole one: make it with `docker save` or `apus image pack --output` (\(error.message))"
                ))
        }
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
            for variable in environment where !variable.dropFirst().contains("=") {
                throw Failure("--env \(variable) is not of the form NAME=value")
            }
            options.environment = environment
            options.workingDirectory = workdir
            options.user = user
            options.exposedPorts = try ports.map(Self.port)
            if let output { try Self.checkCanWrite(output) }
            let packed =
                if let output {
                    try ImagePacker(options).pack(folder: folder, to: output)
                } else {
                    try await ImageCommand.store(data).pack(folder: folder, options)
                }
            print("\(packed.names.joined(separator: ", "))  \(packed.digest)")
        }

        /// `8080` means `8080/tcp`.
        private static func port(_ text: String) throws -> String {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let number = parts.first.flatMap({ Int($0) }), (1...65535).contains(number), parts.count < 3,
                ["tcp", "udp", "sctp"].contains(parts.count == 2 ? parts[1] : "tcp")
            else { throw Failure("--expose \(text) is not a port such as 8080/tcp or 53/udp") }
            return parts.count == 2 ? text : "\(text)/tcp"
        }

        private static func checkCanWrite(_ path: String) throws {
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
                throw Failure("--output \(path) is a folder: name a file in it, such as \(path)/image.tar")
            }
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard access(folder, W_OK | X_OK) == 0 else {
                throw Failure("--output \(path): cannot write to the folder \(folder): \(String(cString: strerror(errno)).lowercased())")
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Import an OCI or Docker archive.", discussion: "Example: docker save app:1 -o app.tar && apus image import app.tar")

        @Argument(help: "The archive.", completion: .file()) var archive: String
        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            guard access(archive, R_OK) == 0 else { throw Failure("cannot read \(archive): \(String(cString: strerror(errno)).lowercased())") }
            let names = await ImageCommand.outcome(of: try ImageCommand.store(data), archive)
            for name in try names.get() { print(name) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the images that are here.", discussion: "Example: apus image list --data-dir /srv/apus")

        @OptionGroup var data: DataOptions
        @OptionGroup var configurationFile: ConfigurationOption

        func run() async throws {
            print(ImageTable(try await ImageCommand.store(data).list()).text)
        }
    }
}
