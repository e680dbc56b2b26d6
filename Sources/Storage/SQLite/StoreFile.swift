import GRDB
import Glibc

/// A store's file on its way to being open: made if it is not there, checked if it is.
struct StoreFile {
    let path: String

    /// "Apus" in the file's header, so that nobody mistakes it for something else, and we nobody else's for ours.
    private static let applicationID = 0x4170_7573
    private static let schemaVersion = 1

    /// Pages of the log that a checkpoint folds into the file at a time, and what is kept of the log's file afterwards.
    private static let checkpointPages = 2048
    private static let logBytesKept = 16 << 20

    struct Opened {
        var database: DatabaseQueue
        var index: LogIndex
    }

    func open(pageCountMax: Int?) throws(StoreError) -> Opened {
        do {
            try createIfMissing()
            try check()
            return try connect(pageCountMax: pageCountMax)
        } catch let failure as StoreError.OpenFailure {
            throw .cannotOpen(path: path, failure)
        } catch {
            throw .cannotOpen(path: path, StoreError.OpenFailure(error))
        }
    }

    // MARK: Creating

    /// The file appears under its name only once it is whole, so an empty or half-written one is never ours.
    private func createIfMissing() throws {
        if try status(path) != nil { return }
        try createDirectory()
        let new = "\(path).new-\(getpid())"
        unlink(new)
        let file = Glibc.open(new, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw StoreError.OpenFailure(errno: errno, "cannot create \(new)") }
        Glibc.close(file)
        defer { unlink(new) }
        let database = try DatabaseQueue(path: new)
        try database.inDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA application_id = \(Self.applicationID);
                    PRAGMA user_version = \(Self.schemaVersion);
                    CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL, value BLOB) STRICT;
                    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    """)
        }
        try database.close()
        // Unlike a rename, a link never replaces what another process has put there meanwhile.
        guard link(new, path) == 0 || errno == EEXIST else { throw StoreError.OpenFailure(errno: errno, "cannot create \(path)") }
        try syncDirectory()
    }

    private var directory: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func createDirectory() throws {
        var end = directory.startIndex
        while end < directory.endIndex {
            end = directory[directory.index(after: end)...].firstIndex(of: "/") ?? directory.endIndex
            let part = String(directory[..<end])
            if try status(part) == nil, mkdir(part, 0o700) != 0, errno != EEXIST {
                throw StoreError.OpenFailure(errno: errno, "cannot create the directory \(part)")
            }
        }
    }

    private func syncDirectory() throws {
        let file = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw StoreError.OpenFailure(errno: errno, "cannot open \(directory)") }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw StoreError.OpenFailure(errno: errno, "cannot sync \(directory)") }
    }

    private func status(_ path: String) throws -> stat? {
        var result = stat()
        if stat(path, &result) == 0 { return result }
        if errno == ENOENT { return nil }
        throw StoreError.OpenFailure(errno: errno, "cannot look at \(path)")
    }

    // MARK: Checking

    /// Looks at the file without the right to change it, since closing a damaged one for writing would fold its log into it.
    private func check() throws {
        guard let status = try status(path) else { throw StoreError.OpenFailure.inaccessible("it has vanished") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw StoreError.OpenFailure.inaccessible("it is not a file") }
        guard status.st_size > 0 else { throw StoreError.OpenFailure.damaged("it is empty") }
        var configuration = Configuration()
        configuration.readonly = true
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try database.inDatabase { db in
            let application = try Int.fetchOne(db, sql: "PRAGMA application_id")
            guard application == Self.applicationID else { throw StoreError.OpenFailure.foreign }
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard version <= Self.schemaVersion else { throw StoreError.OpenFailure.newerSchema(found: version, known: Self.schemaVersion) }
            let problems = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
            guard problems == ["ok"] else { throw StoreError.OpenFailure.damaged(problems.first ?? "the check says nothing") }
        }
        try database.close()
    }

    // MARK: Connecting

    private func connect(pageCountMax: Int?) throws -> Opened {
        var configuration = Configuration()
        configuration.label = "storage"
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { db in
            // Exclusive before the first look at the file: no other process gets in, and the log's index stays in our memory.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        }
        let database = try DatabaseQueue(path: path, configuration: configuration)
        let index = try database.inDatabase { db in
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else { throw StoreError.OpenFailure.inaccessible("its journal mode stays \(mode ?? "unknown")") }
            try db.execute(
                sql: """
                    PRAGMA synchronous = FULL;
                    PRAGMA wal_autocheckpoint = \(Self.checkpointPages);
                    PRAGMA journal_size_limit = \(Self.logBytesKept);
                    PRAGMA temp_store = MEMORY;
                    """)
            if let pageCountMax { try db.execute(sql: "PRAGMA max_page_count = \(pageCountMax)") }
            return try LogTable.index(db)
        }
        return Opened(database: database, index: index)
    }
}

extension StoreError.OpenFailure: Error {
    init(errno code: CInt, _ what: String) {
        switch code {
        case ENOSPC, EDQUOT: self = .noSpace
        case EROFS: self = .readOnly
        default: self = .inaccessible("\(what): \(String(cString: strerror(code)))")
        }
    }
}
