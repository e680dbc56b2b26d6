import Foundation
import Logging
import Testing

@testable import Storage

/// The engines that every store test runs on.
enum Engine: CaseIterable, Sendable {
    case memory, sqlite

    /// Runs `body` with a fresh store, and leaves nothing behind.
    func withStore(_ body: (any Store) async throws -> Void) async throws {
        switch self {
        case .memory:
            let store = MemoryStore()
            try await body(store)
            await store.close()
        case .sqlite:
            try await withDirectory { directory in
                let store = try SQLiteStore(path: directory + "/store.db", logger: quiet)
                do { try await body(store) } catch {
                    await store.close()
                    throw error
                }
                await store.close()
            }
        }
    }
}

/// A directory of the test's own.
func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.path + "/apus-storage-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

let quiet: Logger = {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    return logger
}()

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// Numbers that are the same on every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
