import Synchronization

/// The sink of one streamed answer. Producers append under a short lock; the connection takes all there is on its event loop.
final class ResponseStream: StreamSink {
    fileprivate struct State {
        var queue: [[UInt8]] = []
        var pendingBytes = 0
        var isPosted = false
        var isFinished = false
        var isClosed = false
        var closeHandlers: [@Sendable () -> Void] = []

        /// Called with false where the client is gone.
        var waiters: [@Sendable (Bool) -> Void] = []
    }

    /// A producer that waits writes on when no more than this is pending.
    private static let roomyBytes = 256 * 1024

    private let state = Mutex(State())
    private let pendingBytesMax: Int

    /// Tells the connection, on its event loop, that there is something to take.
    private let signal: @Sendable (ResponseStream) -> Void

    init(pendingBytesMax: Int, signal: @escaping @Sendable (ResponseStream) -> Void) {
        self.pendingBytesMax = pendingBytesMax
        self.signal = signal
    }

    // MARK: Producers

    func write(_ bytes: [UInt8]) -> Bool {
        let (isAccepted, mustSignal) = state.withLock { state -> (Bool, Bool) in
            guard !state.isClosed, !state.isFinished, state.pendingBytes == 0 || state.pendingBytes + bytes.count <= pendingBytesMax else {
                return (false, false)
            }
            if bytes.isEmpty { return (true, false) }
            state.queue.append(bytes)
            state.pendingBytes += bytes.count
            defer { state.isPosted = true }
            return (true, !state.isPosted)
        }
        if mustSignal { signal(self) }
        return isAccepted
    }

    func finish() {
        let mustSignal = state.withLock { state in
            guard !state.isClosed, !state.isFinished else { return false }
            state.isFinished = true
            defer { state.isPosted = true }
            return !state.isPosted
        }
        if mustSignal { signal(self) }
    }

    func onClose(_ handler: @escaping @Sendable () -> Void) {
        let isClosed = state.withLock { state in
            if !state.isClosed { state.closeHandlers.append(handler) }
            return state.isClosed
        }
        if isClosed { handler() }
    }

    func waitForRoom() async -> Bool {
        await withCheckedContinuation { continuation in whenRoomy { continuation.resume(returning: $0) } }
    }

    func onRoom(_ handler: @escaping @Sendable () -> Void) { whenRoomy { if $0 { handler() } } }

    private func whenRoomy(_ waiter: @escaping @Sendable (Bool) -> Void) {
        let answer = state.withLock { state -> Bool? in
            if state.isClosed { return false }
            if state.pendingBytes <= Self.roomyBytes { return true }
            state.waiters.append(waiter)
            return nil
        }
        if let answer { waiter(answer) }
    }

    var pendingBytes: Int { state.withLock { $0.pendingBytes } }

    // MARK: The connection, on its event loop

    /// Nothing else will be written: the producer is done, or has given up on a client that is too far behind.
    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Everything written since the last time, and whether that is the end.
    func take() -> (pieces: [[UInt8]], isFinished: Bool) {
        state.withLock { state in
            state.isPosted = false
            let pieces = state.queue
            state.queue = []
            return (pieces, state.isFinished)
        }
    }

    /// The socket took this many bytes.
    func taken(_ count: Int) {
        let waiters = state.withLock { state in
            state.pendingBytes -= count
            return state.pendingBytes <= Self.roomyBytes ? state.takeWaiters() : []
        }
        for waiter in waiters { waiter(true) }
    }

    /// The answer is over: sent whole, or its client is gone.
    func close() {
        let (handlers, waiters) = state.withLock { state in
            state.isClosed = true
            state.queue = []
            let handlers = state.closeHandlers
            state.closeHandlers = []
            return (handlers, state.takeWaiters())
        }
        for waiter in waiters { waiter(false) }
        for handler in handlers { handler() }
    }
}

extension ResponseStream.State {
    fileprivate mutating func takeWaiters() -> [@Sendable (Bool) -> Void] {
        defer { waiters = [] }
        return waiters
    }
}
