import GRDB
import Synchronization

extension SQLiteStore {
    public func list(prefix: String, at revision: Int64?) throws(StoreError) -> Listing {
        try read { index, table in
            let revision = revision ?? index.revision
            try index.check(revision)
            let found = index.positions(prefix: prefix, at: revision)
            var entries: [Entry] = []
            entries.reserveCapacity(found.count)
            for row in found {
                guard let entry = try table.entry(row.key, row.position, row.created) else { throw StoreError.missing(row.key, row.position) }
                entries.append(entry)
            }
            return Listing(entries: entries, revision: revision)
        }
    }

    public func changes(prefix: String, after revision: Int64) throws(StoreError) -> [Change] {
        try read { index, table in
            try index.check(revision)
            let replaced = index.replacements(prefix: prefix, after: revision)
            var changes = try table.changes(prefix: prefix, after: revision)
            for index in changes.indices {
                let key = changes[index].key
                guard let position = replaced[.init(key: key, revision: changes[index].revision)] else { continue }
                guard let previous = try table.entry(key, position, 0) else { throw StoreError.missing(key, position) }
                changes[index].previousRevision = previous.revision
                changes[index].previousValue = previous.value
            }
            return changes
        }
    }

    /// Runs between two turns of the writer.
    private func read<Result: Sendable>(_ body: (inout LogIndex, LogTable) throws -> Result) throws(StoreError) -> Result {
        if inbox.withLock({ $0.isClosing }) { throw .closed }
        do {
            return try database.inDatabase { db in
                let table = try LogTable(db)
                return try index.withLock { try body(&$0, table) }
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(reading: error)
        }
    }
}

extension StoreError {
    fileprivate static func missing(_ key: String, _ position: LogPosition) -> StoreError {
        .failed("the value of \(key) at revision \(position.revision) is not in the file")
    }
}
