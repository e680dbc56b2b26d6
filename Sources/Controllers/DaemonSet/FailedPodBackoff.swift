import ObjectModel
import Synchronization

/// How soon failed daemon pods are replaced: after a second on each node, then after twice that, up to 15 minutes, so that a pod that a node will not
/// have is not made again and again.
final class FailedPodBackoff: Sendable {
    private struct Entry {
        var pause: Duration
        var next: Timestamp
    }

    private let entries = Mutex<[String: Entry]>([:])
    private static let initial = Duration.seconds(1)
    private static let max = Duration.seconds(900)

    /// Nil where a failed pod of the set may go now; else how long it has to stay.
    func wait(_ set: Value, node: String, now: Timestamp) -> Duration? {
        let key = "\(set.uid)/\(set.generation)/\(node)"
        return entries.withLock { entries in
            var pause = Self.initial
            if let entry = entries[key] {
                if now < entry.next { return entry.next - now }
                // What went well for long enough starts anew.
                if now < entry.next + Self.max * 2 { pause = min(Self.max, entry.pause * 2) }
            }
            entries[key] = Entry(pause: pause, next: now + pause)
            return nil
        }
    }

    func forget(_ set: Value) { entries.withLock { entries in entries = entries.filter { !$0.key.hasPrefix("\(set.uid)/") } } }
}
