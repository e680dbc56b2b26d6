import GRDB
import Logging
import Synchronization

/// The writer: runs on the database's queue, one transaction a turn. Reads get their turn in between.
extension SQLiteStore {
    /// Rows that one turn deletes, and pages that it gives back: a few milliseconds at most.
    private static let sweptRowsMax = 128
    private static let vacuumedPagesMax = 128

    /// Carries out what waits, then comes back for the rest or goes to sleep.
    func work(_ db: Database) {
        let (commits, compactions) = inbox.withLock { ($0.takeGroup(), $0.compactions) }
        let swept = index.withLock { index in
            takeTurn(commits, compactThrough: compactions.map(\.through).max(), &index, db)
        }
        settle(compactions, swept)
        finishOrRepeat(db)
    }

    private func takeTurn(
        _ commits: [Inbox.Commit], compactThrough: Int64?, _ index: inout LogIndex, _ db: Database
    ) -> Result<Sweep, StoreError> {
        let revision = index.revision
        var rows: [LogRow] = []
        var results: [Result<Int64, StoreError>] = []
        results.reserveCapacity(commits.count)
        let outcome: Result<Sweep, StoreError>
        do {
            try db.beginTransaction(.immediate)
            let table = try LogTable(db)
            for commit in commits { results.append(try carryOut(commit.writes, &rows, &index, table)) }
            let sweep = try compactThrough.map { try self.sweep(through: $0, &index, table) } ?? Sweep()
            try db.commit()
            index.dropGarbage(sweep.rows)
            outcome = .success(sweep)
        } catch {
            let error = rollBack(db, error)
            index.undo(rows, to: revision)
            rows = []
            results = commits.map { _ in .failure(error) }
            outcome = .failure(error)
        }
        publish(revision: index.revision, compacted: index.compacted)
        subscribers.tell(rows.map(\.change))
        for (commit, result) in zip(commits, results) { commit.continuation.resume(returning: result) }
        return outcome
    }

    /// Writes the rows of one commit, unless it is refused. Each is checked against all before it, those of its own group too.
    private func carryOut(
        _ writes: [Write], _ rows: inout [LogRow], _ index: inout LogIndex, _ table: LogTable
    ) throws -> Result<Int64, StoreError> {
        do {
            let added = try index.rows(for: writes)
            for row in added {
                index.append(row)
                rows.append(row)
                try table.insert(row)
            }
            return .success(index.revision)
        } catch LogIndex.Refusal.conflict(let key, let head) {
            return .failure(.conflict(key: key, current: try head.flatMap { try table.entry(key, $0.position, $0.created) }))
        } catch LogIndex.Refusal.invalid(let why) {
            return .failure(.invalid(why))
        }
    }

    // MARK: Compaction

    /// What one turn did for a compaction.
    struct Sweep {
        var rows = 0
        var isDone = false
    }

    private func sweep(through revision: Int64, _ index: inout LogIndex, _ table: LogTable) throws -> Sweep {
        index.setCompacted(revision)
        let garbage = index.garbage(limit: Self.sweptRowsMax)
        if !garbage.isEmpty {
            // The last rows may be deletions: without the note of the revision, it would go backwards at the next start.
            try table.note(revision: index.revision, compacted: index.compacted)
            for row in garbage { try table.delete(row.position) }
            return Sweep(rows: garbage.count)
        }
        return Sweep(isDone: !(try table.vacuum(pageCountMax: Self.vacuumedPagesMax)))
    }

    /// Answers compactions that are done or have failed.
    private func settle(_ compactions: [Inbox.Compaction], _ swept: Result<Sweep, StoreError>) {
        let answer: Result<Void, StoreError>
        switch swept {
        case .success(let sweep):
            guard sweep.isDone || inbox.withLock({ $0.isClosing }) else { return }
            answer = sweep.isDone ? .success(()) : .failure(.closed)
        case .failure(let error): answer = .failure(error)
        }
        // Later ones were appended behind these.
        inbox.withLock { $0.compactions.removeFirst(compactions.count) }
        for compaction in compactions { compaction.continuation.resume(returning: answer) }
    }

    // MARK: Ends

    private func finishOrRepeat(_ db: Database) {
        let closers: [CheckedContinuation<Void, Never>]? = inbox.withLock { inbox in
            guard inbox.commits.isEmpty, inbox.compactions.isEmpty else { return nil }
            inbox.isWriterAwake = false
            inbox.isClosed = inbox.isClosing
            defer { inbox.closers = [] }
            return inbox.closers
        }
        guard let closers else { return wakeWriter() }
        guard !closers.isEmpty else { return }
        do {
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            logger.warning("the store's log was not folded into its file at the end", metadata: ["error": "\(error)"])
        }
        for closer in closers { closer.resume() }
    }

    /// Undoes the transaction. After anything but a full or read-only disk nobody knows what is on it, so the store takes no more.
    private func rollBack(_ db: Database, _ cause: any Error) -> StoreError {
        var error = StoreError(writing: cause)
        if db.isInsideTransaction {
            do { try db.rollback() } catch let second { error = .failed("\(cause); \(second)") }
        }
        guard case .failed = error else { return error }
        logger.critical("the store has stopped", metadata: ["error": "\(error)"])
        let waiting = inbox.withLock { inbox in
            inbox.failure = error
            defer { inbox.commits = [] }
            return inbox.commits
        }
        for commit in waiting { commit.continuation.resume(returning: .failure(error)) }
        return error
    }
}
