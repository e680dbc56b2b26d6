import Synchronization

/// Those who hear of every change.
final class Subscribers: Sendable {
    private let handlers = Mutex<[@Sendable ([Change]) -> Void]>([])

    func add(_ handler: @escaping @Sendable ([Change]) -> Void) { handlers.withLock { $0.append(handler) } }

    func tell(_ changes: [Change]) {
        guard !changes.isEmpty else { return }
        for handler in handlers.withLock({ $0 }) { handler(changes) }
    }
}
