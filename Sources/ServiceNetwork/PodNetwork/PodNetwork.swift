import ClusterClient
import HostNetwork
import Logging
import ObjectModel

/// Connects this node's pods: the bridge, its addresses and rules, the configuration that the container runtime reads, and host ports.
///
/// Every pod reaches every other pod and the host; what leaves the cluster goes out under the host's address. All of it stays when Apus stops.
public final class PodNetwork: Sendable {
    private let pods: Informer
    private let nftables: any NFTables
    private let network: any NetworkStack
    private let configuration: Configuration
    private let logger: Logger
    private let pending = PendingKeys()

    /// The kernel's table is to be made anew.
    private let isGone = Flag()

    /// Takes its informer before it runs; `Informers.run` is the caller's.
    public init(informers: Informers, nftables: any NFTables, network: any NetworkStack, configuration: Configuration, logger: Logger) {
        pods = informers.informer(.pods, fieldSelector: "spec.nodeName=\(configuration.nodeName)")
        self.nftables = nftables
        self.network = network
        self.configuration = configuration
        self.logger = logger
        let pending = pending
        pods.onChange { change in
            if Self.hostPorts(change.old) != Self.hostPorts(change.new) { pending.insert(change.object.key) }
        }
    }

    private static func hostPorts(_ pod: Value?) -> [HostPort] { pod.map(HostPort.all) ?? [] }

    /// Sets the network up, so that pods can be started. To be called before `run`, which follows host ports; calling it again changes nothing.
    public func setUp() async throws {
        let mtu = try await mtu()
        try await setSysctls()
        try await network.ensureBridge(configuration.bridge, hardwareAddress: configuration.hardwareAddress, mtu: mtu)
        for podCIDR in configuration.podCIDRs {
            try await network.ensureAddress(configuration.gateway(of: podCIDR), prefixLength: podCIDR.prefixLength, on: configuration.bridge)
        }
        for serviceCIDR in configuration.serviceCIDRs where configuration.podCIDRs.contains(where: { $0.family == serviceCIDR.family }) {
            try await network.ensureRoute(serviceCIDR, via: nil, on: configuration.bridge)
        }
        // So that localhost's node ports and host ports answer: see `PodNetworkTable`'s guards, which come first.
        try await nftables.apply(PodNetworkTable(configuration: configuration).replacement(hostPorts: currentHostPorts))
        try await network.setSysctl("net/ipv4/conf/\(configuration.bridge)/route_localnet", "1")
        try CNIDirectory(configuration.configurationDirectory).write(
            CNIConfiguration.fileName, CNIConfiguration.conflist(configuration, mtu: mtu).json())
        logger.info("pod network is ready", metadata: ["bridge": "\(configuration.bridge)", "mtu": "\(mtu)"])
    }

    /// Follows the node's pods and their host ports until the task is cancelled.
    public func run() async throws {
        await pods.waitUntilSynced()
        try Task.checkCancellation()
        let table = PodNetworkTable(configuration: configuration)
        _ = pending.take()
        var known = currentHostPorts
        try await nftables.apply(table.replacement(hostPorts: known))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchTable() }
            defer { group.cancelAll() }
            try await follow(&known, table)
        }
    }

    private func follow(_ known: inout Set<HostPort>, _ table: PodNetworkTable) async throws {
        for await _ in pending.wakeUps {
            if Task.isCancelled { break }
            _ = pending.take()
            let wanted = currentHostPorts
            if isGone.take() {
                try await nftables.apply(table.replacement(hostPorts: wanted))
                known = wanted
                continue
            }
            do {
                try await nftables.apply(PodNetworkTable.change(from: known, to: wanted))
            } catch {
                logger.warning("the kernel refused a change of host ports; replacing the rules", metadata: ["error": "\(error)"])
                try await nftables.apply(table.replacement(hostPorts: wanted))
            }
            let gone = known.subtracting(wanted).filter { $0.transport == .udp }
            known = wanted
            await forgetFlows(gone)
        }
    }

    /// Removes all of it: rules, interfaces, the runtime's configuration and the notes of addresses in use. Pods that still run lose their network.
    public func remove() async throws {
        try CNIDirectory(configuration.configurationDirectory).remove(CNIConfiguration.fileName)
        var transaction = NFTransaction(table: PodNetworkTable.name)
        transaction.deleteTable()
        try await nftables.apply(transaction)
        let links = try await network.links()
        if let bridge = links.first(where: { $0.name == configuration.bridge.description }) {
            for port in links where port.masterIndex == bridge.index && port.kind == "veth" {
                if let name = InterfaceName(port.name) { try await network.deleteLink(name) }
            }
            try await network.deleteLink(configuration.bridge)
        }
        try CNIDirectory(configuration.addressDirectory).removeAll()
    }

    // MARK: Parts

    /// Puts the rules in place again when somebody deletes them.
    private func watchTable() async {
        do {
            for await _ in try await nftables.deletions() {
                if Task.isCancelled { return }
                if try await !nftables.hasTable(PodNetworkTable.name) {
                    logger.warning("the table of pod network rules was deleted; putting it in place again")
                    isGone.raise()
                    pending.wake()
                }
            }
        } catch {
            logger.warning("cannot watch over the pod network's rules: if something deletes them, restart Apus", metadata: ["error": "\(error)"])
        }
    }

    private var currentHostPorts: Set<HostPort> { Set(pods.list().flatMap(HostPort.all)) }

    private func mtu() async throws -> Int {
        if let mtu = configuration.mtu { return mtu }
        let links = try await network.links()
        let route = try await network.routes(.v4).first { $0.destination.prefixLength == 0 }
        return links.first { $0.index == route?.linkIndex }?.mtu ?? 1500
    }

    private func setSysctls() async throws {
        try await network.setSysctl("net/ipv4/ip_forward", "1")
        if configuration.podCIDRs.contains(where: { $0.family == .v6 }) { try await network.setSysctl("net/ipv6/conf/all/forwarding", "1") }
        // Answers between two pods of one bridge must pass connection tracking, or an answer from behind a Service would keep the wrong source.
        if try await network.sysctl("net/bridge/bridge-nf-call-iptables") == nil { await network.loadKernelModule("br_netfilter") }
        guard try await network.sysctl("net/bridge/bridge-nf-call-iptables") != nil else {
            logger.warning(
                "this kernel does not show bridged packets to the packet filter: a pod cannot reach pods of this node through Services; load br_netfilter"
            )
            return
        }
        try await network.setSysctl("net/bridge/bridge-nf-call-iptables", "1")
        try await network.setSysctl("net/bridge/bridge-nf-call-ip6tables", "1")
    }

    private func forgetFlows(_ gone: Set<HostPort>) async {
        guard !gone.isEmpty else { return }
        do {
            try await network.forgetConnections(transport: .udp) { connection in
                gone.contains { $0.podAddress == connection.replySource && $0.containerPort == connection.replySourcePort }
            }
        } catch {
            logger.debug("could not forget UDP flows of host ports that are gone", metadata: ["error": "\(error)"])
        }
    }
}
