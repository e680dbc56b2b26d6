import ObjectModel

/// A fingerprint of what a running container can't be changed in: its name and image. Kept as an annotation on the container, it tells whether the
/// spec has moved on since. (A pod's spec lets only images and resources change; resources change in place.)
struct ContainerHash: Sendable, Equatable {
    let text: String

    init(_ container: ContainerSpec) {
        // FNV-1a, as upstream: stable across runs, which the standard library's hasher is not.
        var hash: UInt32 = 0x811c_9dc5
        for byte in Array(container.name.utf8) + [0] + Array(container.image.utf8) {
            hash ^= UInt32(byte)
            hash = hash &* 0x0100_0193
        }
        text = String(hash, radix: 16)
    }
}
