import Foundation
import Glibc
import TestSupport
import Testing

@testable import Storage

/// Kills a process in the middle of its writes. The child is this test program again, told by its environment to be the writer.
@Suite struct CrashTests {
    private static let childPath = "APUS_STORAGE_CRASH_CHILD"

    @Test func `every acknowledged write survives kill -9, and revisions stay dense`() async throws {
        try await withDirectory { directory in
            let path = directory + "/store.db"
            var random = SeededRandom(seed: 9)
            var acknowledged: [Int64: String] = [:]
            for round in 0..<4 {
                let count = Int.random(in: 100...1500, using: &random)
                acknowledged.merge(try runChild(path, round: round, until: count)) { _, new in new }

                let store = try SQLiteStore(path: path, logger: quiet)
                let changes = try store.changes(prefix: "/", after: store.compactedRevision)
                #expect(changes.map(\.revision) == Array(store.compactedRevision + 1..<store.revision + 1), "dense after round \(round)")
                #expect(store.revision >= acknowledged.keys.max() ?? 0)
                var written: [Int64: String] = [:]
                for change in changes {
                    written[change.revision] = "\(change.key) \(String(decoding: change.value?.prefix(20) ?? [], as: UTF8.self))"
                }
                for (revision, what) in acknowledged { #expect(written[revision] == what, "revision \(revision) after round \(round)") }
                await store.close()
            }
            #expect(acknowledged.count > 400)
        }
    }

    @Test(.enabled(if: getenv(childPath) != nil, "this is the child process of another test"))
    func `crash child`() async throws {
        let path = String(cString: try #require(getenv(Self.childPath)))
        let round = String(cString: try #require(getenv("APUS_STORAGE_CRASH_ROUND")))
        let store = try SQLiteStore(path: path, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<16 {
                group.addTask {
                    for number in 0..<100_000 {
                        let key = "/\(writer)/\(number % 7)"
                        let tag = "\(round).\(writer).\(number)"
                        // Padded, so that pages and overflow pages of every kind are underway.
                        let value =
                            bytes(tag + String(repeating: " ", count: max(20 - tag.count, 0))) + Array(repeating: 1, count: number * 37 % 6000)
                        let revision = try await store.commit([.put(key, value)])
                        let line = bytes("ack \(revision) \(key) \(String(decoding: value.prefix(20), as: UTF8.self))\n")
                        guard write(3, line, line.count) == line.count else { return }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Lets a child write until it has acknowledged `count` writes, kills it, and returns what it acknowledged.
    private func runChild(_ path: String, round: Int, until count: Int) throws -> [Int64: String] {
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 3)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments = ["child"] + CommandLine.arguments.dropFirst().prefix { $0.hasSuffix(".xctest") || $0 == "--test-bundle-path" }
        let environment =
            ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" } + ["\(Self.childPath)=\(path)", "APUS_STORAGE_CRASH_ROUND=\(round)"]
        let child = try spawn(
            "/proc/self/exe", arguments + ["--testing-library", "swift-testing", "--filter", "crash child|CrashTests.*crash"], environment, &actions)
        close(ends[1])
        defer { close(ends[0]) }

        var text: [UInt8] = []
        var lines = 0
        var chunk = [UInt8](repeating: 0, count: 65536)
        var isKilled = false
        while true {
            let got = read(ends[0], &chunk, chunk.count)
            if got <= 0 { break }
            text += chunk[..<got]
            lines += chunk[..<got].count { $0 == UInt8(ascii: "\n") }
            if lines >= count, !isKilled {
                kill(child, SIGKILL)
                isKilled = true
            }
        }
        var status: CInt = 0
        waitpid(child, &status, 0)
        try #require(isKilled, "the child ended by itself after \(lines) writes")

        var acknowledged: [Int64: String] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            if parts.count == 3, parts[0] == "ack", let revision = Int64(parts[1]) { acknowledged[revision] = String(parts[2]) }
        }
        return acknowledged
    }

    private func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], _ actions: inout posix_spawn_file_actions_t
    ) throws -> pid_t {
        var child: pid_t = 0
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        try #require(posix_spawn(&child, path, &actions, nil, argv, envp) == 0)
        return child
    }
}
