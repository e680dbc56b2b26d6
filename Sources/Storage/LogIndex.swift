/// Which row of the log holds which key, now and at every revision that is not compacted. Keys only: the values stay where the rows are.
struct LogIndex: Sendable {
    /// The row that holds a key now.
    struct Head: Sendable {
        var position: LogPosition
        var created: Int64
    }

    /// A row that a later one took the place of, or that tells of a deletion. Nobody needs it once history is compacted through `replaced`.
    struct Superseded: Sendable {
        var replaced: Int64
        var position: LogPosition
        var created: Int64
        var key: String
        var isDeletion: Bool
    }

    private(set) var heads: [String: Head] = [:]
    private(set) var revision: Int64 = 0
    private(set) var compacted: Int64 = 0

    /// In the order of `replaced`; those before `firstSuperseded` are gone.
    private var superseded: [Superseded] = []
    private var firstSuperseded = 0

    /// Sorted when somebody lists; nil after a key came or went.
    private var sortedKeys: [String]?

    init(revision: Int64 = 0, compacted: Int64 = 0) {
        self.revision = revision
        self.compacted = compacted
    }

    // MARK: Writing

    /// Takes in the next row of the log.
    mutating func append(_ row: LogRow) {
        append(position: row.position, key: row.key, created: row.created, isDeletion: row.value == nil)
    }

    mutating func append(position: LogPosition, key: String, created: Int64, isDeletion: Bool) {
        let replaced = position.revision
        let old = isDeletion ? heads.removeValue(forKey: key) : heads.updateValue(Head(position: position, created: created), forKey: key)
        if let old {
            superseded.append(Superseded(replaced: replaced, position: old.position, created: old.created, key: key, isDeletion: false))
        }
        if isDeletion {
            superseded.append(Superseded(replaced: replaced, position: position, created: created, key: key, isDeletion: true))
        }
        if isDeletion || old == nil { sortedKeys = nil }
        revision = max(revision, replaced)
    }

    /// Takes back rows that were appended last, because the disk did not take them.
    mutating func undo(_ rows: [LogRow], to revision: Int64) {
        for row in rows.reversed() {
            if row.value == nil { superseded.removeLast() }
            if row.previous != nil, let old = superseded.popLast() {
                heads[row.key] = Head(position: old.position, created: old.created)
            } else {
                heads[row.key] = nil
            }
        }
        sortedKeys = nil
        self.revision = revision
    }

    // MARK: Compaction

    /// From now on, history through `revision` is refused.
    mutating func setCompacted(_ revision: Int64) { compacted = max(compacted, revision) }

    /// Up to `limit` of the rows that nobody needs any more, oldest first.
    func garbage(limit: Int) -> ArraySlice<Superseded> {
        let end = min(firstSuperseded + limit, superseded.count)
        var last = firstSuperseded
        while last < end, superseded[last].replaced <= compacted { last += 1 }
        return superseded[firstSuperseded..<last]
    }

    /// Forgets the oldest `count` rows, which are gone.
    mutating func dropGarbage(_ count: Int) {
        firstSuperseded += count
        if firstSuperseded > 1024, firstSuperseded * 2 > superseded.count {
            superseded.removeFirst(firstSuperseded)
            firstSuperseded = 0
        }
    }

    // MARK: Reading

    /// The rows that hold the keys of a prefix at a revision, by key.
    mutating func positions(prefix: String, at revision: Int64) -> [Found] {
        let current = currentPositions(prefix: prefix)
        if revision >= self.revision { return current }
        var found = current.filter { $0.position.revision <= revision }
        for row in superseded[firstReplaced(after: revision)...]
        where !row.isDeletion && row.position.revision <= revision && KeyOrder.begins(row.key, with: prefix) {
            found.append(Found(key: row.key, position: row.position, created: row.created))
        }
        found.sort { KeyOrder.precedes($0.key, $1.key) }
        return found
    }

    struct Found {
        var key: String
        var position: LogPosition
        var created: Int64
    }

    /// For the rows after a revision, the row that each of them took the place of.
    func replacements(prefix: String, after revision: Int64) -> [Replacement: LogPosition] {
        var result: [Replacement: LogPosition] = [:]
        for row in superseded[firstReplaced(after: revision)...] where !row.isDeletion && KeyOrder.begins(row.key, with: prefix) {
            result[Replacement(key: row.key, revision: row.replaced)] = row.position
        }
        return result
    }

    /// A key that was written or deleted at a revision.
    struct Replacement: Hashable {
        var key: String
        var revision: Int64
    }

    private mutating func currentPositions(prefix: String) -> [Found] {
        let keys = sortedKeys ?? heads.keys.sorted(by: KeyOrder.precedes)
        sortedKeys = keys
        let start = keys.firstIndex(sortedBy: { KeyOrder.precedes($0, prefix) })
        var found: [Found] = []
        for key in keys[start...] {
            guard KeyOrder.begins(key, with: prefix) else { break }
            if let head = heads[key] { found.append(Found(key: key, position: head.position, created: head.created)) }
        }
        return found
    }

    private func firstReplaced(after revision: Int64) -> Int {
        let rest = superseded[firstSuperseded...]
        return rest.firstIndex(sortedBy: { $0.replaced <= revision })
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element is not before what is looked for, in a collection sorted so that those before come first.
    func firstIndex(sortedBy isBefore: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
