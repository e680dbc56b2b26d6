import ObjectModel

/// A `NetworkStack` in memory: the fake for tests.
public actor RecordingNetworkStack: NetworkStack {
    public private(set) var sysctls: [String: String]
    private var linksByName: [String: NetworkLink] = [:]
    private var addressList: [NetworkAddress] = []
    private var routeList: [NetworkRoute] = []
    private var connections: [TrackedConnection] = []
    private var nextIndex: UInt32 = 1

    public init(sysctls: [String: String] = [:], connections: [TrackedConnection] = []) {
        self.sysctls = sysctls
        self.connections = connections
    }

    public func links() -> [NetworkLink] { linksByName.values.sorted { $0.index < $1.index } }

    public func addresses() -> [NetworkAddress] { addressList }

    public func routes(_ family: IPAddress.Family) -> [NetworkRoute] { routeList.filter { $0.destination.family == family } }

    public func ensureBridge(_ name: InterfaceName, hardwareAddress: [UInt8], mtu: Int) {
        if linksByName[name.description] == nil { nextIndex += 1 }
        let index = linksByName[name.description]?.index ?? nextIndex
        linksByName[name.description] = NetworkLink(index: index, name: name.description, mtu: mtu, isUp: true, kind: "bridge")
    }

    public func deleteLink(_ name: InterfaceName) {
        guard let link = linksByName.removeValue(forKey: name.description) else { return }
        addressList.removeAll { $0.linkIndex == link.index }
        routeList.removeAll { $0.linkIndex == link.index }
    }

    public func ensureAddress(_ address: IPAddress, prefixLength: Int, on name: InterfaceName) throws {
        let entry = NetworkAddress(linkIndex: try index(of: name), address: address, prefixLength: prefixLength)
        if !addressList.contains(entry) { addressList.append(entry) }
    }

    public func ensureRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) throws {
        routeList.removeAll { $0.destination == destination.masked }
        let maker = gateway == nil ? 4 : NetworkRoute.ownMaker
        routeList.append(NetworkRoute(destination: destination.masked, gateway: gateway, linkIndex: try name.map(index), maker: maker))
    }

    public func deleteRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) {
        routeList.removeAll { $0.destination == destination.masked }
    }

    public func sysctl(_ name: String) -> String? { sysctls[name] }

    public func setSysctl(_ name: String, _ value: String) { sysctls[name] = value }

    public func loadKernelModule(_ name: StaticString) {}

    public func forgetConnections(transport: TransportProtocol, _ isStale: @Sendable (TrackedConnection) -> Bool) -> Int {
        let before = connections.count
        connections.removeAll { $0.transport == transport.rawValue && isStale($0) }
        return before - connections.count
    }

    private func index(of name: InterfaceName) throws -> UInt32 {
        guard let link = linksByName[name.description] else { throw HostNetworkError(.notFound, "there is no interface \(name)") }
        return link.index
    }
}
