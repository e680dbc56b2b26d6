import Synchronization

/// Many deadlines on one sleeping task, set for the earliest: waiting costs nothing.
final class Deadlines: Sendable {
    struct ID: Hashable, Sendable { fileprivate var number: Int }

    private struct State {
        var pending: [ID: (due: ContinuousClock.Instant, action: @Sendable () -> Void)] = [:]
        var last = 0
        var sleeper: (due: ContinuousClock.Instant, task: Task<Void, Never>)?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let clock = ContinuousClock()

    /// Calls `action` once, after `delay`, unless it is removed before.
    func add(_ delay: Duration, _ action: @escaping @Sendable () -> Void) -> ID {
        let due = clock.now + delay
        return state.withLock { state in
            state.last += 1
            let id = ID(number: state.last)
            guard !state.isStopped else { return id }
            state.pending[id] = (due, action)
            arm(&state, due, tolerance: min(Self.toleranceMax, delay / 8))
            return id
        }
    }

    func remove(_ id: ID) { state.withLock { $0.pending[id] = nil } }

    /// Forgets all deadlines and wakes nobody.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.pending = [:]
            state.sleeper?.task.cancel()
            state.sleeper = nil
        }
    }

    /// How late a deadline may be; one that is soon less.
    private static let toleranceMax = Duration.milliseconds(100)

    private func arm(_ state: inout State, _ due: ContinuousClock.Instant, tolerance: Duration = toleranceMax) {
        if let sleeper = state.sleeper, sleeper.due <= due { return }
        state.sleeper?.task.cancel()
        let clock = clock
        let task = Task { [weak self] in
            guard (try? await clock.sleep(until: due, tolerance: tolerance)) != nil else { return }
            self?.fire()
        }
        state.sleeper = (due, task)
    }

    private func fire() {
        let now = clock.now
        let actions = state.withLock { state in
            state.sleeper = nil
            let dueIDs = state.pending.filter { $0.value.due <= now }.map(\.key)
            let actions = dueIDs.compactMap { state.pending.removeValue(forKey: $0)?.action }
            if let next = state.pending.values.map(\.due).min() { arm(&state, next) }
            return actions
        }
        for action in actions { action() }
    }
}
