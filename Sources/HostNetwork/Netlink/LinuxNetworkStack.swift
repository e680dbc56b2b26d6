import ObjectModel

/// The kernel's network stack over netlink and `/proc/sys`, in the network namespace of its thread.
public actor LinuxNetworkStack: NetworkStack {
    private nonisolated let thread: NetworkThread

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public init(thread: NetworkThread) { self.thread = thread }

    public init(networkNamespace: String? = nil) throws {
        thread = try NetworkThread(name: "netlink", networkNamespace: networkNamespace)
    }

    // MARK: Links

    public func links() throws -> [NetworkLink] {
        var message = NetlinkMessage(type: RTM.getLink, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.dump)
        message.append(bytes: [UInt8](repeating: 0, count: 16))
        var result: [NetworkLink] = []
        try send(message, "listing interfaces") { _, payload in
            if let link = NetworkLink(payload) { result.append(link) }
        }
        return result
    }

    public func ensureBridge(_ name: InterfaceName, hardwareAddress: [UInt8], mtu: Int) throws {
        do {
            var message = NetlinkMessage(
                type: RTM.newLink,
                flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge | NetlinkSocket.Flags.create | NetlinkSocket.Flags.exclusive)
            message.append(bytes: [UInt8](repeating: 0, count: 16))
            message.attribute(IFLA.name, text: name.description)
            message.nested(IFLA.linkInfo) { $0.attribute(IFLA.infoKind, text: "bridge") }
            try send(message, "creating bridge \(name)")
        } catch let error as HostNetworkError where error.code == .alreadyExists {}
        guard let link = try links().first(where: { $0.name == name.description }) else {
            throw HostNetworkError(.notFound, "bridge \(name) is gone right after it was made")
        }
        guard link.kind == "bridge" else { throw HostNetworkError(.alreadyExists, "interface \(name) exists and is no bridge") }
        var message = NetlinkMessage(type: RTM.newLink, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge)
        message.append(bytes: [0, 0, 0, 0])
        message.append(link.index)
        message.append(IFF.up)
        message.append(IFF.up)
        message.attribute(IFLA.address, hardwareAddress)
        message.attribute(IFLA.mtu, UInt32(mtu))
        try send(message, "setting up bridge \(name)")
    }

    public func deleteLink(_ name: InterfaceName) throws {
        var message = NetlinkMessage(type: RTM.deleteLink, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge)
        message.append(bytes: [UInt8](repeating: 0, count: 16))
        message.attribute(IFLA.name, text: name.description)
        try ignoring(.notFound) { try send(message, "deleting interface \(name)") }
    }

    // MARK: Addresses and routes

    public func addresses() throws -> [NetworkAddress] {
        var message = NetlinkMessage(type: RTM.getAddress, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.dump)
        message.append(bytes: [UInt8](repeating: 0, count: 8))
        var result: [NetworkAddress] = []
        try send(message, "listing addresses") { _, payload in
            let attributes = payload.attributes(after: 8)
            guard let index: UInt32 = payload.integer(at: 4), let length: UInt8 = payload.integer(at: 1),
                let address = (attributes[IFA.local] ?? attributes[IFA.address])?.address
            else { return }
            result.append(NetworkAddress(linkIndex: index, address: address, prefixLength: Int(length)))
        }
        return result
    }

    public func ensureAddress(_ address: IPAddress, prefixLength: Int, on name: InterfaceName) throws {
        var message = NetlinkMessage(
            type: RTM.newAddress,
            flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge | NetlinkSocket.Flags.create | NetlinkSocket.Flags.exclusive)
        message.append(bytes: [address.family.number, UInt8(prefixLength), address.family == .v6 ? IFA.noDuplicateDetection : 0, 0])
        message.append(try index(of: name))
        message.attribute(IFA.local, address.bytes)
        message.attribute(IFA.address, address.bytes)
        if address.family == .v4 {
            let hostBits = UInt128(32 - prefixLength)
            let broadcast = IPAddress(family: .v4, bits: address.bits | ((1 << hostBits) - 1))
            if prefixLength < 31 { message.attribute(IFA.broadcast, broadcast.bytes) }
        }
        try ignoring(.alreadyExists) { try send(message, "adding \(address)/\(prefixLength) to \(name)") }
    }

    public func routes(_ family: IPAddress.Family) throws -> [NetworkRoute] {
        var message = NetlinkMessage(type: RTM.getRoute, flags: NetlinkSocket.Flags.request | NetlinkSocket.Flags.dump)
        message.append(bytes: [family.number] + [UInt8](repeating: 0, count: 11))
        var result: [NetworkRoute] = []
        try send(message, "listing routes") { _, payload in
            if let route = NetworkRoute(payload, family) { result.append(route) }
        }
        return result
    }

    public func ensureRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) throws {
        let flags = NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge | NetlinkSocket.Flags.create | NetlinkSocket.Flags.replace
        try send(route(RTM.newRoute, flags, destination, gateway, name), "adding a route to \(destination)")
    }

    public func deleteRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) throws {
        let flags = NetlinkSocket.Flags.request | NetlinkSocket.Flags.acknowledge
        try ignoring(.notFound) { try send(route(RTM.deleteRoute, flags, destination, gateway, name), "deleting the route to \(destination)") }
    }

    private func route(
        _ type: UInt16, _ flags: UInt16, _ destination: CIDR, _ gateway: IPAddress?, _ name: InterfaceName?
    ) throws -> NetlinkMessage {
        var message = NetlinkMessage(type: type, flags: flags)
        // RT_SCOPE_NOWHERE (any, to delete), RT_SCOPE_LINK, RT_SCOPE_UNIVERSE
        let scope: UInt8 = type == RTM.deleteRoute ? 255 : gateway == nil && destination.family == .v4 ? 253 : 0
        // Main table, protocol "static" for what hangs on an interface (any, to delete), unicast.
        let maker: UInt8 = type == RTM.deleteRoute ? 0 : gateway == nil ? 4 : NetworkRoute.ownMaker
        message.append(bytes: [destination.family.number, UInt8(destination.prefixLength), 0, 0, 254, maker, scope, 1, 0, 0, 0, 0])
        message.attribute(RTA.destination, destination.network.bytes)
        if let gateway { message.attribute(RTA.gateway, gateway.bytes) }
        if let name { message.attribute(RTA.link, try index(of: name)) }
        return message
    }

    // MARK: Sysctls

    public func sysctl(_ name: String) throws -> String? { try Sysctl.read(name) }

    public func setSysctl(_ name: String, _ value: String) throws { try Sysctl.write(name, value) }

    public func loadKernelModule(_ name: StaticString) { KernelModule.load(name) }

    // MARK: Connections

    public func forgetConnections(transport: TransportProtocol, _ isStale: @Sendable (TrackedConnection) -> Bool) throws -> Int {
        try ConnectionTracking.forget(transport: transport, isStale)
    }

    // MARK: Parts

    private func index(of name: InterfaceName) throws -> UInt32 {
        guard let link = try links().first(where: { $0.name == name.description }) else {
            throw HostNetworkError(.notFound, "there is no interface \(name)")
        }
        return link.index
    }

    private func send(_ message: NetlinkMessage, _ action: String, each: (UInt16, NetlinkReader) -> Void = { _, _ in }) throws {
        var socket = try NetlinkSocket(.route)
        try socket.send(message, action, each: each)
    }

    private func ignoring(_ code: HostNetworkError.Code, _ body: () throws -> Void) throws {
        do { try body() } catch let error as HostNetworkError where error.code == code {}
    }
}
