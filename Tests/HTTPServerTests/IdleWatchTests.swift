import ClusterClient
import Glibc
import HTTPServer
import Identity
import Logging
import ObjectModel
import Storage
import Testing

@testable import APIServer

/// Thousands of clients that watch and say nothing.
@Suite(.serialized) struct IdleWatchTests {
    private static let watchesMax = 3_000
    private static let path = "/api/v1/namespaces/default/configmaps?watch=1"

    /// Whoever comes over the network is the administrator: who may do what is not what is tested here.
    private struct AsAdministrator: RequestHandler {
        let server: APIServer
        func handle(_ request: HTTPRequest) -> Outcome {
            var request = request
            request.inProcessUser = UserInfo(name: "admin", groups: ["system:masters"])
            return server.handle(request)
        }
    }

    private static func server() async throws -> StandardServer {
        let configuration = APIServer.Configuration(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let standard = try StandardServer(
            configuration, store: MemoryStore(), serviceCIDR: "10.96.0.0/16", serviceAccountKeys: ServiceAccountKeys(),
            connect: { _, _, _, _ throws(APIError) in throw APIError(.serviceUnavailable, "no nodes here") })
        try await standard.bootstrap(addresses: ["127.0.0.1"], port: 6443)
        return standard
    }

    private static func watchers(_ standard: StandardServer) -> Int {
        standard.registry.resource(group: "", version: "v1", plural: "configmaps")?.collection.watcherCount ?? -1
    }

    /// Resident bytes of this process.
    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let words = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self).split(separator: " ")
        return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 4096
    }

    /// A client's end without any memory of this process's: what grows is the server's.
    private struct Socket {
        let descriptor: Int32

        init(port: Int) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let result = withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) } }
            guard descriptor >= 0, result == 0 else { throw Failure(errno: errno) }
            var timeout = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }

        struct Failure: Error { var errno: Int32 }

        func send(_ text: String) { _ = text.withCString { write(descriptor, $0, strlen($0)) } }

        /// Reads until the text is there, or 20 seconds without any.
        func reads(until text: String) -> Bool {
            var all: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 4096)
            while !String(decoding: all, as: UTF8.self).contains(text) {
                let count = read(descriptor, &chunk, chunk.count)
                guard count > 0 else { return false }
                all += chunk[..<count]
            }
            return true
        }
    }

    @Test func `thousands of watches cost little each, hear of a change, and leave nothing behind`() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Two descriptors each.
        let count = min(Self.watchesMax, (Int(limit.rlim_cur) - 500) / 2)
        let standard = try await Self.server()
        let handler = AsAdministrator(server: standard.server)
        try await TestServer.run(handler: { handler.handle($0) }) { server in
            let before = Self.residentBytes()
            var clients: [Socket] = []
            defer { for client in clients { close(client.descriptor) } }
            for _ in 0..<count {
                let client = try Socket(port: server.port)
                client.send("GET \(Self.path) HTTP/1.1\r\nhost: a\r\n\r\n")
                clients.append(client)
            }
            for client in clients { #expect(client.reads(until: "\r\n\r\n")) }
            #expect(Self.watchers(standard) == count)
            let each = (Self.residentBytes() - before) / count
            print("idle watches: \(count) over HTTP/1.1, \(each) bytes each")
            #expect(each < 40_000)

            // Who comes last hears of the change as the others do.
            let start = ContinuousClock.now
            try await standard.client(user: "admin", groups: ["system:masters"], userAgent: "test")
                .create(.configMaps, ["metadata": ["name": "news", "namespace": "default"]])
            #expect(clients[count - 1].reads(until: #""name":"news""#))
            print("idle watches: the last heard of a change after \(ContinuousClock.now - start)")
            for client in clients.dropLast() { #expect(client.reads(until: #""name":"news""#)) }

            for client in clients { close(client.descriptor) }
            clients = []
            await server.listener.stop(within: .seconds(60))
            #expect(server.listener.connectionCount == 0)
            #expect(Self.watchers(standard) == 0)
        }
    }

    @Test func `thousands of watches share ten connections`() async throws {
        let cluster = try TestCluster()
        let standard = try await Self.server()
        let handler = AsAdministrator(server: standard.server)
        try await TestServer.run(tls: cluster.tls, handler: { handler.handle($0) }) { server in
            let before = Self.residentBytes()
            var clients: [RawHTTP2Client] = []
            for _ in 0..<10 { clients.append(try await RawHTTP2Client(port: server.port)) }
            let target = Array(Self.path.utf8)
            for client in clients {
                let heads = (0..<300).flatMap { index -> [UInt8] in
                    // `:path` in plain letters: the table's name 4 without indexing.
                    let block: [UInt8] = [0x82, 0x04, UInt8(target.count)] + target + [0x87, 0x41, 1, UInt8(ascii: "a")]
                    return RawHTTP2Client.frame(.headers, flags: 5, stream: UInt32(2 * index + 1), payload: block)
                }
                // All that three hundred watches hear at once is more than a connection may send unasked.
                try await client.send(RawHTTP2Client.frame(.windowUpdate, payload: RawHTTP2Client.bytes(1 << 30)) + heads)
            }
            for client in clients {
                let frames = await client.received { frames in frames.count { $0.kind == 1 } == 300 }
                // 200, by its number in the table.
                let isServed = frames.count { $0.kind == 1 && $0.payload.first == 0x88 } == 300
                #expect(
                    isServed,
                    "\(frames.count) \(frames.filter { $0.kind == 7 }) \(frames.first { $0.kind == 0 }.map { String(decoding: $0.payload, as: UTF8.self) } ?? "")"
                )
            }
            #expect(Self.watchers(standard) == 3_000)
            let each = (Self.residentBytes() - before) / 3_000
            print("idle watches: 3000 over ten HTTP/2 connections, \(each) bytes each")
            #expect(each < 40_000)
            try await standard.client(user: "admin", groups: ["system:masters"], userAgent: "test")
                .create(.configMaps, ["metadata": ["name": "news", "namespace": "default"]])
            for client in clients {
                let frames = await client.received { frames in frames.count { $0.kind == 0 } >= 300 }
                #expect(Set(frames.filter { $0.kind == 0 }.map(\.stream)).count == 300)
            }
            for client in clients { await client.close() }
            await server.listener.stop(within: .seconds(60))
            #expect(Self.watchers(standard) == 0)
        }
    }
}
