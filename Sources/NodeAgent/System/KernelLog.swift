import Glibc
import NIOCore
import NIOPosix

/// Follows the kernel's log (`/dev/kmsg`), beginning with the oldest record that is still there.
struct KernelLog: Sendable {
    static let path = "/dev/kmsg"

    /// The kernel gives one record at a time, and none is longer.
    private static let longestRecord = 8_192

    let path: String

    /// The time by the clock that records are stamped with.
    static var now: Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    /// Tells of each record until the task is cancelled. Returns early when records were lost: the next call begins with the oldest again.
    func follow(_ receive: @escaping @Sendable (String) -> Void) async throws {
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        let channel: any Channel
        do {
            channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.longestRecord))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Records(receive)) }
                }
                .takingOwnershipOfDescriptor(input: descriptor).get()
        } catch {
            close(descriptor)
            throw error
        }
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    private final class Records: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let receive: @Sendable (String) -> Void

        init(_ receive: @escaping @Sendable (String) -> Void) { self.receive = receive }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(String(buffer: unwrapInboundIn(data))) }

        /// Records were overwritten before they were read.
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
