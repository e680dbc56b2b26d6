import GRDB
import Logging
import Synchronization

/// The store in one SQLite file: durable, single process.
///
/// All commits that arrive while the disk is syncing go into the next transaction, so that a hundred writers pay for one sync. GRDB's
/// serial queue is the one thread that touches the file; compaction does its work there too, a little after each group of commits.
public final class SQLiteStore: Store {
    let database: DatabaseQueue
    let logger: Logger
    let subscribers = Subscribers()

    /// Used on the database's queue only; the lock says so to the compiler and is never contended.
    let index: Mutex<LogIndex>
    let inbox = Mutex(Inbox())
    private let currentRevision: Atomic<Int64>
    private let currentCompacted: Atomic<Int64>

    /// Opens the store in a file, or creates it. Refuses whatever it cannot be sure of, and leaves that file as it is.
    public convenience init(path: String, logger: Logger = Logger(label: "storage")) throws(StoreError) {
        try self.init(path: path, pageCountMax: nil, logger: logger)
    }

    /// - Parameter pageCountMax: makes the disk full at this size, for tests.
    init(path: String, pageCountMax: Int?, logger: Logger) throws(StoreError) {
        let opened = try StoreFile(path: path).open(pageCountMax: pageCountMax)
        database = opened.database
        index = Mutex(opened.index)
        currentRevision = Atomic(opened.index.revision)
        currentCompacted = Atomic(opened.index.compacted)
        self.logger = logger
    }

    public var revision: Int64 { currentRevision.load(ordering: .acquiring) }
    public var compactedRevision: Int64 { currentCompacted.load(ordering: .acquiring) }

    func publish(revision: Int64, compacted: Int64) {
        currentRevision.store(revision, ordering: .releasing)
        currentCompacted.store(compacted, ordering: .releasing)
    }

    public func subscribe(_ handler: @escaping @Sendable ([Change]) -> Void) { subscribers.add(handler) }

    public func commit(_ writes: [Write]) async throws(StoreError) -> Int64 {
        let result = await withCheckedContinuation { continuation in
            submit {
                $0.commits.append(Inbox.Commit(writes: writes, continuation: continuation))
            } refuse: {
                continuation.resume(returning: .failure($0))
            }
        }
        return try result.get()
    }

    public func compact(through revision: Int64) async throws(StoreError) {
        guard revision <= self.revision else { throw .future(current: self.revision) }
        guard revision >= compactedRevision else { throw .compacted(through: compactedRevision) }
        let result = await withCheckedContinuation { continuation in
            submit {
                $0.compactions.append(Inbox.Compaction(through: revision, continuation: continuation))
            } refuse: {
                continuation.resume(returning: .failure($0))
            }
        }
        try result.get()
    }

    public func close() async {
        await withCheckedContinuation { continuation in
            let mustWake: Bool? = inbox.withLock { inbox in
                inbox.isClosing = true
                if inbox.isClosed { return nil }
                inbox.closers.append(continuation)
                defer { inbox.isWriterAwake = true }
                return !inbox.isWriterAwake
            }
            if mustWake == nil { continuation.resume() }
            if mustWake == true { wakeWriter() }
        }
        do {
            try database.close()
        } catch {
            logger.warning("the store's file was not closed", metadata: ["error": "\(error)"])
        }
    }

    /// Hands something to the writer and wakes it, unless the store takes nothing any more.
    private func submit(_ add: (inout Inbox) -> Void, refuse: (StoreError) -> Void) {
        enum Outcome { case refused(StoreError), wake, underway }
        let outcome: Outcome = inbox.withLock { inbox in
            if let error = inbox.refusal { return .refused(error) }
            add(&inbox)
            defer { inbox.isWriterAwake = true }
            return inbox.isWriterAwake ? .underway : .wake
        }
        switch outcome {
        case .refused(let error): refuse(error)
        case .wake: wakeWriter()
        case .underway: break
        }
    }

    func wakeWriter() { database.asyncWriteWithoutTransaction { self.work($0) } }
}
