import CNFTables
import Glibc
import Synchronization

/// Hears of it when somebody deletes a table of the packet filter: `nft flush ruleset`, a firewall's restart.
///
/// A thread of its own sleeps in the kernel until there is something to hear.
final class TableMonitor: Sendable {
    private let listeners = TableListeners()
    private let end: EventDescriptor

    /// Listens in the network namespace at `networkNamespace`, or in the process's own.
    init(networkNamespace: String? = nil) throws {
        let end = try EventDescriptor()
        self.end = end
        let runner = NetworkThreadRunner(thread: try NetworkThread(name: "nft-monitor", networkNamespace: networkNamespace))
        Task { [listeners] in await runner.run { Self.listen(until: end, listeners) } }
    }

    deinit { end.signal() }

    /// A value after each deletion of a table, whoever did it; several may be told as one.
    func deletions() -> AsyncStream<Void> { listeners.add() }

    private static let netfilterFamily: Int32 = 12
    private static let tablesGroup: UInt32 = 7
    private static let deleteTable: UInt16 = 10 << 8 | 2

    private static func listen(until end: EventDescriptor, _ listeners: TableListeners) {
        defer { listeners.finish() }
        let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), netfilterFamily)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = 1 << (tablesGroup - 1)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_nl>.size)) }
        }
        guard bound == 0 else { return }
        // Whatever was deleted before this moment, listeners look for themselves.
        listeners.tell()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            var polled = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0), pollfd(fd: end.number, events: Int16(POLLIN), revents: 0)]
            guard poll(&polled, 2, -1) > 0 || errno == EINTR else { return }
            if polled[1].revents != 0 { return }
            guard polled[0].revents != 0 else { continue }
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else {
                // Too much to hear (ENOBUFS): a deletion may have been among it.
                if errno == ENOBUFS { listeners.tell() } else if errno != EINTR { return }
                continue
            }
            if NetlinkReader(buffer[..<count]).messages.contains(where: { $0.type == deleteTable }) { listeners.tell() }
        }
    }
}

private final class TableListeners: Sendable {
    private let continuations = Mutex<[AsyncStream<Void>.Continuation]>([])

    func add() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        continuations.withLock { $0.append(continuation) }
        return stream
    }

    func tell() { for continuation in continuations.withLock({ $0 }) { continuation.yield() } }

    func finish() { for continuation in continuations.withLock({ $0 }) { continuation.finish() } }
}

/// A descriptor that one thread waits for and another makes readable: the two ends of a pipe.
private final class EventDescriptor: Sendable {
    /// The end to wait for.
    let number: Int32
    private let other: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw HostNetworkError("making a pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (number, other) = (ends[0], ends[1])
    }

    deinit {
        close(number)
        close(other)
    }

    func signal() {
        var one: UInt8 = 1
        _ = write(other, &one, 1)
    }
}
