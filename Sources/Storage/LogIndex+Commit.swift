extension LogIndex {
    /// Why a commit cannot be carried out.
    enum Refusal: Error {
        case conflict(key: String, head: Head?)
        case invalid(String)
    }

    /// The rows that a commit adds to the log: none if it changes nothing. They take the next revision.
    func rows(for writes: [Write]) throws(Refusal) -> [LogRow] {
        guard !writes.isEmpty else { throw .invalid("a commit needs at least one write") }
        if writes.count > 1 { try checkKeys(writes) }
        var rows: [LogRow] = []
        rows.reserveCapacity(writes.count)
        for write in writes {
            let head = heads[write.key]
            guard Self.holds(write.precondition, head) else { throw .conflict(key: write.key, head: head) }
            if write.value == nil, head == nil { continue }
            let position = LogPosition(revision: revision + 1, index: rows.count)
            rows.append(
                LogRow(
                    position: position, key: write.key, created: head?.created ?? position.revision, value: write.value, previous: head?.position))
        }
        return rows
    }

    private static func holds(_ precondition: Precondition, _ head: Head?) -> Bool {
        switch precondition {
        case .none: true
        case .absent: head == nil
        case .revision(let revision): head?.position.revision == revision
        }
    }

    private func checkKeys(_ writes: [Write]) throws(Refusal) {
        guard writes.count <= LogPosition.writesPerCommitMax else {
            throw .invalid("a commit may have \(LogPosition.writesPerCommitMax) writes, not \(writes.count)")
        }
        var keys = Set<String>(minimumCapacity: writes.count)
        for write in writes where !keys.insert(write.key).inserted { throw .invalid("a commit writes \(write.key) twice") }
    }

    /// Checks that a revision can still be read, or already.
    func check(_ wanted: Int64) throws(StoreError) {
        if wanted > revision { throw .future(current: revision) }
        if wanted < compacted { throw .compacted(through: compacted) }
    }
}
