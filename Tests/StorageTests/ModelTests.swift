import TestSupport
import Testing

@testable import Storage

/// The simplest thing that could be right: every commit's state, kept whole.
private struct Model {
    var states: [[String: Entry]] = [[:]]
    var changes: [Change] = []
    var compacted: Int64 = 0
    var revision: Int64 { Int64(states.count - 1) }

    mutating func commit(_ writes: [Write]) -> Result<Int64, StoreError> {
        var state = states[states.count - 1]
        var added: [Change] = []
        for write in writes {
            let current = state[write.key]
            switch write.precondition {
            case .none: break
            case .absent: if current != nil { return .failure(.conflict(key: write.key, current: current)) }
            case .revision(let wanted): if current?.revision != wanted { return .failure(.conflict(key: write.key, current: current)) }
            }
            if write.value == nil, current == nil { continue }
            let created = current?.createRevision ?? revision + 1
            state[write.key] = write.value.map { Entry(key: write.key, value: $0, createRevision: created, revision: revision + 1) }
            added.append(
                Change(
                    key: write.key, revision: revision + 1, value: write.value, createRevision: created, previousRevision: current?.revision,
                    previousValue: current?.value))
        }
        guard !added.isEmpty else { return .success(revision) }
        states.append(state)
        changes += added
        return .success(revision)
    }

    func list(prefix: String, at revision: Int64) -> Result<[Entry], StoreError> {
        if revision > self.revision { return .failure(.future(current: self.revision)) }
        if revision < compacted { return .failure(.compacted(through: compacted)) }
        return .success(states[Int(revision)].values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key })
    }
}

@Suite struct ModelTests {
    @Test(arguments: Engine.allCases, [1, 2, 3, 4] as [UInt64])
    func `random operations do what a simple model does`(engine: Engine, seed: UInt64) async throws {
        try await engine.withStore { try await play(on: $0, seed: seed) { $0 } }
    }

    @Test(arguments: [5, 6, 7, 8] as [UInt64])
    func `random operations with restarts in between do what a simple model does`(seed: UInt64) async throws {
        try await withDirectory { directory in
            let path = directory + "/store.db"
            try await play(on: try SQLiteStore(path: path, logger: quiet), seed: seed) { store in
                await store.close()
                return try SQLiteStore(path: path, logger: quiet)
            }
        }
    }

    private func play(on first: any Store, seed: UInt64, restart: (any Store) async throws -> any Store) async throws {
        var random = SeededRandom(seed: seed)
        var model = Model()
        var store = first
        for step in 0..<600 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<70:
                let writes = randomWrites(model, &random)
                let expected = model.commit(writes)
                let found = await Result { () async throws(StoreError) in try await store.commit(writes) }
                #expect(found == expected, "step \(step) of seed \(seed)")
            case 70..<85:
                let revision = Int64.random(in: 0...model.revision + 1, using: &random)
                let prefix = ["/", "/a", "/b/", "/c/1"].randomElement(using: &random) ?? ""
                let found = Result { () throws(StoreError) in try store.list(prefix: prefix, at: revision).entries }
                #expect(found == model.list(prefix: prefix, at: revision), "step \(step) of seed \(seed)")
            case 85..<95:
                let after = Int64.random(in: model.compacted...model.revision, using: &random)
                let expected = model.changes.filter { $0.revision > after && $0.key.hasPrefix("/a") }
                #expect(try store.changes(prefix: "/a", after: after) == expected, "step \(step) of seed \(seed)")
            case 95..<98:
                let through = Int64.random(in: model.compacted...model.revision, using: &random)
                try await store.compact(through: through)
                model.compacted = through
            default:
                store = try await restart(store)
                #expect(store.revision == model.revision)
                // What was compacted without a row going is whole after a restart; the rest is refused as before.
                #expect(store.compactedRevision <= model.compacted)
                try await store.compact(through: model.compacted)
            }
        }
        await store.close()
    }

    private func randomWrites(_ model: Model, _ random: inout SeededRandom) -> [Write] {
        var keys: Set<String> = []
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            keys.insert("/\(["a", "b", "c"].randomElement(using: &random) ?? "a")/\(Int.random(in: 0..<6, using: &random))")
        }
        return keys.sorted().map { key in
            let current = model.states[model.states.count - 1][key]
            let value: [UInt8]? =
                Int.random(in: 0..<4, using: &random) == 0
                ? nil : Array(repeating: UInt8.random(in: 0...255, using: &random), count: Int.random(in: 0..<9000, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: return Write(key: key, value: value, precondition: .none)
            case 1: return Write(key: key, value: value, precondition: .absent)
            case 2: return Write(key: key, value: value, precondition: .revision(model.revision))
            default: return Write(key: key, value: value, precondition: current.map { .revision($0.revision) } ?? .absent)
            }
        }
    }
}

extension Result where Failure == StoreError {
    init(_ body: () async throws(StoreError) -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    init(_ body: () throws(StoreError) -> Success) {
        do { self = .success(try body()) } catch { self = .failure(error) }
    }
}
