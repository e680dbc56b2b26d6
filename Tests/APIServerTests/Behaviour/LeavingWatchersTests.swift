import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite struct LeavingWatchersTests {
    /// A cancellation locks the watcher's task, an event's writer the collection, and each wants what the other has unless leaving waits its turn.
    @Test(.timeLimit(.minutes(1))) func `watchers that leave while much is written hold nobody up`() async throws {
        let server = try await TestServer()
        let version = try await server.admin.list(.configMaps).resourceVersion
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<2 {
                group.addTask {
                    for number in 0..<150 { try await server.admin.create(.configMaps, TestServer.configMap("w\(writer)-\(number)")) }
                }
            }
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<100 {
                        let watcher = Task {
                            for try await _ in try await server.admin.watch(.configMaps, namespace: "default", resourceVersion: version) {}
                        }
                        for _ in 0..<number { await Task.yield() }
                        watcher.cancel()
                        _ = await watcher.result
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
