import NIOCore
import Synchronization

/// A connection that can be asked to end, on its event loop.
protocol Drainable: AnyObject, SendableMetatype {
    /// Takes no new requests, ends streams, answers what is in flight, then closes.
    func drain()
}

/// The connections of a listener, and the answers still being worked on, so that stopping can wait for both.
final class ConnectionSet: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var drains: [ObjectIdentifier: @Sendable () -> Void] = [:]
        var work = 0
        var isDraining = false
        var emptied: EventLoopPromise<Void>?

        var isEmpty: Bool { channels.isEmpty && work == 0 }

        /// The promise to keep, if what just ended was the last.
        mutating func takeEmptied() -> EventLoopPromise<Void>? {
            guard isEmpty, let promise = emptied else { return nil }
            emptied = nil
            return promise
        }
    }

    private let state = Mutex(State())

    /// From accept on. False when the listener is stopping.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAccepted = state.withLock { state in
            guard !state.isDraining else { return false }
            state.channels[id] = channel
            return true
        }
        guard isAccepted else { return false }
        channel.closeFuture.whenComplete { _ in
            let promise = self.state.withLock { state in
                state.channels[id] = nil
                state.drains[id] = nil
                return state.takeEmptied()
            }
            promise?.succeed()
        }
        return true
    }

    /// From the end of the handshake on; on the channel's event loop.
    func onDrain(_ channel: any Channel, _ connection: some Drainable) {
        let connection = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        let isDraining = state.withLock { state in
            if state.channels[ObjectIdentifier(channel)] != nil {
                state.drains[ObjectIdentifier(channel)] = { channel.eventLoop.execute { connection.value.drain() } }
            }
            return state.isDraining
        }
        if isDraining { channel.eventLoop.execute { connection.value.drain() } }
    }

    func workStarted() { state.withLock { $0.work += 1 } }

    func workEnded() {
        let promise = state.withLock { state in
            state.work -= 1
            return state.takeEmptied()
        }
        promise?.succeed()
    }

    var count: Int { state.withLock { $0.channels.count } }

    /// Asks every connection to end and waits for all of them and their work, this long at most; then closes what is left.
    func drain(within timeout: Duration, on eventLoop: any EventLoop) async {
        let promise = eventLoop.makePromise(of: Void.self)
        let (drains, unready, isEmpty) = state.withLock { state in
            state.isDraining = true
            if !state.isEmpty { state.emptied = promise }
            return (Array(state.drains.values), state.channels.filter { state.drains[$0.key] == nil }.map(\.value), state.isEmpty)
        }
        if isEmpty { promise.succeed() }
        for channel in unready { channel.close(promise: nil) }
        for drain in drains { drain() }
        let deadline = eventLoop.scheduleTask(in: timeout.timeAmount) {
            let left = self.state.withLock { state in
                state.emptied = nil
                return Array(state.channels.values)
            }
            for channel in left { channel.close(promise: nil) }
            promise.succeed()
        }
        try? await promise.futureResult.get()
        deadline.cancel()
    }
}
