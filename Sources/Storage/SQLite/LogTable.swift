import GRDB
import GRDBSQLite

/// The tables of a store's file, through statements that are prepared once per connection. Bytes go to and from SQLite without a copy
/// in between.
struct LogTable {
    private let db: Database
    private let insertion: Statement
    private let deletion: Statement
    private let selection: Statement

    init(_ db: Database) throws {
        self.db = db
        insertion = try db.cachedStatement(sql: "INSERT INTO log (id, key, created, value) VALUES (?, ?, ?, ?)")
        deletion = try db.cachedStatement(sql: "DELETE FROM log WHERE id = ?")
        selection = try db.cachedStatement(sql: "SELECT value FROM log WHERE id = ?")
    }

    // MARK: Writing

    func insert(_ row: LogRow) throws {
        let statement = insertion.sqliteStatement
        sqlite3_bind_int64(statement, 1, row.position.rawValue)
        sqlite3_bind_int64(statement, 3, row.created)
        var key = row.key
        let code = key.withUTF8 { key in
            // The buffers outlive the step, so SQLite needs no copy of its own (that is what no destructor means).
            key.withMemoryRebound(to: CChar.self) { _ = sqlite3_bind_text(statement, 2, $0.baseAddress, CInt($0.count), nil) }
            guard let value = row.value else {
                sqlite3_bind_null(statement, 4)
                return sqlite3_step(statement)
            }
            return value.withUnsafeBytes { value in
                if value.isEmpty {
                    sqlite3_bind_zeroblob(statement, 4, 0)
                } else {
                    sqlite3_bind_blob64(statement, 4, value.baseAddress, sqlite3_uint64(value.count), nil)
                }
                return sqlite3_step(statement)
            }
        }
        try finish(statement, code)
    }

    func delete(_ position: LogPosition) throws {
        let statement = deletion.sqliteStatement
        sqlite3_bind_int64(statement, 1, position.rawValue)
        try finish(statement, sqlite3_step(statement))
    }

    /// Keeps what the rows alone do not tell once some are gone.
    func note(revision: Int64, compacted: Int64) throws {
        let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO meta (name, value) VALUES ('revision', ?), ('compacted', ?)")
            .sqliteStatement
        sqlite3_bind_int64(statement, 1, revision)
        sqlite3_bind_int64(statement, 2, compacted)
        try finish(statement, sqlite3_step(statement))
    }

    /// Gives some free pages back to the file system, if more of the file is free than in use.
    ///
    /// - Returns: whether there is more to give back.
    func vacuum(pageCountMax: Int) throws -> Bool {
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        let total = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        guard free > 1024, free * 2 > total else { return false }
        try db.execute(sql: "PRAGMA incremental_vacuum(\(pageCountMax))")
        return true
    }

    // MARK: Reading

    func entry(_ key: String, _ position: LogPosition, _ created: Int64) throws -> Entry? {
        let statement = selection.sqliteStatement
        sqlite3_bind_int64(statement, 1, position.rawValue)
        let code = sqlite3_step(statement)
        let value = code == SQLITE_ROW ? Self.blob(statement, 0) : nil
        try finish(statement, code)
        return value.map { Entry(key: key, value: $0, createRevision: created, revision: position.revision) }
    }

    /// The rows of a prefix after a revision, without what they replaced.
    func changes(prefix: String, after revision: Int64) throws -> [Change] {
        let statement = try db.cachedStatement(sql: "SELECT id, key, created, value FROM log WHERE id >= ? ORDER BY id").sqliteStatement
        sqlite3_bind_int64(statement, 1, LogPosition(revision: revision + 1).rawValue)
        var changes: [Change] = []
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW {
            let key = Self.text(statement, 1)
            if KeyOrder.begins(key, with: prefix) {
                changes.append(
                    Change(
                        key: key, revision: LogPosition(rawValue: sqlite3_column_int64(statement, 0)).revision, value: Self.blob(statement, 3),
                        createRevision: sqlite3_column_int64(statement, 2)))
            }
            code = sqlite3_step(statement)
        }
        try finish(statement, code)
        return changes
    }

    /// Reads the whole log, but no values.
    static func index(_ db: Database) throws -> LogIndex {
        func noted(_ name: String) throws -> Int64 {
            try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name]) ?? 0
        }
        var index = LogIndex(revision: try noted("revision"), compacted: try noted("compacted"))
        let rows = try db.makeStatement(sql: "SELECT id, key, created, value IS NULL FROM log ORDER BY id")
        let statement = rows.sqliteStatement
        var code = sqlite3_step(statement)
        while code == SQLITE_ROW {
            index.append(
                position: LogPosition(rawValue: sqlite3_column_int64(statement, 0)), key: text(statement, 1),
                created: sqlite3_column_int64(statement, 2), isDeletion: sqlite3_column_int(statement, 3) != 0)
            code = sqlite3_step(statement)
        }
        try withExtendedLifetime(rows) { try LogTable.finish(statement, code) }
        return index
    }

    // MARK: Parts

    private func finish(_ statement: SQLiteStatement, _ code: CInt) throws { try Self.finish(statement, code) }

    /// Makes a statement ready for the next use, and throws if this one failed.
    private static func finish(_ statement: SQLiteStatement, _ code: CInt) throws {
        if code == SQLITE_DONE || code == SQLITE_ROW {
            sqlite3_reset(statement)
            return
        }
        let message = String(cString: sqlite3_errmsg(sqlite3_db_handle(statement)))
        sqlite3_reset(statement)
        throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }

    private static func text(_ statement: SQLiteStatement, _ column: CInt) -> String {
        let bytes = UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column)))
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func blob(_ statement: SQLiteStatement, _ column: CInt) -> [UInt8]? {
        if sqlite3_column_type(statement, column) == SQLITE_NULL { return nil }
        return Array(UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: Int(sqlite3_column_bytes(statement, column))))
    }
}
