/// The image of the process that holds a pod's namespaces: our own, so that a node needs no registry to run its first pod.
public enum PauseImage {
    public static let name = "apus.local/pause:1"

    /// Packs the image into an archive.
    public static func pack(to archive: String) throws(ContainerRuntimeError) -> ImagePacker.Packed {
        var options = ImagePacker.Options(names: [name])
        options.entrypoint = ["/pause"]
        options.user = "65535:65535"
        return try ImagePacker(options).pack(to: archive) { tar throws(ContainerRuntimeError) in
            try tar.add("pause", mode: 0o755, content: PauseProgram.bytes(for: hostMachine))
        }
    }

    static var hostMachine: ELFWriter.Machine {
        #if arch(arm64)
            .arm64
        #else
            .x86_64
        #endif
    }
}
