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
