import Glibc

/// A netlink socket that asks and waits for the answer. It belongs to the network namespace of the thread that made it.
struct NetlinkSocket: ~Copyable {
    enum Family: Int32 {
        case route = 0
        case netfilter = 12
    }

    enum Flags {
        static let request: UInt16 = 0x1
        static let acknowledge: UInt16 = 0x4
        static let replace: UInt16 = 0x100
        static let exclusive: UInt16 = 0x200
        static let dump: UInt16 = 0x300
        static let create: UInt16 = 0x400
    }

    private let descriptor: Int32
    private var sequence: UInt32 = 0

    init(_ family: Family) throws {
        descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), family.rawValue)
        guard descriptor >= 0 else { throw HostNetworkError("opening a netlink socket", errno: errno) }
        // The kernel is asked to say no within the timeout rather than never.
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var size: Int32 = 1 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Sends a message and calls `each` with what is answered, up to the acknowledgement or the end of the dump. `action` names it in errors.
    mutating func send(_ message: NetlinkMessage, _ action: String, each: (UInt16, NetlinkReader) -> Void = { _, _ in }) throws {
        sequence &+= 1
        let bytes = message.finished(sequence: sequence)
        let sent = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, 0) }
        guard sent == bytes.count else { throw HostNetworkError(action, errno: errno) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw HostNetworkError(action, errno: errno)
            }
            for (type, answeredSequence, payload) in NetlinkReader(buffer[..<count]).messages where answeredSequence == sequence {
                switch type {
                case 2:  // NLMSG_ERROR; zero is an acknowledgement
                    let code: Int32 = payload.integer(at: 0) ?? 0
                    if code != 0 { throw HostNetworkError(action, errno: -code) }
                    return
                case 3: return  // NLMSG_DONE
                default: each(type, payload)
                }
            }
        }
    }
}
