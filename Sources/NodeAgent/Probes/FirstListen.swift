/// How soon to ask again a program that does not listen yet, right after its container was started.
struct FirstListen: Sendable, Equatable {
    /// A container's age up to which a refused connection is no outcome.
    static let window = Duration.seconds(1)

    private var pause = Duration.milliseconds(10)

    /// The pause before the next try, or nil where the container has had its moment.
    mutating func next(age: Duration) -> Duration? {
        guard age < Self.window else { return nil }
        defer { pause = min(pause * 2, .milliseconds(160)) }
        return pause
    }
}
