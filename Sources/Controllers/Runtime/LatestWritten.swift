import ObjectModel
import Synchronization

/// The objects as a controller last wrote them, for as long as its copy of the world is behind: counting on from an older status would count twice.
final class LatestWritten: Sendable {
    private let objects = Mutex<[String: Value]>([:])

    func note(_ object: Value) { objects.withLock { $0[object.key] = object } }

    func forget(_ key: String) { objects.withLock { $0[key] = nil } }

    /// The later of the copy and what was written.
    func latest(_ copy: Value) -> Value {
        objects.withLock { objects in
            guard let written = objects[copy.key] else { return copy }
            if written.uid == copy.uid, Self.version(written) > Self.version(copy) { return written }
            objects[copy.key] = nil
            return copy
        }
    }

    private static func version(_ object: Value) -> UInt64 { UInt64(object.resourceVersion) ?? 0 }
}
