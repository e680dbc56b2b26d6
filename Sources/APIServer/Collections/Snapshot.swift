/// All objects of a collection at one revision, ordered by key. A value: readers keep theirs while writers make the next.
///
/// Kept in chunks, so that a change copies one chunk and the list of chunks, not the collection.
struct Snapshot: Sendable {
    private(set) var chunks: [SnapshotChunk] = []
    private(set) var count = 0

    /// Objects in a chunk, at most.
    private static let chunkMax = 256

    init() {}

    /// Takes objects in any order.
    init(_ objects: [StoredObject]) {
        let sorted = objects.sorted { $0.key < $1.key }
        count = sorted.count
        for start in stride(from: 0, to: sorted.count, by: Self.chunkMax / 2) {
            chunks.append(SnapshotChunk(Array(sorted[start..<min(start + Self.chunkMax / 2, sorted.count)])))
        }
    }

    func find(_ key: String) -> StoredObject? {
        guard let chunk = chunkIndex(for: key) else { return nil }
        return chunks[chunk].find(key)
    }

    /// Puts an object in the place of the one with its key, if any; returns that one.
    @discardableResult mutating func put(_ object: StoredObject) -> StoredObject? {
        guard let chunk = chunkIndex(for: object.key) else {
            chunks = [SnapshotChunk([object])]
            count = 1
            return nil
        }
        if let old = chunks[chunk].put(object) { return old }
        count += 1
        if chunks[chunk].objects.count > Self.chunkMax { chunks.insert(chunks[chunk].split(), at: chunk + 1) }
        return nil
    }

    @discardableResult mutating func remove(_ key: String) -> StoredObject? {
        guard let chunk = chunkIndex(for: key), let old = chunks[chunk].remove(key) else { return nil }
        count -= 1
        if chunks[chunk].objects.isEmpty { chunks.remove(at: chunk) }
        return old
    }

    /// Walks objects in order from the first whose key is not before `start`, as long as `body` returns true.
    /// - Parameter isWorthwhile: asked before each chunk; false leaves it out.
    func scan(from start: String = "", where isWorthwhile: (SnapshotChunk) -> Bool = { _ in true }, _ body: (StoredObject) -> Bool) {
        guard var chunk = chunkIndex(for: start) else { return }
        var position = chunks[chunk].lowerBound(start)
        while chunk < chunks.count {
            if isWorthwhile(chunks[chunk]) {
                for object in chunks[chunk].objects[position...] {
                    guard body(object) else { return }
                }
            }
            chunk += 1
            position = 0
        }
    }

    /// Walks the objects of one namespace, or all where it is empty.
    func scan(namespace: String, _ body: (StoredObject) -> Bool) {
        guard !namespace.isEmpty else { return scan(body) }
        let prefix = namespace + "/"
        scan(from: prefix) { $0.key.hasPrefix(prefix) && body($0) }
    }

    /// How many objects have a key before this one.
    func rank(_ key: String) -> Int {
        guard let chunk = chunkIndex(for: key) else { return 0 }
        return chunks[..<chunk].reduce(0) { $0 + $1.objects.count } + chunks[chunk].lowerBound(key)
    }

    /// The last chunk whose first key is not after `key`, or the first chunk.
    private func chunkIndex(for key: String) -> Int? {
        guard !chunks.isEmpty else { return nil }
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if chunks[middle].objects[0].key <= key { low = middle } else { high = middle }
        }
        return low
    }
}
