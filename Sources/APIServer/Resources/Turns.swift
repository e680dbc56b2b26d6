import Synchronization

/// Lets those who want the same key have it one after another, in the order in which they came.
final class Turns: Sendable {
    private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    /// Returns when it is the caller's turn, which lasts until `end`.
    func begin(_ key: String) async {
        // Nearly always.
        if waiting.withLock({ Self.take(key, &$0) }) { return }
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                if Self.take(key, &waiting) { return true }
                waiting[key]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private static func take(_ key: String, _ waiting: inout [String: [CheckedContinuation<Void, Never>]]) -> Bool {
        if waiting[key] != nil { return false }
        waiting[key] = []
        return true
    }

    func end(_ key: String) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard let queue = waiting[key], let first = queue.first else {
                waiting[key] = nil
                return nil
            }
            waiting[key] = Array(queue.dropFirst())
            return first
        }
        next?.resume()
    }
}
