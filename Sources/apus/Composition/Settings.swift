import Foundation
import Logging
import ObjectModel

/// What the options of a command come to.
struct Settings: Sendable {
    var dataDirectory: String
    var port: Int
    var bindAddress: String

    /// The address at which pods and other machines reach this one.
    var advertiseAddress: String
    var serviceCIDR: String
    var clusterCIDR: CIDR
    var logLevel: Logger.Level
    var eventLifetime: Duration

    /// Requests at a time, of all priority levels together.
    var seats: Int

    /// Nil for a control plane alone.
    var node: Node?

    struct Node: Sendable {
        var name: String
        /// Nil: the cluster gives it one.
        var podCIDR: CIDR?
        var clusterCIDR: CIDR
        var cgroupRoot: String
        var runtimeEndpoint: String?
        var stopsPods: Bool

        /// Stand-in nodes in place of this machine.
        var simulated: Int?
    }

    init(data: DataOptions, server: ServerOptions, pods: PodNetworkOptions, node: NodeOptions?, simulatedNodes: Int?) throws {
        dataDirectory = try data.path()
        guard (1...65535).contains(server.port) else { throw Failure("--port \(server.port) is not a port: use 1 to 65535") }
        port = server.port
        bindAddress = try Self.address(server.bindAddress, "--bind-address")
        logLevel = try server.log.level()
        guard let eventLifetime = TimeOption.duration(server.eventTTL), eventLifetime >= .seconds(60) else {
            throw Failure("--event-ttl \(server.eventTTL) is not a time of a minute or more, such as 1h")
        }
        self.eventLifetime = eventLifetime
        seats = try Self.seats(server)
        serviceCIDR = server.serviceCIDR
        advertiseAddress = try server.advertiseAddress.map { try Self.address($0, "--advertise-address") } ?? HostAddress.primary() ?? "127.0.0.1"
        let services = try Self.block(serviceCIDR, "--service-cidr", "10.96.0.0/16")
        clusterCIDR = try Self.clusterCIDR(pods, services)
        self.node = try node.map { [clusterCIDR] in try Node($0, clusterCIDR: clusterCIDR, simulated: simulatedNodes) }
    }

    static func clusterCIDR(_ pods: PodNetworkOptions, _ services: CIDR) throws -> CIDR {
        let cluster = try pods.block()
        if services.contains(cluster.network) || cluster.contains(services.network) {
            throw Failure("--service-cidr \(services) and --cluster-cidr \(cluster) share addresses: choose blocks that do not")
        }
        return cluster
    }

    private static func seats(_ server: ServerOptions) throws -> Int {
        for (option, value) in [
            ("--max-requests-inflight", server.requestsMax), ("--max-mutating-requests-inflight", server.mutatingRequestsMax),
        ] where !(0...1_000_000).contains(value) { throw Failure("\(option) \(value): use 0 to 1000000") }
        let seats = server.requestsMax + server.mutatingRequestsMax
        guard seats > 0 else { throw Failure("--max-requests-inflight and --max-mutating-requests-inflight are both 0: nobody would be served") }
        return seats
    }

    static func level(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else { throw Failure("--log-level \(name) is none of debug, info, notice, warning, error") }
        return level
    }

    static func address(_ text: String, _ option: String) throws -> String {
        guard IPAddress(text) != nil else { throw Failure("\(option) \(text) is not an IP address such as 192.0.2.10") }
        return text
    }

    static func block(_ text: String, _ option: String, _ example: String) throws -> CIDR {
        guard let block = CIDR(text) else { throw Failure("\(option) \(text) is not a block of addresses such as \(example)") }
        return block
    }
}

extension Settings.Node {
    init(_ node: NodeOptions, clusterCIDR cluster: CIDR, simulated: Int?) throws {
        if let count = simulated, !(1...5000).contains(count) { throw Failure("--simulated-nodes \(count): use 1 to 5000") }
        let name = (node.nodeName ?? ProcessInfo.processInfo.hostName).lowercased()
        if let mistake = Validation.dns1123Subdomain(name).first {
            throw Failure("\(name) cannot be the name of a node (\(mistake)): give another with --node-name")
        }
        let pods = try node.podCIDR.map { try Settings.block($0, "--pod-cidr", "10.244.0.0/24") }
        if let pods, !cluster.contains(pods.network) || !cluster.contains(pods.last) {
            throw Failure("--pod-cidr \(pods) is not within --cluster-cidr \(cluster): choose a part of it")
        }
        guard node.cgroupRoot.hasPrefix("/"), !node.cgroupRoot.split(separator: "/").contains("..") else {
            throw Failure("--cgroup-root \(node.cgroupRoot) is no path of a cgroup such as /second-node")
        }
        self.init(
            name: name, podCIDR: pods, clusterCIDR: cluster, cgroupRoot: node.cgroupRoot, runtimeEndpoint: node.containerRuntimeEndpoint,
            stopsPods: node.stopPods, simulated: simulated)
    }
}

/// Times on the command line: `90s`, `30m`, `1h`, `7d`.
enum TimeOption {
    static func duration(_ text: String) -> Duration? {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let number = Int64(text.dropLast()), (1...100_000_000).contains(number) else {
            return nil
        }
        return .seconds(number * unit)
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
