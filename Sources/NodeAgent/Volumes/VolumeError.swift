/// A volume can't be set up, for now or for good. The pod waits, and events tell this message.
struct VolumeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The volume that it is about, as the pod names it.
    let volume: String
    let message: String

    var description: String { "MountVolume.SetUp failed for volume \"\(volume)\" : \(message)" }
}
