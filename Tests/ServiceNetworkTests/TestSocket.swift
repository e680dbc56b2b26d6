import Glibc
import HostNetwork
import ObjectModel

/// Sockets of a namespace: a server that tells its name and who asks, and a client that asks it.
enum TestSocket {
    /// Accepts until closed; answers each connection or datagram with `NAME PEER`.
    final class Server: Sendable {
        private let descriptor: Int32

        fileprivate init(descriptor: Int32) { self.descriptor = descriptor }

        deinit { close() }

        func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    static func serve(_ name: String, on port: UInt16, transport: TransportProtocol = .tcp, in namespace: NetworkNamespace) async throws -> Server {
        let descriptor = try await namespace.inside.run {
            let descriptor = socket(AF_INET6, transport == .tcp ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue), 0)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
            guard result == 0, transport == .udp || listen(descriptor, 64) == 0 else { throw Shell.Failure(description: "bind \(port): \(errno)") }
            return descriptor
        }
        let runner = NetworkThreadRunner(thread: try NetworkThread(name: "server-\(name)"))
        Task { await runner.run { loop(descriptor, name, transport) } }
        return Server(descriptor: descriptor)
    }

    private static func loop(_ descriptor: Int32, _ name: String, _ transport: TransportProtocol) {
        defer { close(descriptor) }
        while true {
            var peer = sockaddr_in6()
            var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            if transport == .tcp {
                let connection = withUnsafeMutablePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(descriptor, $0, &length) }
                }
                guard connection >= 0 else { return }
                let answer = Array("\(name) \(text(peer))".utf8)
                _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                close(connection)
            } else {
                var buffer = [UInt8](repeating: 0, count: 512)
                let count = withUnsafeMutablePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length) }
                }
                guard count > 0 else { return }
                let answer = Array("\(name) \(text(peer))".utf8)
                _ = withUnsafePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sendto(descriptor, answer, answer.count, 0, $0, length) }
                }
            }
        }
    }

    private static func text(_ peer: sockaddr_in6) -> String {
        let bytes = withUnsafeBytes(of: peer.sin6_addr) { Array($0) }
        guard let address = IPAddress(bytes: bytes) else { return "?" }
        return address.bits >> 32 == 0xffff ? IPAddress(family: .v4, bits: address.bits).description : address.description
    }

    enum Answer: Equatable, Sendable {
        case text(String)
        case refused
        case unreachable
        case timeout

        /// The server that answered.
        var server: String? { if case .text(let it) = self { it.split(separator: " ").first.map(String.init) } else { nil } }

        /// Who asked, as the server saw it.
        var client: String? { if case .text(let it) = self { it.split(separator: " ").last.map(String.init) } else { nil } }
    }

    /// A socket that stays open: further datagrams belong to the same flow.
    static func connect(_ address: IPAddress, _ port: UInt16, transport: TransportProtocol = .tcp, timeout: Double = 2) -> (
        descriptor: Int32, answer: Answer?
    ) {
        let family = address.family == .v4 ? AF_INET : AF_INET6
        let descriptor = socket(family, transport == .tcp ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue), 0)
        var limit = timeval(tv_sec: Int(timeout), tv_usec: Int((timeout - Double(Int(timeout))) * 1_000_000))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var storage = [UInt8](repeating: 0, count: 28)
        storage[0] = UInt8(family)
        storage[2] = UInt8(port >> 8)
        storage[3] = UInt8(port & 0xff)
        storage.replaceSubrange(address.family == .v4 ? 4..<8 : 8..<24, with: address.bytes)
        let result = storage.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { Glibc.connect(descriptor, $0.baseAddress, address.family == .v4 ? 16 : 28) }
        }
        return (descriptor, result == 0 ? nil : failure())
    }

    static func exchange(_ descriptor: Int32, transport: TransportProtocol) -> Answer {
        if transport == .udp, send(descriptor, "?", 1, Int32(MSG_NOSIGNAL)) < 0 { return failure() }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return failure() }
        return .text(String(decoding: buffer[..<count], as: UTF8.self))
    }

    /// One question on a socket of its own.
    static func ask(
        _ address: IPAddress, _ port: UInt16, transport: TransportProtocol = .tcp, timeout: Double = 2, from namespace: NetworkNamespace
    ) async -> Answer {
        await namespace.inside.run {
            let (descriptor, failed) = connect(address, port, transport: transport, timeout: timeout)
            defer { close(descriptor) }
            return failed ?? exchange(descriptor, transport: transport)
        }
    }

    private static func failure() -> Answer {
        switch errno {
        case ECONNREFUSED, EPERM: .refused
        case EHOSTUNREACH, ENETUNREACH: .unreachable
        default: .timeout
        }
    }
}
