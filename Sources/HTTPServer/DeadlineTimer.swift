import NIOCore

/// One timer for a connection whose deadline moves with every request. Moving it costs nothing: the timer looks at the deadline when it
/// fires, and sleeps again if it came too early. On the event loop only.
final class DeadlineTimer {
    private let eventLoop: any EventLoop
    private var onExpiry: (() -> Void)?
    private var deadline: NIODeadline?
    private var scheduled: (task: Scheduled<Void>, at: NIODeadline)?

    init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// What to do when a deadline passes. The deadline is lifted before.
    func start(_ onExpiry: @escaping () -> Void) { self.onExpiry = onExpiry }

    func set(_ deadline: NIODeadline) {
        self.deadline = deadline
        if let scheduled {
            if scheduled.at <= deadline { return }
            scheduled.task.cancel()
        }
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in self?.fired() ?? () }
        scheduled = (task, deadline)
    }

    func lift() { deadline = nil }

    func stop() {
        scheduled?.task.cancel()
        scheduled = nil
        deadline = nil
        onExpiry = nil
    }

    private func fired() {
        scheduled = nil
        guard let deadline else { return }
        if deadline > .now() { return set(deadline) }
        self.deadline = nil
        onExpiry?()
    }
}
