import ContainerRuntime
import Synchronization
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct `Turns at the runtime` {
    /// Calls that end when they are told to, and who has begun.
    private final class Calls: Sendable {
        private let state = Mutex<(begun: [String], ends: [String: AsyncStream<Void>.Continuation])>(([], [:]))

        var begun: [String] { state.withLock { $0.begun } }

        func make(_ name: String) async {
            let (stream, end) = AsyncStream<Void>.makeStream()
            state.withLock {
                $0.begun.append(name)
                $0.ends[name] = end
            }
            for await _ in stream {}
        }

        func end(_ name: String) { state.withLock { $0.ends[name] }?.finish() }

        func untilBegun(_ names: [String]) async throws { while begun != names { try await yieldOnce() } }
    }

    private func begin(
        _ name: String, _ urgency: RuntimeTurns.Urgency, _ turns: RuntimeTurns, _ calls: Calls
    ) async throws -> Task<Void, any Error> {
        let waiting = turns.waitingCount
        let task = Task { try await turns.take(urgency) { () async throws(ContainerRuntimeError) in await calls.make(name) } }
        while turns.waitingCount == waiting, !calls.begun.contains(name) { try await yieldOnce() }
        return task
    }

    @Test func `are taken in order, and by containers before sandboxes`() async throws {
        let (turns, calls) = (RuntimeTurns(count: 1), Calls())
        var tasks: [Task<Void, any Error>] = []
        tasks.append(try await begin("s1", .sandbox, turns, calls))
        tasks.append(try await begin("s2", .sandbox, turns, calls))
        tasks.append(try await begin("c1", .container, turns, calls))
        #expect(calls.begun == ["s1"])
        calls.end("s1")
        try await calls.untilBegun(["s1", "c1"])
        calls.end("c1")
        try await calls.untilBegun(["s1", "c1", "s2"])
        calls.end("s2")
        for task in tasks { try await task.value }
    }

    @Test func `are not held by who was cancelled`() async throws {
        let (turns, calls) = (RuntimeTurns(count: 1), Calls())
        let first = try await begin("first", .sandbox, turns, calls)
        let cancelled = try await begin("cancelled", .sandbox, turns, calls)
        cancelled.cancel()
        await #expect(throws: ContainerRuntimeError.self) { try await cancelled.value }
        calls.end("first")
        try await first.value
        try await turns.take(.sandbox) { () async throws(ContainerRuntimeError) in }
        #expect(calls.begun == ["first"])
    }

    @Test func `pass on from a call that takes too long`() async throws {
        let (turns, calls) = (RuntimeTurns(count: 1, patience: .milliseconds(20)), Calls())
        let slow = try await begin("slow", .sandbox, turns, calls)
        try await turns.take(.sandbox) { () async throws(ContainerRuntimeError) in }
        calls.end("slow")
        try await slow.value
    }
}
