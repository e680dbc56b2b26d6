import Synchronization

/// The store without a disk: for tests, and for clusters that may be forgotten.
public final class MemoryStore: Store {
    private struct State {
        var index = LogIndex()
        var rows: [LogPosition: LogRow] = [:]
        var isClosed = false

        func entry(_ key: String, _ position: LogPosition, _ created: Int64) -> Entry? {
            guard let value = rows[position]?.value else { return nil }
            return Entry(key: key, value: value, createRevision: created, revision: position.revision)
        }
    }

    private let state = Mutex(State())
    private let subscribers = Subscribers()

    public init() {}

    public var revision: Int64 { state.withLock { $0.index.revision } }
    public var compactedRevision: Int64 { state.withLock { $0.index.compacted } }

    public func commit(_ writes: [Write]) async throws(StoreError) -> Int64 {
        // Subscribers hear of it under the lock: that keeps the order.
        try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .closed }
            let rows: [LogRow]
            do throws(LogIndex.Refusal) {
                rows = try state.index.rows(for: writes)
            } catch {
                switch error {
                case .conflict(let key, let head): throw .conflict(key: key, current: head.flatMap { state.entry(key, $0.position, $0.created) })
                case .invalid(let why): throw .invalid(why)
                }
            }
            for row in rows {
                state.index.append(row)
                state.rows[row.position] = row
            }
            subscribers.tell(rows.map(\.change))
            return state.index.revision
        }
    }

    public func list(prefix: String, at revision: Int64?) throws(StoreError) -> Listing {
        try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .closed }
            let revision = revision ?? state.index.revision
            try state.index.check(revision)
            let found = state.index.positions(prefix: prefix, at: revision)
            return Listing(entries: found.compactMap { state.entry($0.key, $0.position, $0.created) }, revision: revision)
        }
    }

    public func changes(prefix: String, after revision: Int64) throws(StoreError) -> [Change] {
        try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .closed }
            try state.index.check(revision)
            let rows = state.rows.values.filter { $0.position.revision > revision && KeyOrder.begins($0.key, with: prefix) }
            return rows.sorted { $0.position < $1.position }.map { row in
                var change = row.change
                change.previousValue = row.previous.flatMap { state.rows[$0]?.value }
                return change
            }
        }
    }

    public func subscribe(_ handler: @escaping @Sendable ([Change]) -> Void) { subscribers.add(handler) }

    public func compact(through revision: Int64) async throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            if state.isClosed { throw .closed }
            try state.index.check(revision)
            state.index.setCompacted(revision)
            let garbage = state.index.garbage(limit: .max / 2)
            for row in garbage { state.rows[row.position] = nil }
            state.index.dropGarbage(garbage.count)
        }
    }

    public func close() async { state.withLock { $0.isClosed = true } }
}
