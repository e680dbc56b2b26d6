import Glibc
import ObjectModel

/// The images of a containerd, brought in from files.
public struct ImageStore: Sendable {
    private let socket: String
    private let ctr: String

    /// - Parameter socket: containerd's socket.
    public init(socket: String) throws(ContainerRuntimeError) {
        guard let ctr = Program.find("ctr") else {
            throw ContainerRuntimeError(.missingProgram, "ctr not found: it imports images. On Debian: apt-get install containerd")
        }
        self.socket = socket
        self.ctr = ctr
    }

    /// Brings in the images of an archive: an OCI image layout in a tar file, or what `docker save` writes. Returns their full names.
    ///
    /// - Parameter name: what to call an image whose archive gives only a tag or nothing.
    public func importArchive(_ path: String, as name: String? = nil) async throws(ContainerRuntimeError) -> [String] {
        guard Files.exists(path) else { throw .system("can't import \(path)", ENOENT) }
        let base = try name.map { name throws(ContainerRuntimeError) in ["--base-name", try ImageReference(name).name] } ?? []
        let outcome = try await run(["import", "--snapshotter", try await snapshotter()] + base + [path])
        guard outcome.code == 0 else {
            throw ContainerRuntimeError(.invalidArgument, "can't import \(path): \(outcome.output.trimmed)")
        }
        let names = outcome.output.split(separator: "\n").compactMap(Self.unpackedName)
        try await waitForCRI(names)
        return names
    }

    /// Packs a folder and brings the image in.
    public func pack(folder: String, _ options: ImagePacker.Options, workingDirectory: String = "/tmp") async throws(ContainerRuntimeError)
        -> ImagePacker.Packed
    {
        let archive = "\(workingDirectory)/apus-image-\(getpid())-\(UInt64.random(in: 0...(.max))).tar"
        defer { unlink(archive) }
        let packed = try ImagePacker(options).pack(folder: folder, to: archive)
        _ = try await importArchive(archive)
        return packed
    }

    /// The images that containers can be made from.
    public func list() async throws(ContainerRuntimeError) -> [CRIImage] {
        try await withRuntime { runtime throws(ContainerRuntimeError) in try await runtime.images() }
    }

    /// The snapshotter that containers are made with, for which images are unpacked at once.
    private func snapshotter() async throws(ContainerRuntimeError) -> String {
        let status = try await withRuntime { runtime throws(ContainerRuntimeError) in try await runtime.status(verbose: true) }
        let config = try? Value(json: status.info["config"] ?? "")
        return config?["containerd"]["snapshotter"].string ?? "overlayfs"
    }

    private func run(_ arguments: [String]) async throws(ContainerRuntimeError) -> Program.Outcome {
        let environment = ["PATH": Program.searchPath.joined(separator: ":"), "HOME": "/"]
        return try await Program.run(ctr, ["--address", socket, "--namespace", "k8s.io", "images"] + arguments, environment: environment)
    }

    /// CRI learns of an image by an event, a little after the import; until then a pod could miss it.
    private func waitForCRI(_ names: [String]) async throws(ContainerRuntimeError) {
        try await withRuntime { runtime throws(ContainerRuntimeError) in
            let deadline = ContinuousClock.now + .seconds(10)
            for name in names {
                while try await runtime.imageStatus(.with { $0.image = name }) == nil, ContinuousClock.now < deadline {
                    try? await Task.sleep(for: .milliseconds(5))
                }
            }
        }
    }

    private func withRuntime<Result: Sendable>(
        _ body: @escaping @Sendable (CRIRuntime) async throws(ContainerRuntimeError) -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        let runtime = try CRIRuntime(socket: socket)
        return try await runtime.serving(body)
    }

    /// `unpacking NAME (sha256:…)...done`
    private static func unpackedName(_ line: Substring) -> String? {
        let words = line.split(separator: " ")
        return words.count >= 2 && words[0] == "unpacking" ? String(words[1]) : nil
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
