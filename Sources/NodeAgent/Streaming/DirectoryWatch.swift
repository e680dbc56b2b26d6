import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Tells when something changed in the directory of a file, from the kernel's notifications (inotify): nothing is polled.
final class DirectoryWatch: Sendable {
    private struct State {
        var hasEnded = false
        var channel: (any Channel)?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// Nil where the kernel has no more watches to give.
    init?(containing path: String) {
        // One waiting signal says as much as many.
        (changes, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let mask = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF)
        guard inotify_add_watch(descriptor, directory.isEmpty ? "/" : directory, mask) >= 0 else {
            close(descriptor)
            return nil
        }
        let signal = signal
        NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Events(signal)) }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .whenComplete { [self] result in
                switch result {
                case .success(let channel): adopt(channel)
                case .failure: signal.finish()
                }
            }
    }

    private func adopt(_ channel: any Channel) {
        let isStopped = state.withLock { state in
            state.channel = channel
            return state.isStopped
        }
        if isStopped { channel.close(promise: nil) }
    }

    /// Waits for a change since the last time. False when the watch was stopped.
    func changed() async -> Bool {
        var iterator = changes.makeAsyncIterator()
        return await iterator.next() != nil
    }

    /// What writes the file has ended: what is there now is all there will be.
    func end() {
        state.withLock { $0.hasEnded = true }
        signal.yield()
    }

    var hasEnded: Bool { state.withLock { $0.hasEnded } }

    func stop() {
        let channel = state.withLock { state in
            state.isStopped = true
            return state.channel
        }
        signal.finish()
        channel?.close(promise: nil)
    }

    private final class Events: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let signal: AsyncStream<Void>.Continuation
        init(_ signal: AsyncStream<Void>.Continuation) { self.signal = signal }
        func channelRead(context: ChannelHandlerContext, data: NIOAny) { signal.yield() }
    }
}
