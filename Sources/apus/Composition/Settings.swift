import Foundation
import Logging

/// What the options of a command come to.
struct Settings: Sendable {
    var dataDirectory: String
    var port: Int
    var bindAddress: String

    /// The address at which pods and other machines reach this one.
    var advertiseAddress: String
    var serviceCIDR: String
    var logLevel: Logger.Level

    /// Nil for a control plane alone.
    var node: Node?

    struct Node: Sendable {
        var name: String
        var podCIDR: String
        var clusterCIDR: String
        var runtimeEndpoint: String?
        var stopsPods: Bool

        /// Stand-in nodes in place of this machine.
        var simulated: Int?
    }

    init(data: DataOptions, server: ServerOptions, node: NodeOptions?) throws {
        dataDirectory = URL(fileURLWithPath: data.dataDir).standardizedFileURL.path
        guard (1...65535).contains(server.port) else { throw Failure("--port \(server.port) is not a port: use 1 to 65535") }
        port = server.port
        bindAddress = server.bindAddress
        guard let level = Logger.Level(rawValue: server.logLevel) else {
            throw Failure("--log-level \(server.logLevel) is none of debug, info, notice, warning, error")
        }
        logLevel = level
        serviceCIDR = server.serviceCIDR
        advertiseAddress = server.advertiseAddress ?? HostAddress.primary() ?? "127.0.0.1"
        self.node = try node.map { node in
            if let count = node.simulatedNodes, !(1...5000).contains(count) { throw Failure("--simulated-nodes \(count): use 1 to 5000") }
            return Node(
                name: (node.nodeName ?? ProcessInfo.processInfo.hostName).lowercased(), podCIDR: node.podCIDR, clusterCIDR: node.clusterCIDR,
                runtimeEndpoint: node.containerRuntimeEndpoint, stopsPods: node.stopPods, simulated: node.simulatedNodes)
        }
    }
}

/// Finds the address that this machine shows to others.
enum HostAddress {
    /// The source address of packets that leave by the default route. Nothing is sent.
    static func primary() -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // An address of the documentation block: connecting a datagram socket only picks a route.
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = in_port_t(9).bigEndian
        inet_pton(AF_INET, "192.0.2.1", &target.sin_addr)
        let connected = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard connected == 0 else { return nil }
        var own = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard named == 0 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        guard inet_ntop(AF_INET, &own.sin_addr, &text, socklen_t(INET_ADDRSTRLEN)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }
}
