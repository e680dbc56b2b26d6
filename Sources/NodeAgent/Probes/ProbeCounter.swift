import ObjectModel

/// Turns outcomes into a verdict: only so many in a row change it.
struct ProbeCounter: Sendable, Equatable {
    private let successThreshold: Int
    private let failureThreshold: Int
    private var last: Bool?
    private var count = 0

    init(_ probe: Value) {
        successThreshold = max(probe["successThreshold"].int ?? 1, 1)
        failureThreshold = max(probe["failureThreshold"].int ?? 3, 1)
    }

    /// The verdict that an outcome leads to, or nil where it is too early to change it.
    mutating func note(_ success: Bool) -> Bool? {
        if last == success { count += 1 } else { (last, count) = (success, 1) }
        return count >= (success ? successThreshold : failureThreshold) ? success : nil
    }
}
