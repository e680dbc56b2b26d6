import ClusterClient
import ObjectModel
import Synchronization

/// One change of one object, as watches tell it. Each of its encodings is made once, by the first watcher that needs it.
final class CollectionEvent: Sendable {
    let revision: Int64

    /// The object after the change; nil for a deletion.
    let object: StoredObject?

    /// The object before the change, under the change's revision for deletions; nil for a creation.
    let previous: StoredObject?
    private let frames = Mutex<[FrameName: [UInt8]]>([:])

    private struct FrameName: Hashable {
        var kind: WatchEvent.Kind
        var form: String
    }

    init(revision: Int64, object: StoredObject?, previous: StoredObject?) {
        self.revision = revision
        self.object = object
        self.previous = previous
    }

    /// How a watcher with this selection sees the change: an object that starts to match is ADDED, one that ceases to is DELETED.
    func seen(by selection: Selection) -> (kind: WatchEvent.Kind, object: StoredObject)? {
        let isMatch = object.map(selection.matches) ?? false
        let wasMatch = previous.map(selection.matches) ?? false
        switch (wasMatch, isMatch) {
        case (false, false): return nil
        case (false, true): return object.map { (.added, $0) }
        case (true, true): return object.map { (.modified, $0) }
        case (true, false): return previous.map { (.deleted, $0) }
        }
    }

    /// The object that tells of the change, for watchers in this process.
    func tree(_ kind: WatchEvent.Kind, _ object: StoredObject) -> Value? {
        guard var tree = try? object.lean() else { return nil }
        if kind == .deleted { tree.metadata["resourceVersion"] = .string(String(revision)) }
        return tree
    }

    /// The bytes that tell of the change, made by the first watcher that needs them in this form.
    func frame(_ kind: WatchEvent.Kind, _ object: StoredObject, _ encoder: Watcher.Encoder) -> [UInt8] {
        func make() -> [UInt8] { encoder.encode(kind, kind == .deleted ? Revisions.replace(revision, in: object.bytes) : object.bytes) }
        guard let form = encoder.sharedBy else { return make() }
        return frames.withLock { frames in
            let name = FrameName(kind: kind, form: form)
            if let frame = frames[name] { return frame }
            let frame = make()
            frames[name] = frame
            return frame
        }
    }
}

/// Frames of a JSON watch: one event a line.
enum WatchLine {
    static func json(_ kind: WatchEvent.Kind, _ object: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 40)
        line += #"{"type":""#.utf8
        line += kind.rawValue.utf8
        line += #"","object":"#.utf8
        line += object
        line += "}\n".utf8
        return line
    }
}
