import Foundation
import Synchronization
import Testing

@testable import Storage

@Suite struct CompactionTests {
    @Test func `the file stays small while the same keys are written for ever`() async throws {
        try await withDirectory { directory in
            let path = directory + "/store.db"
            let store = try SQLiteStore(path: path, logger: quiet)
            var largest = 0
            for round in 0..<20 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for key in 0..<50 {
                        group.addTask {
                            for _ in 0..<10 { _ = try await store.commit([.put("/\(key)", Array(repeating: UInt8(round), count: 2000))]) }
                        }
                    }
                    try await group.waitForAll()
                }
                try await store.compact(through: store.revision)
                largest = max(largest, try size(path) + (try size(path + "-wal")))
            }
            // One round writes 1 MB of values; twenty of them wrote 20 MB.
            #expect(largest < 14 << 20)
            await store.close()
            #expect(try size(path) < 3 << 20)
        }
    }

    @Test func `space that is no longer needed goes back to the file system`() async throws {
        try await withDirectory { directory in
            let path = directory + "/store.db"
            let store = try SQLiteStore(path: path, logger: quiet)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in 0..<2000 { group.addTask { _ = try await store.commit([.put("/\(key)", Array(repeating: 1, count: 10_000))]) } }
                try await group.waitForAll()
            }
            _ = try await store.commit((1..<2000).map { Write(key: "/\($0)", value: nil, precondition: .none) })
            try await store.compact(through: store.revision)
            #expect(try store.list(prefix: "/", at: nil).entries.count == 1)
            await store.close()
            #expect(try size(path) < 9 << 20)
        }
    }

    @Test func `writers go on while a long history is compacted`() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore(path: directory + "/store.db", logger: quiet)
            for _ in 0..<10 { _ = try await store.commit((0..<500).map { .put("/\($0)", [1]) }) }
            async let compaction: Void = store.compact(through: 10)
            for number in 0..<20 { _ = try await store.commit([.create("/new/\(number)", [])]) }
            try await compaction
            #expect(store.revision == 30)
            #expect(try store.list(prefix: "/new/", at: nil).entries.count == 20)
            #expect(try store.list(prefix: "/", at: 10).entries.count == 500)
            await store.close()
        }
    }

    @Test func `history older than the policy's age goes, and then there is nothing to do`() async throws {
        let store = MemoryStore()
        let clock = ManualClock()
        let compactor = Compactor(
            store, policy: CompactionPolicy(age: .seconds(300), revisions: 1000, interval: .seconds(60)), clock: clock, logger: quiet)
        _ = try await store.commit([.put("/a", [])])
        _ = try await store.commit([.put("/a", [])])
        let running = Task { await compactor.run() }
        for _ in 0..<4 { await clock.advanceOnceSomebodySleeps(by: .seconds(60)) }
        await clock.untilSomebodySleeps()
        #expect(store.compactedRevision == 0)
        clock.advance(by: .seconds(60))
        await until { store.compactedRevision == 2 }
        #expect(clock.sleeperCount == 0)

        _ = try await store.commit([.put("/a", [])])
        await clock.untilSomebodySleeps()
        running.cancel()
        await running.value
    }

    @Test func `history longer than the policy's count goes at once`() async throws {
        let store = MemoryStore()
        let compactor = Compactor(store, policy: CompactionPolicy(revisions: 100), clock: ManualClock(), logger: quiet)
        let running = Task { await compactor.run() }
        for _ in 0..<1000 { _ = try await store.commit([.put("/a", [])]) }
        await until { store.compactedRevision >= 850 }
        #expect(store.compactedRevision <= 900)
        running.cancel()
        await running.value
    }

    private func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }
}

/// Yields to other tasks until something is so.
func until(_ condition: () -> Bool) async { while !condition() { await Task.yield() } }
