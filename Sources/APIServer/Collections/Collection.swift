import ObjectModel
import Storage
import Synchronization

/// One kind's objects in memory: a fold over the store's log. Readers take the current snapshot and never wait for writers; watchers hear of
/// every change in the order of revisions.
final class Collection: Sendable {
    /// The store's key of an object is this and the object's key.
    let prefix: String

    /// What bookmarks say they are.
    let apiVersion: String
    let kind: String

    /// Whoever changes an object, by its key, has it alone until the commit.
    let turns = Turns()
    private let fieldsOf: SelectableFields
    private let store: any Store
    private let current = Mutex(Current())

    /// Lists that were made from it, and the objects in them.
    let lists = Atomic(0)
    let listedObjects = Atomic(0)

    /// Taken before `current` by whoever dispatches or registers, so that a watcher neither misses nor repeats an event.
    private let following = Mutex(Following())

    private struct Current {
        var snapshot = Snapshot()
        var revision: Int64 = 0
    }

    private struct Following {
        var watchers: [ObjectIdentifier: Watcher] = [:]
        var history: [CollectionEvent] = []

        /// Changes after this revision are all in the history.
        var historyStart: Int64 = 0

        /// Changes that the store told of.
        var eventCount = 0

        /// What lists in pages are taken from, newest last: they ask for the next page soon.
        var held: [(revision: Int64, snapshot: Snapshot)] = []
    }

    /// Events kept for watches that resume, at most. Older ones are read from the store's log.
    private static let historyMax = 1024

    /// Snapshots held for lists in pages, at most. They share all that did not change since.
    private static let heldMax = 8

    init(prefix: String, apiVersion: String, kind: String, store: any Store, fieldsOf: @escaping SelectableFields) {
        self.prefix = prefix
        self.apiVersion = apiVersion
        self.kind = kind
        self.store = store
        self.fieldsOf = fieldsOf
    }

    // MARK: Reading

    /// The objects and the revision of the last change among them.
    var snapshot: (objects: Snapshot, revision: Int64) { current.withLock { ($0.snapshot, $0.revision) } }

    func find(_ key: String) -> StoredObject? { current.withLock { $0.snapshot }.find(key) }

    /// The objects as they were at a revision: held, undone from what is there now, or from the store's log.
    func snapshot(at revision: Int64) throws(StoreError) -> Snapshot {
        let recent = following.withLock { following -> Snapshot? in
            if let held = following.held.first(where: { $0.revision == revision }) { return held.snapshot }
            guard revision >= following.historyStart else { return nil }
            var objects = snapshot.objects
            for event in following.history.reversed() where event.revision > revision { objects.undo(event) }
            return objects
        }
        if let recent { return recent }
        let listing = try store.list(prefix: prefix, at: revision)
        return Snapshot(listing.entries.map { stored($0.key, $0.revision, $0.value) })
    }

    /// Keeps a snapshot at hand for the next page of a list.
    func hold(_ snapshot: Snapshot, at revision: Int64) {
        following.withLock { following in
            guard !following.held.contains(where: { $0.revision == revision }) else { return }
            following.held.append((revision, snapshot))
            if following.held.count > Self.heldMax { following.held.removeFirst() }
        }
    }

    /// Changes that the store told of since the start.
    var eventCount: Int { following.withLock { $0.eventCount } }

    var watcherCount: Int { following.withLock { $0.watchers.count } }

    // MARK: Following the log

    /// Takes over what the store holds. Before any change is applied.
    func load(_ objects: [StoredObject], revision: Int64) {
        let snapshot = Snapshot(objects)
        let last = objects.map(\.revision).max() ?? 0
        following.withLock { $0.historyStart = revision }
        current.withLock { $0 = Current(snapshot: snapshot, revision: last) }
    }

    func object(of entry: Entry) -> StoredObject { stored(entry.key, entry.revision, entry.value) }

    /// The object after a change; nil where it was deleted.
    func object(after change: Change) -> StoredObject? { change.value.map { stored(change.key, change.revision, $0) } }

    /// Applies one change, which led to `object`, and tells the watchers. Called in the order of revisions, before the writer is answered.
    func apply(_ change: Change, _ object: StoredObject?) {
        following.withLock { following in
            let event = advance(change, object)
            // Watchers of this process get the tree; if there are several, they share it.
            event.previous?.keepLean()
            defer { event.previous?.dropLean() }
            following.history.append(event)
            following.eventCount += 1
            if following.history.count > Self.historyMax * 2 {
                let excess = following.history.count - Self.historyMax
                following.historyStart = following.history[excess - 1].revision
                following.history.removeFirst(excess)
            }
            for (id, watcher) in following.watchers where !watcher.send(event) {
                following.watchers[id] = nil
                watcher.end()
            }
        }
    }

    private func advance(_ change: Change, _ object: StoredObject?) -> CollectionEvent {
        let key = String(change.key.dropFirst(prefix.count))
        let previous = current.withLock { current in
            current.revision = change.revision
            return if let object { current.snapshot.put(object) } else { current.snapshot.remove(key) }
        }
        return CollectionEvent(revision: change.revision, object: object, previous: previous)
    }

    private func stored(_ key: String, _ revision: Int64, _ value: [UInt8]) -> StoredObject {
        StoredObject(
            key: String(key.dropFirst(prefix.count)), revision: revision, bytes: Revisions.splice(revision, into: value), fieldsOf: fieldsOf)
    }

    // MARK: Watching

    /// Where a watch begins.
    enum Start: Sendable {
        /// With what is there now, told as ADDED; then a bookmark that ends them, if asked for.
        case current(endsWithBookmark: Bool)

        /// After a revision that the client has seen.
        case after(Int64)
    }

    /// Registers a watcher and sends what it missed. Throws `Expired` where the log no longer reaches back that far.
    func add(_ watcher: Watcher, _ start: Start, currentRevision: Int64) throws(APIError) {
        let older: [CollectionEvent]
        if case .after(let revision) = start, following.withLock({ revision < $0.historyStart }) {
            older = try events(after: revision)
        } else {
            older = []
        }
        following.withLock { following in
            switch start {
            case .current(let endsWithBookmark):
                let (objects, revision) = snapshot
                // Not `: nil`: that would be a `Value`, for null is one.
                let end = endsWithBookmark ? bookmark(max(revision, currentRevision), endsInitialEvents: true) : Value?.none
                watcher.begin(.objects(objects, end: end))
            case .after(let revision):
                let resumed = older.last?.revision ?? revision
                watcher.begin(.events(older + following.history.filter { $0.revision > resumed }, after: revision))
            }
            following.watchers[ObjectIdentifier(watcher)] = watcher
        }
        watcher.catchUp()
    }

    func remove(_ watcher: Watcher) { following.withLock { $0.watchers[ObjectIdentifier(watcher)] = nil } }

    /// Ends all watches, as at shutdown.
    func endWatches() {
        let watchers = following.withLock { following in
            let all = Array(following.watchers.values)
            following.watchers = [:]
            return all
        }
        for watcher in watchers { watcher.end() }
    }

    /// Tells watchers how far the log has come, so that they can resume from there. All changes up to `revision` must have been applied.
    func sendBookmarks(_ revision: Int64) {
        let object = bookmark(revision, endsInitialEvents: false)
        following.withLock { following in
            for (id, watcher) in following.watchers where watcher.wantsBookmarks && !watcher.send(bookmark: object) {
                following.watchers[id] = nil
                watcher.end()
            }
        }
    }

    private func bookmark(_ revision: Int64, endsInitialEvents: Bool) -> Value {
        var metadata: Value = ["resourceVersion": Value(String(revision))]
        if endsInitialEvents { metadata["annotations"]["k8s.io/initial-events-end"] = "true" }
        return ["kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": metadata]
    }

    /// Changes that the history no longer holds, from the store's log.
    private func events(after revision: Int64) throws(APIError) -> [CollectionEvent] {
        do {
            return try store.changes(prefix: prefix, after: revision).map { change in
                let previous = change.previousValue.map { stored(change.key, change.previousRevision ?? 0, $0) }
                return CollectionEvent(
                    revision: change.revision, object: change.value.map { stored(change.key, change.revision, $0) }, previous: previous)
            }
        } catch {
            throw APIError(.expired, "too old resource version: \(revision) (\(following.withLock { $0.historyStart }))")
        }
    }
}

extension Snapshot {
    /// Takes back a change, the newest first.
    fileprivate mutating func undo(_ event: CollectionEvent) {
        if let previous = event.previous {
            put(previous)
        } else if let object = event.object {
            remove(object.key)
        }
    }
}
