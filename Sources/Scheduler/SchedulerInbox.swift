import Synchronization

/// What waits for the deciding task, and how it is woken.
final class SchedulerInbox: Sendable {
    private struct State {
        var inputs: [SchedulingCore.Input] = []
        var requestCount = 0
        var isPoked = false
        var isClosed = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var requestCount: Int { state.withLock { $0.requestCount } }

    func add(_ input: SchedulingCore.Input) { update { $0.inputs.append(input) } }

    func requestBegan() { state.withLock { $0.requestCount += 1 } }

    func requestEnded() { update { $0.requestCount -= 1 } }

    /// Wakes the deciding task though nothing has come.
    func poke() { update { _ in } }

    func close() { update { $0.isClosed = true } }

    /// All that has come; nil: closed.
    func take() -> [SchedulingCore.Input]? {
        state.withLock { state in
            if state.isClosed { return nil }
            state.isPoked = false
            defer { state.inputs = [] }
            return state.inputs
        }
    }

    /// Returns when there is something new since `take`.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if state.isPoked || state.isClosed { return true }
                state.waiter = continuation
                return false
            }
            if isDue { continuation.resume() }
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let waiter = state.withLock { state in
            change(&state)
            state.isPoked = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
