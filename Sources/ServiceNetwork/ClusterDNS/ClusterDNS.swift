import ClusterClient
import HostNetwork
import Logging
import NIOCore
import NIOPosix
import ObjectModel

/// Cluster DNS: answers the cluster's names from memory, as the informers have them, and asks the host's resolvers for the rest.
///
/// It listens on an address of this node, usually the pods' gateway; pods reach it through the Service `kube-system/kube-dns`, which it keeps.
public final class ClusterDNS: Sendable {
    public struct Configuration: Sendable {
        /// The cluster's domain, such as `cluster.local`.
        public var clusterDomain: String

        /// The cluster IPs of `kube-dns`, which the kubelet gives to pods: 10.96.0.10.
        public var serviceIPs: [IPAddress]

        public var nodeName: String

        /// An address of this node that pods can reach, and the port to listen on there. Port 53 itself may be taken by the host's own resolver.
        public var listenAddress: IPAddress
        public var port: Int

        /// The host's list of resolvers.
        public var resolverConfigurationPath: String

        /// Seconds that clients may keep answers about the cluster.
        public var ttl: UInt32

        /// The port of the host's resolvers; other than 53 for tests only.
        public var resolverPort: Int

        public init(
            clusterDomain: String = "cluster.local", serviceIPs: [IPAddress], nodeName: String, listenAddress: IPAddress, port: Int = 10053,
            resolverConfigurationPath: String = "/etc/resolv.conf", ttl: UInt32 = 30, resolverPort: Int = 53
        ) {
            self.clusterDomain = clusterDomain
            self.serviceIPs = serviceIPs
            self.nodeName = nodeName
            self.listenAddress = listenAddress
            self.port = port
            self.resolverConfigurationPath = resolverConfigurationPath
            self.ttl = ttl
            self.resolverPort = resolverPort
        }
    }

    private let client: Client
    private let services: Informer
    private let slices: Informer
    private let namespaces: Informer
    private let group: any EventLoopGroup
    private let configuration: Configuration
    private let logger: Logger
    private let zone: ClusterZone
    private let pending = PendingKeys()
    private let ownObjects = PendingKeys()

    static let serviceIndex = "service"

    /// Takes its informers before they run; `Informers.run` is the caller's. Throws for a domain that is none.
    public init(
        client: Client, informers: Informers, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, configuration: Configuration,
        logger: Logger
    ) throws {
        guard let domain = DNSName(configuration.clusterDomain), domain != .root else {
            throw HostNetworkError(.failed, "\(configuration.clusterDomain) is no domain name: set the cluster's domain to one such as cluster.local")
        }
        self.client = client
        self.group = group
        self.configuration = configuration
        self.logger = logger
        zone = ClusterZone(domain: domain, ttl: configuration.ttl, serverAddresses: configuration.serviceIPs)
        services = informers.informer(.services)
        slices = informers.informer(.endpointSlices)
        namespaces = informers.informer(.namespaces)
        follow()
    }

    /// Changes only mark a Service; its records are made anew from what the informers have then.
    private func follow() {
        let (pending, ownObjects, zone) = (pending, ownObjects, zone)
        let ownKey = "\(ClusterDNSService.namespace)/\(ClusterDNSService.name)"
        services.onChange { change in
            pending.insert(change.object.key)
            if change.object.key == ownKey { ownObjects.insert(ownKey) }
        }
        slices.addIndex(Self.serviceIndex) { EndpointSliceOwner.key($0).map { [$0] } ?? [] }
        slices.onChange { change in
            for key in Set([change.old, change.new].compactMap { $0.flatMap(EndpointSliceOwner.key) }) {
                pending.insert(key)
                if key == ownKey { ownObjects.insert(ownKey) }
            }
        }
        namespaces.onChange { change in zone.setNamespace(change.object.name, exists: change.new != nil) }
    }

    /// Serves until the task is cancelled. Queries are answered once the first lists are there.
    public func run() async throws {
        for informer in [services, slices, namespaces] { await informer.waitUntilSynced() }
        try Task.checkCancellation()
        update(pending.take())
        let exchange = DNSExchange(group: group, port: configuration.resolverPort)
        let own = configuration.serviceIPs + (configuration.port == configuration.resolverPort ? [configuration.listenAddress] : [])
        let resolvers = ResolverConfiguration(path: configuration.resolverConfigurationPath, excluded: Set(own))
        let forwarder = DNSForwarder(resolvers: resolvers, exchange: exchange)
        let probe = LoopProbe(domain: zone.domain)
        let server = try await DNSServer.bind(
            host: "\(configuration.listenAddress)", port: configuration.port,
            responder: DNSResponder(zone: zone, forwarder: forwarder, loopProbe: probe), group: group)
        logger.info("cluster DNS is serving", metadata: ["address": "\(configuration.listenAddress)", "port": "\(server.port)"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.followServices() }
            group.addTask { await self.keepService(port: server.port) }
            group.addTask { await self.detectLoop(forwarder, probe) }
            await group.waitForAll()
        }
        await server.close()
        await exchange.close()
    }

    /// Removes the Service and this node's endpoint of it.
    public static func remove(client: Client, nodeName: String) async throws { try await ClusterDNSService.remove(client, nodeName: nodeName) }

    // MARK: Parts

    private func followServices() async {
        for await _ in pending.wakeUps {
            if Task.isCancelled { return }
            update(pending.take())
        }
    }

    private func update(_ keys: Set<String>) {
        for key in keys {
            let parts = key.split(separator: "/").map(String.init)
            guard parts.count == 2 else { continue }
            let records = services.get(key).flatMap { ServiceRecords($0, slices: slices.indexed(Self.serviceIndex, key)) }
            zone.setService(namespace: parts[0], name: parts[1], records)
        }
    }

    /// Keeps `kube-dns` as it should be, whoever changes it.
    private func keepService(port: Int) async {
        let service = ClusterDNSService(
            clusterIPs: configuration.serviceIPs, nodeName: configuration.nodeName, address: configuration.listenAddress, port: port)
        var backoff = Backoff(initial: .milliseconds(100), max: .seconds(30))
        ownObjects.wake()
        for await _ in ownObjects.wakeUps {
            if Task.isCancelled { return }
            _ = ownObjects.take()
            do {
                try await service.ensure(client)
                backoff.reset()
            } catch {
                if Task.isCancelled { return }
                logger.warning("could not put the Service kube-system/kube-dns in place; trying again", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
                ownObjects.wake()
            }
        }
    }

    private func detectLoop(_ forwarder: DNSForwarder, _ probe: LoopProbe) async {
        _ = await forwarder.resolve(probe.key)
        guard forwarder.isLooping else { return }
        logger.error(
            "the host's resolvers lead back to cluster DNS; names outside of the cluster will not resolve. Name other resolvers in the host's resolv.conf",
            metadata: ["file": "\(configuration.resolverConfigurationPath)"])
    }
}
