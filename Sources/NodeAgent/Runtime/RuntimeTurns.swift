import ContainerRuntime
import Synchronization

/// Has calls that keep the machine busy wait their turn: a hundred sandboxes made at once take longer than the same hundred made a few at a time, and
/// none of them is there before the last ones.
///
/// Containers go before sandboxes, so that pods that were begun become ready before others are begun. A call that takes unusually long, such as one
/// that hangs in a network plug-in, gives its place to the next.
final class RuntimeTurns: Sendable {
    enum Urgency: Sendable { case sandbox, container }

    private struct State {
        var free: Int
        var nextTicket = 0
        var containers: [Waiter] = []
        var sandboxes: [Waiter] = []

        mutating func takeNext() -> Waiter? {
            if !containers.isEmpty { return containers.removeFirst() }
            return sandboxes.isEmpty ? nil : sandboxes.removeFirst()
        }

        mutating func remove(_ ticket: Int) -> Waiter? {
            if let index = containers.firstIndex(where: { $0.ticket == ticket }) { return containers.remove(at: index) }
            if let index = sandboxes.firstIndex(where: { $0.ticket == ticket }) { return sandboxes.remove(at: index) }
            return nil
        }
    }

    private struct Waiter {
        var ticket: Int
        var continuation: CheckedContinuation<Bool, Never>
    }

    private let state: Mutex<State>
    private let patience: Duration

    /// - Parameters:
    ///   - count: how many calls are made at a time.
    ///   - patience: how long a call keeps its place.
    init(count: Int, patience: Duration = .seconds(10)) {
        state = Mutex(State(free: max(count, 1)))
        self.patience = patience
    }

    /// Calls that wait.
    var waitingCount: Int { state.withLock { $0.containers.count + $0.sandboxes.count } }

    /// Makes the call when its turn has come. Throws `.cancelled` where its task is cancelled before that.
    func take<Result: Sendable>(
        _ urgency: Urgency, _ body: () async throws(ContainerRuntimeError) -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        guard await waitForTurn(urgency) else { throw ContainerRuntimeError(.cancelled, "the call was cancelled before it was made") }
        let place = Place(turns: self)
        let timer = Task { [patience] in
            guard (try? await Task.sleep(for: patience, tolerance: .seconds(1))) != nil else { return }
            place.leave()
        }
        defer {
            timer.cancel()
            place.leave()
        }
        return try await body()
    }

    /// Gives a place back, once.
    private final class Place: Sendable {
        private let turns: RuntimeTurns
        private let isLeft = Mutex(false)

        init(turns: RuntimeTurns) { self.turns = turns }

        func leave() {
            let isFirst = isLeft.withLock { left in
                defer { left = true }
                return !left
            }
            if isFirst { turns.giveBack() }
        }
    }

    private func waitForTurn(_ urgency: Urgency) async -> Bool {
        let ticket = state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.free > 0 {
                        state.free -= 1
                        return true
                    }
                    let waiter = Waiter(ticket: ticket, continuation: continuation)
                    if urgency == .container { state.containers.append(waiter) } else { state.sandboxes.append(waiter) }
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.remove(ticket) }?.continuation.resume(returning: false)
        }
    }

    private func giveBack() {
        let next: Waiter? = state.withLock { state in
            if let next = state.takeNext() { return next }
            state.free += 1
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
