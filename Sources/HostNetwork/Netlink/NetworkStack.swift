import ObjectModel

/// A network interface as the kernel has it.
public struct NetworkLink: Sendable, Equatable {
    public var index: UInt32
    public var name: String
    public var mtu: Int
    public var isUp: Bool

    /// The index of the bridge that the interface is a port of; nil where it is none.
    public var masterIndex: UInt32?

    /// `bridge`, `veth`, …; empty for hardware.
    public var kind: String

    public init(index: UInt32, name: String, mtu: Int, isUp: Bool, masterIndex: UInt32? = nil, kind: String = "") {
        self.index = index
        self.name = name
        self.mtu = mtu
        self.isUp = isUp
        self.masterIndex = masterIndex
        self.kind = kind
    }
}

/// An address of an interface.
public struct NetworkAddress: Sendable, Equatable {
    public var linkIndex: UInt32
    public var address: IPAddress
    public var prefixLength: Int

    public init(linkIndex: UInt32, address: IPAddress, prefixLength: Int) {
        self.linkIndex = linkIndex
        self.address = address
        self.prefixLength = prefixLength
    }
}

/// A route of the main table.
public struct NetworkRoute: Sendable, Equatable {
    public var destination: CIDR
    public var gateway: IPAddress?
    public var linkIndex: UInt32?

    /// Who made it, as the kernel keeps it (`ip route` shows it behind `proto`).
    public var maker: UInt8

    /// What routes over a gateway are marked with that `ensureRoute` makes: a number that nobody else has.
    public static let ownMaker: UInt8 = 97

    /// Whether it is one that `ensureRoute` made to lead over another node.
    public var leadsToNode: Bool { gateway != nil && maker == Self.ownMaker }

    public init(destination: CIDR, gateway: IPAddress? = nil, linkIndex: UInt32? = nil, maker: UInt8 = 0) {
        self.destination = destination
        self.gateway = gateway
        self.linkIndex = linkIndex
        self.maker = maker
    }
}

/// A tracked connection: what it was addressed to, and who answers it.
public struct TrackedConnection: Sendable, Equatable {
    public var transport: UInt8
    public var source: IPAddress
    public var destination: IPAddress
    public var destinationPort: UInt16

    /// The source of the replies: the endpoint, where the destination was translated.
    public var replySource: IPAddress
    public var replySourcePort: UInt16

    public init(
        transport: UInt8, source: IPAddress, destination: IPAddress, destinationPort: UInt16, replySource: IPAddress, replySourcePort: UInt16
    ) {
        self.transport = transport
        self.source = source
        self.destination = destination
        self.destinationPort = destinationPort
        self.replySource = replySource
        self.replySourcePort = replySourcePort
    }
}

/// The host's interfaces, addresses, routes, sysctls and tracked connections.
public protocol NetworkStack: Sendable {
    func links() async throws -> [NetworkLink]
    func addresses() async throws -> [NetworkAddress]
    func routes(_ family: IPAddress.Family) async throws -> [NetworkRoute]

    /// Makes sure that a bridge is there and up, with this hardware address and MTU.
    func ensureBridge(_ name: InterfaceName, hardwareAddress: [UInt8], mtu: Int) async throws

    /// Removes an interface; one that is not there is no error.
    func deleteLink(_ name: InterfaceName) async throws

    /// Gives an interface an address, if it does not have it. IPv6 addresses are used at once, without duplicate detection.
    func ensureAddress(_ address: IPAddress, prefixLength: Int, on name: InterfaceName) async throws

    /// Adds or replaces a route. Without a gateway the destination is reached directly on the interface.
    func ensureRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) async throws

    /// Removes a route; one that is not there is no error.
    func deleteRoute(_ destination: CIDR, via gateway: IPAddress?, on name: InterfaceName?) async throws

    /// The value of `net/ipv4/ip_forward`, or nil where this kernel has no such setting.
    func sysctl(_ name: String) async throws -> String?

    /// Sets a sysctl where its value differs.
    func setSysctl(_ name: String, _ value: String) async throws

    /// Has the kernel load a module, where it is one and can be loaded.
    func loadKernelModule(_ name: StaticString) async

    /// Forgets tracked connections of one IP protocol that `isStale`; returns how many there were.
    @discardableResult
    func forgetConnections(transport: TransportProtocol, _ isStale: @Sendable (TrackedConnection) -> Bool) async throws -> Int
}
