/// All objects of a collection at one revision, ordered by key. A value: readers keep theirs while writers make the next.
///
/// Kept in chunks, so that a change copies one chunk and the list of chunks, not the collection.
struct Snapshot: Sendable {
    private var chunks: [[StoredObject]] = []
    private(set) var count = 0

    /// Objects in a chunk, at most.
    private static let chunkMax = 256

    init() {}

    /// Takes objects in any order.
    init(_ objects: [StoredObject]) {
        let sorted = objects.sorted { $0.key < $1.key }
        count = sorted.count
        for start in stride(from: 0, to: sorted.count, by: Self.chunkMax / 2) {
            chunks.append(Array(sorted[start..<min(start + Self.chunkMax / 2, sorted.count)]))
        }
    }

    func find(_ key: String) -> StoredObject? {
        guard let chunk = chunkIndex(for: key) else { return nil }
        let position = Self.lowerBound(key, in: chunks[chunk])
        guard position < chunks[chunk].count, chunks[chunk][position].key == key else { return nil }
        return chunks[chunk][position]
    }

    /// Puts an object in the place of the one with its key, if any; returns that one.
    @discardableResult mutating func put(_ object: StoredObject) -> StoredObject? {
        guard let chunk = chunkIndex(for: object.key) else {
            chunks = [[object]]
            count = 1
            return nil
        }
        let position = Self.lowerBound(object.key, in: chunks[chunk])
        if position < chunks[chunk].count, chunks[chunk][position].key == object.key {
            let old = chunks[chunk][position]
            chunks[chunk][position] = object
            return old
        }
        chunks[chunk].insert(object, at: position)
        count += 1
        if chunks[chunk].count > Self.chunkMax { split(chunk) }
        return nil
    }

    @discardableResult mutating func remove(_ key: String) -> StoredObject? {
        guard let chunk = chunkIndex(for: key) else { return nil }
        let position = Self.lowerBound(key, in: chunks[chunk])
        guard position < chunks[chunk].count, chunks[chunk][position].key == key else { return nil }
        count -= 1
        let old = chunks[chunk].remove(at: position)
        if chunks[chunk].isEmpty { chunks.remove(at: chunk) }
        return old
    }

    /// Walks objects in order from the first whose key is not before `start`, as long as `body` returns true.
    func scan(from start: String = "", _ body: (StoredObject) -> Bool) {
        guard var chunk = chunkIndex(for: start) else { return }
        var position = Self.lowerBound(start, in: chunks[chunk])
        while chunk < chunks.count {
            while position < chunks[chunk].count {
                guard body(chunks[chunk][position]) else { return }
                position += 1
            }
            chunk += 1
            position = 0
        }
    }

    /// Walks the objects of one namespace, or all where it is empty.
    func scan(namespace: String, from start: String = "", _ body: (StoredObject) -> Bool) {
        guard !namespace.isEmpty else { return scan(from: start, body) }
        let prefix = namespace + "/"
        scan(from: max(prefix, start)) { $0.key.hasPrefix(prefix) && body($0) }
    }

    // MARK: Parts

    /// The last chunk whose first key is not after `key`, or the first chunk.
    private func chunkIndex(for key: String) -> Int? {
        guard !chunks.isEmpty else { return nil }
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if chunks[middle][0].key <= key { low = middle } else { high = middle }
        }
        return low
    }

    private static func lowerBound(_ key: String, in objects: [StoredObject]) -> Int {
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            if objects[middle].key < key { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func split(_ chunk: Int) {
        let half = chunks[chunk].count / 2
        let tail = Array(chunks[chunk][half...])
        chunks[chunk].removeSubrange(half...)
        chunks.insert(tail, at: chunk + 1)
    }
}
