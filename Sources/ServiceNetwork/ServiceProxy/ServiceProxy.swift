import ClusterClient
import HostNetwork
import Logging
import ObjectModel

/// Makes Services answer on this node: keeps the packet filter as Services and EndpointSlices say.
///
/// It sleeps until something changes, then tells the kernel the difference in one transaction. When it ends, the rules stay and Services go on
/// answering; `remove` takes them away.
public final class ServiceProxy: Sendable {
    public struct Configuration: Sendable {
        /// This node's name: endpoints on it are "local".
        public var nodeName: String

        /// The networks of all pods of the cluster. Empty means unknown: then nothing is masqueraded on its way to a cluster IP.
        public var clusterCIDRs: [CIDR]

        /// The networks of cluster IPs, if known: what no Service has there is refused.
        public var serviceCIDRs: [CIDR]

        /// How long changes are gathered before they are told to the kernel.
        public var coalescing: Duration

        public init(nodeName: String, clusterCIDRs: [CIDR] = [], serviceCIDRs: [CIDR] = [], coalescing: Duration = .milliseconds(2)) {
            self.nodeName = nodeName
            self.clusterCIDRs = clusterCIDRs
            self.serviceCIDRs = serviceCIDRs
            self.coalescing = coalescing
        }
    }

    private let services: Informer
    private let slices: Informer

    /// This node alone, for the zone that it is in.
    private let nodes: Informer
    private let nftables: any NFTables
    private let network: any NetworkStack
    private let configuration: Configuration
    private let logger: Logger
    private let healthChecks: HealthCheckServer
    private let pending = PendingKeys()

    /// The kernel's table is to be made anew.
    private let isGone = Flag()

    /// The node's zone changed: which endpoints are near is to be judged anew.
    private let isZoneStale = Flag()

    static let serviceIndex = "service"

    /// Takes its informers before they run; `Informers.run` is the caller's.
    public init(informers: Informers, nftables: any NFTables, network: any NetworkStack, configuration: Configuration, logger: Logger) {
        services = informers.informer(.services)
        slices = informers.informer(.endpointSlices)
        nodes = informers.informer(.nodes, fieldSelector: "metadata.name=\(configuration.nodeName)")
        self.nftables = nftables
        self.network = network
        self.configuration = configuration
        self.logger = logger
        healthChecks = HealthCheckServer(logger: logger)
        let (pending, isZoneStale) = (pending, isZoneStale)
        nodes.onChange { change in
            guard Self.zone(change.old) != Self.zone(change.new) else { return }
            isZoneStale.raise()
            pending.wake()
        }
        services.onChange { pending.insert($0.object.key) }
        slices.addIndex(Self.serviceIndex) { EndpointSliceOwner.key($0).map { [$0] } ?? [] }
        slices.onChange { change in
            for key in Set([change.old, change.new].compactMap { $0.flatMap(EndpointSliceOwner.key) }) { pending.insert(key) }
        }
    }

    /// Follows the API until the task is cancelled.
    public func run() async throws {
        await services.waitUntilSynced()
        await slices.waitUntilSynced()
        await nodes.waitUntilSynced()
        try Task.checkCancellation()
        var rules = ProxyRules(
            table: ProxyTable(clusterCIDRs: configuration.clusterCIDRs, serviceCIDRs: configuration.serviceCIDRs), node: node)
        _ = pending.take()
        _ = rules.update(services.list().map { ($0.key, $0, slices.indexed(Self.serviceIndex, $0.key)) })
        try await replace(rules)
        logger.info("service rules are in place", metadata: ["services": "\(rules.serviceCount)"])
        await healthChecks.update(rules.healthChecks)
        pending.wake()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchTable() }
            defer { group.cancelAll() }
            try await follow(&rules)
        }
        await healthChecks.close()
    }

    private func follow(_ rules: inout ProxyRules) async throws {
        for await _ in pending.wakeUps {
            if Task.isCancelled { break }
            try? await Task.sleep(for: configuration.coalescing)
            var keys = pending.take()
            if isGone.take() { try await replace(rules) }
            if isZoneStale.take() {
                rules.node = node
                keys.formUnion(services.list().map(\.key))
            }
            guard !keys.isEmpty else { continue }
            let plan = rules.update(keys.map { ($0, services.get($0), slices.indexed(Self.serviceIndex, $0)) })
            do {
                try await nftables.apply(plan.transaction)
            } catch {
                logger.warning("the kernel refused a change of service rules; replacing them all", metadata: ["error": "\(error)"])
                try await replace(rules)
            }
            if plan.changesHealthChecks { await healthChecks.update(rules.healthChecks) }
            await forgetFlows(plan.staleUDP)
        }
    }

    private var node: ProxyNode { ProxyNode(name: configuration.nodeName, zone: Self.zone(nodes.get(configuration.nodeName))) }

    private static func zone(_ node: Value?) -> String? { node?.labels["topology.kubernetes.io/zone"] }

    /// Removes every rule: Services stop answering on this node.
    public static func remove(nftables: any NFTables) async throws {
        var transaction = NFTransaction(table: ProxyTable.name)
        transaction.deleteTable()
        try await nftables.apply(transaction)
    }

    /// Puts all rules in place, trying again until the kernel takes them.
    private func replace(_ rules: ProxyRules) async throws {
        var backoff = Backoff(initial: .milliseconds(100), max: .seconds(30))
        while true {
            do {
                return try await nftables.apply(rules.replacement(clients: await clients(rules)))
            } catch let error as HostNetworkError where error.code == .notPermitted {
                throw error
            } catch {
                logger.error("the kernel refused the service rules; Services do not answer on this node", metadata: ["error": "\(error)"])
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    /// The clients that the kernel remembers for these rules' endpoints.
    private func clients(_ rules: ProxyRules) async throws -> AffinityClients {
        var clients = AffinityClients()
        for set in rules.affinitySets {
            if let json = try await nftables.listJSON(set: set, table: ProxyTable.name) { clients.sets[set] = AffinityClients.clients(json) }
        }
        return clients
    }

    /// Puts the rules in place again when somebody deletes them.
    private func watchTable() async {
        do {
            for await _ in try await nftables.deletions() {
                if Task.isCancelled { return }
                if try await !nftables.hasTable(ProxyTable.name) {
                    logger.warning("the table of service rules was deleted; putting it in place again")
                    isGone.raise()
                    pending.wake()
                }
            }
        } catch {
            logger.warning("cannot watch over the service rules: if something deletes them, restart Apus", metadata: ["error": "\(error)"])
        }
    }

    /// A UDP flow is tracked for as long as the client keeps sending, so it would stay with an endpoint that is gone.
    private func forgetFlows(_ stale: [ServiceRules.UDPFrontend: Set<ServiceRules.UDPEndpoint>]) async {
        guard !stale.isEmpty else { return }
        do {
            let own = Set(try await network.addresses().map(\.address))
            try await network.forgetConnections(transport: .udp) { $0.isStale(stale, ownAddresses: own) }
        } catch {
            logger.debug("could not forget UDP flows of endpoints that are gone", metadata: ["error": "\(error)"])
        }
    }
}

extension TrackedConnection {
    /// True for a flow to one of the frontends that is answered by something other than its endpoints.
    func isStale(_ frontends: [ServiceRules.UDPFrontend: Set<ServiceRules.UDPEndpoint>], ownAddresses: Set<IPAddress>) -> Bool {
        var endpoints = frontends[.init(address: destination, port: destinationPort)]
        if endpoints == nil, replySource != destination || ownAddresses.contains(destination) {
            endpoints = frontends[.init(address: nil, port: destinationPort)]
        }
        guard let endpoints else { return false }
        return !endpoints.contains(.init(address: replySource, port: replySourcePort))
    }
}

/// Which Service an EndpointSlice belongs to.
enum EndpointSliceOwner {
    static func key(_ slice: Value) -> String? {
        slice.labels["kubernetes.io/service-name"].map { "\(slice.namespace)/\($0)" }
    }
}
