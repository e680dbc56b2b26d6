import ObjectModel

/// The pause before a container that ended is started again: 10 s, doubling to 300 s, forgotten after the container ran for ten minutes.
///
/// Computed from what the runtime remembers wherever it can, so that it survives a restart of the agent: the count starts at the restart count.
struct CrashBackoff: Sendable, Equatable {
    static let initial: Duration = .seconds(10)
    static let max: Duration = .seconds(300)
    static let forgetAfter: Duration = .seconds(600)

    private struct Entry: Sendable, Equatable {
        var pause: Duration
        var lastUpdate: Timestamp
    }

    private var entries: [String: Entry] = [:]

    /// What to do about a container that ended at `finished`.
    enum Verdict: Sendable, Equatable {
        case start

        /// Wait until then; `pause` is what the message names.
        case wait(until: Timestamp, pause: Duration)
    }

    /// Looks without changing anything.
    func verdict(_ name: String, finishedAt: Timestamp, now: Timestamp) -> Verdict {
        guard let entry = entries[name], now - entry.lastUpdate < Self.max * 2 else { return .start }
        let due = finishedAt + entry.pause
        return now < due ? .wait(until: due, pause: entry.pause) : .start
    }

    /// Notes that the container is started again.
    mutating func restarted(_ name: String, finishedAt: Timestamp, now: Timestamp) {
        if let entry = entries[name], now - entry.lastUpdate < Self.forgetAfter, finishedAt - entry.lastUpdate < Self.forgetAfter {
            entries[name] = Entry(pause: min(entry.pause * 2, Self.max), lastUpdate: now)
        } else {
            entries[name] = Entry(pause: Self.initial, lastUpdate: now)
        }
    }

    /// After a restart of the agent: a container that ended `attempt` times before goes on where it was.
    mutating func resume(_ name: String, attempt: Int, startedAt: Timestamp) {
        guard attempt > 0, entries[name] == nil else { return }
        let pause = min(Self.initial * (1 << min(attempt - 1, 5)), Self.max)
        entries[name] = Entry(pause: pause, lastUpdate: startedAt)
    }

    mutating func forget(_ name: String) { entries[name] = nil }
}
