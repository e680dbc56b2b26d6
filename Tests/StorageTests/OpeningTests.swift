import Foundation
import GRDB
import Glibc
import Testing

@testable import Storage

@Suite struct OpeningTests {
    @Test func `a new store is private to its owner`() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore(path: directory + "/data/store.db", logger: quiet)
            _ = try await store.commit([.create("/a", [])])
            #expect(try mode(directory + "/data") == 0o700)
            #expect(try mode(directory + "/data/store.db") == 0o600)
            #expect(try mode(directory + "/data/store.db-wal") == 0o600)
            await store.close()
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/data") == ["store.db"])
        }
    }

    @Test func `a restart finds everything, and revisions go on where they were`() async throws {
        try await withStoreFile { path in
            let first = try SQLiteStore(path: path, logger: quiet)
            _ = try await first.commit([.create("/a", bytes("1")), .create("/b", bytes("2"))])
            _ = try await first.commit([.delete("/a", at: 1)])
            try await first.compact(through: 2)
            await first.close()

            let second = try SQLiteStore(path: path, logger: quiet)
            #expect(second.revision == 2)
            #expect(second.compactedRevision == 2)
            #expect(try second.list(prefix: "/", at: nil).entries.map(\.key) == ["/b"])
            #expect(try await second.commit([.create("/c", [])]) == 3)
            await second.close()
        }
    }

    @Test func `a file that is not a database is refused and left as it is`() async throws {
        try await withStoreFile { path in
            let content = Data("this is a shopping list, not a database; it is long enough to have a header of its own".utf8)
            try content.write(to: URL(fileURLWithPath: path))
            #expect(refusal(path) == .damaged("file is not a database (SQLite error 26)"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        }
    }

    @Test func `an empty file is refused`() async throws {
        try await withStoreFile { path in
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(refusal(path) == .damaged("it is empty"))
        }
    }

    @Test func `a damaged database is refused and left as it is, its log too`() async throws {
        try await withStoreFile { path in
            try await fill(path)
            var content = try Data(contentsOf: URL(fileURLWithPath: path))
            content.replaceSubrange(4096..<content.count, with: repeatElement(0x5a, count: content.count - 4096))
            try content.write(to: URL(fileURLWithPath: path))
            guard case .damaged = refusal(path) else {
                Issue.record("opened a damaged database")
                return
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        }
    }

    @Test func `a database that was cut short is refused`() async throws {
        try await withStoreFile { path in
            try await fill(path)
            #expect(truncate(path, 8192) == 0)
            guard case .damaged = refusal(path) else {
                Issue.record("opened half a database")
                return
            }
        }
    }

    @Test func `a store of a newer schema is refused`() async throws {
        try await withStoreFile { path in
            try await fill(path)
            try await DatabaseQueue(path: path).write { try $0.execute(sql: "PRAGMA user_version = 2") }
            #expect(refusal(path) == .newerSchema(found: 2, known: 1))
        }
    }

    @Test func `another application's database is refused`() async throws {
        try await withStoreFile { path in
            try await DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE log (id INTEGER PRIMARY KEY)") }
            #expect(refusal(path) == .foreign)
        }
    }

    @Test func `a store that is open already is refused`() async throws {
        try await withStoreFile { path in
            let store = try SQLiteStore(path: path, logger: quiet)
            #expect(refusal(path) == .locked)
            #expect(try await store.commit([.create("/a", [])]) == 1)
            await store.close()
            #expect(refusal(path) == nil)
        }
    }

    @Test func `a path that cannot be is refused with the reason`() async throws {
        try await withStoreFile { path in
            try Data("x".utf8).write(to: URL(fileURLWithPath: path))
            #expect(refusal(path + "/below/store.db") == .inaccessible("cannot look at \(path)/below/store.db: Not a directory"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting a file system needs root"))
    func `a disk that is read-only or too small is refused`() async throws {
        try await withDirectory { directory in
            guard mount("tmpfs", directory, "tmpfs", 0, "size=8k") == 0 else { return }
            defer { umount2(directory, CInt(MNT_DETACH)) }
            #expect(refusal(directory + "/store.db") == .noSpace)
            let left = try FileManager.default.contentsOfDirectory(atPath: directory)
            #expect(left.isEmpty)
            #expect(mount("tmpfs", directory, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
            #expect(refusal(directory + "/store.db") == .readOnly)
        }
    }

    @Test func `a full disk refuses writes and loses nothing`() async throws {
        try await withStoreFile { path in
            let store = try SQLiteStore(path: path, pageCountMax: 64, logger: quiet)
            var acknowledged: Int64 = 0
            var refused: StoreError?
            while refused == nil, acknowledged < 1000 {
                do throws(StoreError) {
                    acknowledged = try await store.commit([.put("/a/\(acknowledged % 40)", Array(repeating: 7, count: 3000))])
                } catch { refused = error }
            }
            #expect(refused == .unavailable("no space is left on the disk"))
            #expect(store.revision == acknowledged)
            #expect(try store.changes(prefix: "/", after: 0).count == Int(acknowledged))
            await store.close()

            let again = try SQLiteStore(path: path, logger: quiet)
            #expect(again.revision == acknowledged)
            #expect(try again.list(prefix: "/", at: nil).entries.count == min(40, Int(acknowledged)))
            #expect(try await again.commit([.create("/b", [])]) == acknowledged + 1)
            await again.close()
        }
    }

    // MARK: Parts

    private func withStoreFile(_ body: (String) async throws -> Void) async throws {
        try await withDirectory { try await body($0 + "/store.db") }
    }

    private func fill(_ path: String) async throws {
        let store = try SQLiteStore(path: path, logger: quiet)
        for number in 0..<50 { _ = try await store.commit([.create("/a/\(number)", Array(repeating: 1, count: 500))]) }
        await store.close()
    }

    private func refusal(_ path: String) -> StoreError.OpenFailure? {
        do throws(StoreError) {
            _ = try SQLiteStore(path: path, logger: quiet)
            return nil
        } catch {
            guard case .cannotOpen(path, let failure) = error else { return .inaccessible("an unexpected error: \(error)") }
            return failure
        }
    }

    private func mode(_ path: String) throws -> UInt32 {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }
}
