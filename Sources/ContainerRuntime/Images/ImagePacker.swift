import Glibc
import ObjectModel

/// Makes a container image from a folder, without a daemon and without a registry.
///
/// The image has one layer, the folder as it is, owned by root. Equal folders and options give equal bytes, so packing again changes nothing.
public struct ImagePacker: Sendable {
    /// How containers of the image run, in the words of a Dockerfile.
    public struct Options: Sendable {
        /// What the image is called, such as `apus.local/hello:1`; several names are possible.
        public var names: [String]
        public var entrypoint: [String] = []
        public var command: [String] = []
        /// `NAME=value`
        public var environment: [String] = []
        public var workingDirectory = ""
        /// A user name of the image or a number, with a group if wanted: `1000:1000`.
        public var user = ""
        /// `8080/tcp`; without a protocol it is TCP.
        public var exposedPorts: [String] = []
        public var labels: [String: String] = [:]
        /// In Go's words: `amd64`, `arm64`.
        public var architecture = ImagePacker.hostArchitecture

        public init(names: [String]) {
            self.names = names
        }
    }

    /// What came out.
    public struct Packed: Sendable, Equatable {
        /// The full names.
        public var names: [String]
        /// The digest of the image's configuration, which runtimes call the image's id.
        public var id: String
        /// The digest of its manifest, which registries call the image's digest.
        public var digest: String
        /// Bytes of the archive.
        public var size: Int
    }

    /// The architecture of this machine.
    public static var hostArchitecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    private let options: Options

    public init(_ options: Options) {
        self.options = options
    }

    /// Packs a folder into an archive: an OCI image layout in a tar file, which Docker and Podman can load as well.
    public func pack(folder: String, to archive: String) throws(ContainerRuntimeError) -> Packed {
        var status = stat()
        guard stat(folder, &status) == 0 else { throw .system("can't pack \(folder)") }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw ContainerRuntimeError(.invalidArgument, "can't pack \(folder): it is not a folder") }
        return try pack(to: archive) { tar throws(ContainerRuntimeError) in try tar.add(folder: folder) }
    }

    /// Packs what the closure writes.
    func pack(to archive: String, _ fill: (TarWriter) throws(ContainerRuntimeError) -> Void) throws(ContainerRuntimeError) -> Packed {
        guard !options.names.isEmpty else { throw ContainerRuntimeError(.invalidArgument, "an image needs a name, such as apus.local/hello:1") }
        var names: [ImageReference] = []
        for name in options.names {
            let reference = try ImageReference(name)
            guard reference.digest == nil else {
                throw ContainerRuntimeError(.invalidArgument, "\(name): a digest comes from the content and can't be chosen; use a tag")
            }
            names.append(reference)
        }

        let layerPath = "\(archive).layer"
        defer { unlink(layerPath) }
        let layer = try writeTar(layerPath, fill)
        let config = configuration(layer: layer.digest).json()
        let configDigest = Digest(of: config)
        let manifest = Self.manifest(config: configDigest, size: config.count, layer: layer).json()
        let manifestDigest = Digest(of: manifest)

        let output = try writeTar(archive) { tar throws(ContainerRuntimeError) in
            try tar.add("oci-layout", content: (["imageLayoutVersion": "1.0.0"] as Value).json())
            try tar.add("index.json", content: Self.index(names: names, manifest: manifestDigest, size: manifest.count).json())
            // What `docker load` reads.
            try tar.add("manifest.json", content: Self.dockerManifest(names: names, config: configDigest, layer: layer.digest).json())
            try tar.add(blob: configDigest, content: config)
            try tar.add(blob: manifestDigest, content: manifest)
            try tar.add(TarWriter.Entry(path: layer.digest.blobPath, kind: .file, mode: 0o644, size: UInt64(layer.size)))
            try tar.copy(layerPath, size: layer.size)
        }
        return Packed(names: names.map(\.description), id: configDigest.description, digest: manifestDigest.description, size: output.size)
    }

    private func writeTar(
        _ path: String, _ fill: (TarWriter) throws(ContainerRuntimeError) -> Void
    ) throws(ContainerRuntimeError) -> (digest: Digest, size: Int) {
        let file = try DigestedFile(path: path)
        let tar = TarWriter { bytes throws(ContainerRuntimeError) in try file.write(bytes) }
        try fill(tar)
        try tar.finish()
        return (file.digest, file.size)
    }
}

// MARK: - The documents of an image

extension ImagePacker {
    /// The image's configuration: how it runs, and what it consists of.
    private func configuration(layer: Digest) -> Value {
        var run: Value = [:]
        if !options.entrypoint.isEmpty { run["Entrypoint"] = Value(options.entrypoint) }
        if !options.command.isEmpty { run["Cmd"] = Value(options.command) }
        let path = options.environment.contains { $0.hasPrefix("PATH=") } ? [] : ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        run["Env"] = Value(path + options.environment)
        if !options.workingDirectory.isEmpty { run["WorkingDir"] = .string(options.workingDirectory) }
        if !options.user.isEmpty { run["User"] = .string(options.user) }
        if !options.exposedPorts.isEmpty {
            var ports = Fields()
            for port in options.exposedPorts { ports[port.contains("/") ? port : "\(port)/tcp"] = [:] }
            run["ExposedPorts"] = .object(ports)
        }
        if !options.labels.isEmpty { run["Labels"] = Value(options.labels) }
        return [
            "architecture": .string(options.architecture), "os": "linux", "created": "1970-01-01T00:00:00Z", "config": run,
            "rootfs": ["type": "layers", "diff_ids": [.string(layer.description)]],
            "history": [["created": "1970-01-01T00:00:00Z", "created_by": "apus image pack"]],
        ]
    }

    private static func manifest(config: Digest, size: Int, layer: (digest: Digest, size: Int)) -> Value {
        [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", config, size),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer.digest, layer.size)],
        ]
    }

    /// One entry for each name; containerd reads the full name, others the tag alone.
    private static func index(names: [ImageReference], manifest: Digest, size: Int) -> Value {
        let entries = names.map { name in
            var entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest, size)
            entry["annotations"] = [
                "io.containerd.image.name": .string(name.description), "org.opencontainers.image.ref.name": .string(name.tag ?? "latest"),
            ]
            return entry
        }
        return ["schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": .array(entries)]
    }

    private static func dockerManifest(names: [ImageReference], config: Digest, layer: Digest) -> Value {
        [["Config": .string(config.blobPath), "RepoTags": Value(names.map(\.description)), "Layers": [.string(layer.blobPath)]]]
    }

    private static func descriptor(_ mediaType: String, _ digest: Digest, _ size: Int) -> Value {
        ["mediaType": .string(mediaType), "digest": .string(digest.description), "size": Value(size)]
    }
}

extension Digest {
    fileprivate var blobPath: String { "blobs/sha256/\(hex)" }
}

extension TarWriter {
    fileprivate func add(blob digest: Digest, content: [UInt8]) throws(ContainerRuntimeError) {
        try add(digest.blobPath, content: content)
    }
}
