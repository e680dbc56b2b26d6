import Foundation
import Testing

@testable import Storage

/// Commits a second. Run on purpose: `APUS_BENCHMARK=1 swift test -c release --filter StorageBenchmark`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["APUS_BENCHMARK"] != nil)) struct StorageBenchmark {
    @Test(arguments: [(1, 700), (64, 700), (64, 4000), (64, 11_000)])
    func `replacing keys`(inFlight: Int, size: Int) async throws {
        try await withDirectory { directory in
            let result = try await measureCommits(directory + "/store.db", inFlight: inFlight, size: size, count: inFlight == 1 ? 2000 : 40_000)
            print("commits: \(inFlight) in flight, \(size) bytes: \(Int(result)) a second")
        }
    }
}

func measureCommits(_ path: String, inFlight: Int, size: Int, count: Int) async throws -> Double {
    let store = try SQLiteStore(path: path, logger: quiet)
    let compactor = Compactor(store, logger: quiet)
    let compacting = Task { await compactor.run() }
    let value = [UInt8](repeating: 1, count: size)
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<inFlight {
            group.addTask {
                for number in 0..<count / inFlight {
                    _ = try await store.commit([.put("/registry/configmaps/default/object-\(writer)-\(number % 20)", value)])
                }
            }
        }
        try await group.waitForAll()
    }
    let elapsed = ContinuousClock.now - start
    compacting.cancel()
    await compacting.value
    await store.close()
    return Double(count) / (Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
}
