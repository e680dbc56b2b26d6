import Dispatch
import Glibc
import Synchronization

/// A process that we started, or found running: whether it still runs, its end, and signals to it.
final class RunningProcess: Sendable {
    let id: pid_t
    private let isChild: Bool

    /// Becomes readable when the process ends, and never means another process that got the same id.
    private let file: Int32

    init(_ id: pid_t, isChild: Bool) throws(ContainerRuntimeError) {
        file = GNU.openProcess(id)
        guard file >= 0 else { throw .system("can't watch process \(id)") }
        self.id = id
        self.isChild = isChild
    }

    deinit { close(file) }

    var hasEnded: Bool {
        var request = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) > 0
    }

    /// Waits for its end, or until the task is cancelled. Returns whether it has ended.
    func ended() async -> Bool {
        let gate = Gate()
        let source = DispatchSource.makeReadSource(fileDescriptor: file, queue: .global())
        source.setEventHandler { gate.open() }
        source.activate()
        await withTaskCancellationHandler {
            await gate.wait()
        } onCancel: {
            gate.open()
        }
        source.cancel()
        if hasEnded && isChild { _ = waitpid(id, nil, WNOHANG) }
        return hasEnded
    }

    /// Waits for its end for a while.
    func ended(within time: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await self.ended() }
            group.addTask { try? await Task.sleep(for: time) }
            await group.next()
            group.cancelAll()
        }
        return hasEnded
    }

    func signal(_ signal: Int32) {
        if !hasEnded { kill(id, signal) }
    }

    /// Asks it to end, and kills it when it has not ended in time.
    func terminate(within time: Duration) async {
        signal(SIGTERM)
        if await ended(within: time) { return }
        signal(SIGKILL)
        _ = await ended(within: .seconds(5))
    }
}

/// Lets one waiter go on once it is open.
private final class Gate: Sendable {
    private enum State {
        case closed
        case waiting(CheckedContinuation<Void, Never>)
        case open
    }

    private let state = Mutex(State.closed)

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if case .open = state { return true }
                state = .waiting(continuation)
                return false
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .open }
            if case .waiting(let waiter) = state { return waiter }
            return nil
        }
        waiter?.resume()
    }
}
