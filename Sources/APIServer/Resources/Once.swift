import Synchronization

/// Passes once.
final class Once: Sendable {
    private let passed = Mutex(false)

    /// True at the first call.
    func pass() -> Bool {
        passed.withLock { passed in
            defer { passed = true }
            return !passed
        }
    }
}
