import Storage
import Synchronization
import Testing

@Suite struct StoreTests {
    @Test(arguments: Engine.allCases) func `a commit gets the next revision and can be listed`(engine: Engine) async throws {
        try await engine.withStore { store in
            #expect(store.revision == 0)
            #expect(try await store.commit([.create("/a", bytes("1"))]) == 1)
            #expect(try await store.commit([.create("/b", [])]) == 2)
            #expect(store.revision == 2)
            let listing = try store.list(prefix: "/", at: nil)
            #expect(listing.revision == 2)
            #expect(
                listing.entries == [
                    Entry(key: "/a", value: bytes("1"), createRevision: 1, revision: 1), Entry(key: "/b", value: [], createRevision: 2, revision: 2),
                ])
        }
    }

    @Test(arguments: Engine.allCases) func `a key keeps the revision it was created at until it is deleted`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", bytes("1"))])
            _ = try await store.commit([.replace("/a", bytes("2"), at: 1)])
            #expect(try store.list(prefix: "/a", at: nil).entries == [Entry(key: "/a", value: bytes("2"), createRevision: 1, revision: 2)])
            _ = try await store.commit([.delete("/a", at: 2)])
            #expect(try store.list(prefix: "/a", at: nil).entries.isEmpty)
            _ = try await store.commit([.create("/a", bytes("3"))])
            #expect(try store.list(prefix: "/a", at: nil).entries == [Entry(key: "/a", value: bytes("3"), createRevision: 4, revision: 4)])
        }
    }

    @Test(arguments: Engine.allCases) func `a write whose precondition fails is a conflict that tells what is there`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", bytes("1"))])
            let current = Entry(key: "/a", value: bytes("1"), createRevision: 1, revision: 1)
            await #expect(throws: StoreError.conflict(key: "/a", current: current)) { _ = try await store.commit([.create("/a", bytes("2"))]) }
            await #expect(throws: StoreError.conflict(key: "/a", current: current)) { _ = try await store.commit([.delete("/a", at: 9)]) }
            await #expect(throws: StoreError.conflict(key: "/b", current: nil)) { _ = try await store.commit([.replace("/b", bytes("2"), at: 1)]) }
            #expect(store.revision == 1)
        }
    }

    @Test(arguments: Engine.allCases) func `all writes of a commit take place or none, at one revision`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", bytes("1")), .create("/b", bytes("2"))])
            await #expect(throws: StoreError.self) {
                _ = try await store.commit([.put("/c", bytes("3")), .replace("/a", bytes("4"), at: 1), .create("/b", bytes("5"))])
            }
            let listing = try store.list(prefix: "/", at: nil)
            #expect(listing.revision == 1)
            #expect(listing.entries.map(\.key) == ["/a", "/b"])
            #expect(listing.entries.map(\.revision) == [1, 1])
        }
    }

    @Test(arguments: Engine.allCases) func `a commit without writes or with a key twice is refused`(engine: Engine) async throws {
        try await engine.withStore { store in
            await #expect(throws: StoreError.invalid("a commit needs at least one write")) { _ = try await store.commit([]) }
            await #expect(throws: StoreError.invalid("a commit writes /a twice")) {
                _ = try await store.commit([.put("/a", []), Write(key: "/a", value: nil, precondition: .none)])
            }
            #expect(store.revision == 0)
        }
    }

    @Test(arguments: Engine.allCases) func `deleting what is not there changes nothing`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", [])])
            #expect(try await store.commit([Write(key: "/b", value: nil, precondition: .none)]) == 1)
            #expect(try store.changes(prefix: "/", after: 0).count == 1)
        }
    }

    @Test(arguments: Engine.allCases) func `of many who replace the same revision one wins`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", bytes("0"))])
            let winners = await withTaskGroup(of: Int64?.self) { group in
                for number in 0..<64 { group.addTask { try? await store.commit([.replace("/a", bytes("\(number)"), at: 1)]) } }
                return await group.reduce(into: [Int64]()) { if let revision = $1 { $0.append(revision) } }
            }
            #expect(winners == [2])
        }
    }

    @Test(arguments: Engine.allCases) func `a prefix is listed as it was at any revision that is not compacted`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/p/a", bytes("1"))])
            _ = try await store.commit([.create("/p/b", bytes("2")), .create("/q/a", bytes("2"))])
            _ = try await store.commit([.replace("/p/a", bytes("3"), at: 1)])
            _ = try await store.commit([.delete("/p/a", at: 3)])
            _ = try await store.commit([.create("/p/a", bytes("5"))])
            func shown(_ revision: Int64) throws -> [String] {
                try store.list(prefix: "/p/", at: revision).entries.map {
                    "\($0.key)=\(String(decoding: $0.value, as: UTF8.self))@\($0.createRevision)"
                }
            }
            #expect(try shown(0) == [])
            #expect(try shown(1) == ["/p/a=1@1"])
            #expect(try shown(2) == ["/p/a=1@1", "/p/b=2@2"])
            #expect(try shown(3) == ["/p/a=3@1", "/p/b=2@2"])
            #expect(try shown(4) == ["/p/b=2@2"])
            #expect(try shown(5) == ["/p/a=5@5", "/p/b=2@2"])
            #expect(throws: StoreError.future(current: 5)) { _ = try store.list(prefix: "/", at: 6) }
        }
    }

    @Test(arguments: Engine.allCases) func `changes after a revision tell what was replaced`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/p/a", bytes("1"))])
            _ = try await store.commit([.replace("/p/a", bytes("2"), at: 1), .create("/q", [])])
            _ = try await store.commit([.delete("/p/a", at: 2)])
            #expect(
                try store.changes(prefix: "/p/", after: 1) == [
                    Change(key: "/p/a", revision: 2, value: bytes("2"), createRevision: 1, previousRevision: 1, previousValue: bytes("1")),
                    Change(key: "/p/a", revision: 3, value: nil, createRevision: 1, previousRevision: 2, previousValue: bytes("2")),
                ])
            #expect(try store.changes(prefix: "/", after: 3).isEmpty)
            #expect(throws: StoreError.future(current: 3)) { _ = try store.changes(prefix: "/", after: 4) }
        }
    }

    @Test(arguments: Engine.allCases) func `subscribers hear of every change in order, before the writer is answered`(engine: Engine) async throws {
        try await engine.withStore { store in
            let heard = Heard()
            store.subscribe { heard.add($0) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        for number in 0..<20 {
                            let revision = try await store.commit([.create("/\(writer)/\(number)", [1])])
                            #expect(heard.last >= revision)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(heard.revisions == Array(1...320))
        }
    }

    @Test(arguments: Engine.allCases) func `compacting drops history and keeps the present`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", bytes("1")), .create("/b", bytes("1"))])
            for revision in 1...300 { _ = try await store.commit([.replace("/a", bytes("\(revision + 1)"), at: Int64(revision))]) }
            _ = try await store.commit([.delete("/b", at: 1)])
            try await store.compact(through: 300)
            #expect(store.compactedRevision == 300)
            #expect(throws: StoreError.compacted(through: 300)) { _ = try store.list(prefix: "/", at: 299) }
            #expect(throws: StoreError.compacted(through: 300)) { _ = try store.changes(prefix: "/", after: 299) }
            #expect(try store.list(prefix: "/", at: 300).entries.map(\.value) == [bytes("300"), bytes("1")])
            #expect(try store.changes(prefix: "/", after: 300).map(\.previousValue) == [bytes("300"), bytes("1")])
            try await store.compact(through: 302)
            #expect(try store.list(prefix: "/", at: nil).entries == [Entry(key: "/a", value: bytes("301"), createRevision: 1, revision: 301)])
            await #expect(throws: StoreError.future(current: 302)) { try await store.compact(through: 303) }
            await #expect(throws: StoreError.compacted(through: 302)) { try await store.compact(through: 301) }
        }
    }

    @Test(arguments: Engine.allCases) func `a closed store takes nothing`(engine: Engine) async throws {
        try await engine.withStore { store in
            _ = try await store.commit([.create("/a", [])])
            await store.close()
            await #expect(throws: StoreError.closed) { _ = try await store.commit([.create("/b", [])]) }
            #expect(throws: StoreError.closed) { _ = try store.list(prefix: "/", at: nil) }
            await store.close()
        }
    }
}

/// What a subscriber heard.
private final class Heard: Sendable {
    private let state = Mutex<[Int64]>([])
    var revisions: [Int64] { state.withLock { $0 } }
    var last: Int64 { state.withLock { $0.last ?? 0 } }
    func add(_ changes: [Change]) { state.withLock { $0 += changes.map(\.revision) } }
}
