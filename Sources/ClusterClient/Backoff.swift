/// Exponentially growing pauses: `initial`, then twice that, up to `max`.
public struct Backoff: Sendable {
    private let initial: Duration
    private let max: Duration
    private var current: Duration

    public init(initial: Duration, max: Duration) {
        self.initial = initial
        self.max = max
        current = initial
    }

    public mutating func next() -> Duration {
        defer { current = Swift.min(current * 2, max) }
        return current
    }

    public mutating func reset() { current = initial }
}
