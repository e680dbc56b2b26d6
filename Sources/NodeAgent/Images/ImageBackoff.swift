import ObjectModel

/// The pause after a failed pull: 10 s, doubling to 300 s, for each image of a pod.
struct ImageBackoff: Sendable {
    private struct Entry {
        var pause: Duration
        var until: Timestamp
        var error: String
    }

    private var entries: [String: Entry] = [:]

    enum Verdict: Sendable { case pull, wait(lastError: String) }

    func verdict(_ image: String, now: Timestamp) -> Verdict {
        guard let entry = entries[image], now < entry.until else { return .pull }
        return .wait(lastError: entry.error)
    }

    func until(_ image: String) -> Timestamp? { entries[image]?.until }

    mutating func failed(_ image: String, error: String, now: Timestamp) {
        let pause = entries[image].map { min($0.pause * 2, .seconds(300)) } ?? .seconds(10)
        entries[image] = Entry(pause: pause, until: now + pause, error: error)
    }

    mutating func succeeded(_ image: String) { entries[image] = nil }
}
