import Synchronization

/// A run of neighbouring objects of a snapshot, ordered by key, never empty within one. A change copies the chunk that it falls into, no other.
struct SnapshotChunk: Sendable {
    private(set) var objects: [StoredObject]
    private var lazyTerms = LazyTerms()

    init(_ objects: [StoredObject]) { self.objects = objects }

    /// The terms that selections find these objects by. Gathered for the first selection that asks after a change.
    var terms: TermFilter { lazyTerms.filter(of: objects) }

    func find(_ key: String) -> StoredObject? {
        let position = lowerBound(key)
        return position < objects.count && objects[position].key == key ? objects[position] : nil
    }

    /// The position of the first object whose key is not before `key`.
    func lowerBound(_ key: String) -> Int {
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Puts an object in the place of the one with its key, if any; returns that one.
    mutating func put(_ object: StoredObject) -> StoredObject? {
        lazyTerms = LazyTerms()
        let position = lowerBound(object.key)
        if position < objects.count, objects[position].key == object.key {
            let old = objects[position]
            objects[position] = object
            return old
        }
        objects.insert(object, at: position)
        return nil
    }

    mutating func remove(_ key: String) -> StoredObject? {
        let position = lowerBound(key)
        guard position < objects.count, objects[position].key == key else { return nil }
        lazyTerms = LazyTerms()
        return objects.remove(at: position)
    }

    /// Cuts off the second half and returns it.
    mutating func split() -> SnapshotChunk {
        let half = objects.count / 2
        let tail = SnapshotChunk(Array(objects[half...]))
        objects.removeSubrange(half...)
        lazyTerms = LazyTerms()
        return tail
    }
}

/// The filter of one state of a chunk, shared by the snapshots that hold that state.
private final class LazyTerms: Sendable {
    private let made = Mutex<TermFilter?>(nil)

    func filter(of objects: [StoredObject]) -> TermFilter {
        made.withLock { made in
            if let made { return made }
            let fresh = TermFilter(objects.flatMap { $0.index.terms })
            made = fresh
            return fresh
        }
    }
}
