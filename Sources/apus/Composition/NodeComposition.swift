import APIServer
import ClusterClient
import ContainerRuntime
import Foundation
import HTTPServer
import HostNetwork
import Identity
import Logging
import NIOPosix
import NodeAgent
import ObjectModel
import ServiceLifecycle
import ServiceNetwork
import Synchronization

/// The long-lived parts of a node: a container runtime, the pod network, the agent, the service proxy and DNS.
struct NodeComposition {
    let node: Settings.Node

    /// The block that its pods get addresses from.
    let podCIDR: CIDR

    /// At which the cluster reaches this machine.
    let address: String
    let serviceCIDR: String
    let directory: DataDirectory
    let access: NodeAccess
    let console: Console
    let logger: Logger

    func services() async throws -> [any Service] {
        try NodeTraces(podCIDR: podCIDR, clusterCIDR: node.clusterCIDR, serviceCIDR: serviceCIDR, cgroupRoot: node.cgroupRoot).write(to: directory)
        let containerd = Containerd(.init(dataDirectory: directory.path), log: logger)
        if node.runtimeEndpoint == nil {
            try await containerd.start()
            console.step("containerd ready")
        }
        let runtime = try CRIRuntime(socket: node.runtimeEndpoint ?? containerd.socket)
        var services: [any Service] = []
        if node.runtimeEndpoint == nil { services.append(Component("containerd") { try await containerd.run() }) }
        services.append(Component("container runtime client") { try await runtime.run() })
        services += try await network(containerd)
        let agent = NodeAgent(try agentConfiguration(), client: access.node, runtime: runtime, logger: logger)
        services.append(Component("node streaming") { try await stream(agent) })
        services.append(Component("node agent") { try await agent.run() })
        console.step("node \(node.name) starting")
        return services
    }

    /// Serves logs, exec, attach and port-forward to the API server until cancelled, under a certificate that is renewed in time.
    private func stream(_ agent: NodeAgent) async throws {
        let listener = Mutex<NodeStreamingServer?>(nil)
        let authorityPEM = access.authorityPEM
        let tls: @Sendable (Credential) -> ServingTLS = {
            ServingTLS(certificateChainPEM: $0.certificatePEM, keyPEM: $0.privateKeyPEM, clientCAPEM: authorityPEM)
        }
        let item = try await access.serving(.kubeletServer(node: node.name, addresses: [address])) { fresh in
            try listener.withLock { $0 }?.reload(tls(fresh))
        }
        let streaming = try NodeStreamingServer(
            tls: tls(item.credential), backend: PodStreams(agent), group: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await streaming.start()
        listener.withLock { $0 = streaming }
        await CredentialRenewal([item], logger: logger, now: Environment.system.now).run()
        await streaming.stop(within: .seconds(2))
    }

    private func agentConfiguration() throws -> NodeAgentConfiguration {
        var configuration = NodeAgentConfiguration(nodeName: node.name, dataDirectory: directory.file("node"), internalIPs: [address])
        configuration.podCIDRs = [podCIDR.description]
        configuration.cgroupRoot = node.cgroupRoot
        configuration.clusterDNS = try [dnsAddress().description]
        configuration.stopsPods = node.stopsPods
        return configuration
    }

    /// The tenth address of the service range, as is the custom.
    private func dnsAddress() throws -> IPAddress {
        guard let address = CIDR(serviceCIDR)?.address(at: 10) else {
            throw Failure("--service-cidr \(serviceCIDR) is no block of addresses such as 10.96.0.0/16")
        }
        return address
    }

    private func network(_ containerd: Containerd) async throws -> [any Service] {
        let (clusterCIDR, services) = (node.clusterCIDR, try Settings.block(serviceCIDR, "--service-cidr", PodNetworkOptions.standardServiceCIDR))
        let (stack, nftables) = (try LinuxNetworkStack(), try LibNFTables())
        let nodeInformers = Informers(access.node, logger: logger)
        let pods = PodNetwork(
            informers: nodeInformers, nftables: nftables, network: stack,
            configuration: .init(
                nodeName: node.name, podCIDRs: [podCIDR], clusterCIDRs: [clusterCIDR], serviceCIDRs: [services],
                configurationDirectory: containerd.layout.cniConfigurationDirectory, addressDirectory: directory.file("network")),
            logger: logger)
        try await pods.setUp()
        console.step("pod network ready (\(podCIDR))")

        let routes = NodeRoutes(informers: nodeInformers, network: stack, nodeName: node.name, logger: logger)

        let proxyInformers = Informers(access.proxy, logger: logger)
        let proxy = ServiceProxy(
            informers: proxyInformers, nftables: nftables, network: stack,
            configuration: .init(nodeName: node.name, clusterCIDRs: [clusterCIDR], serviceCIDRs: [services]), logger: logger)

        let dnsInformers = Informers(access.dns, logger: logger)
        let gateway = podCIDR.address(at: 1) ?? podCIDR.network
        let dns = try ClusterDNS(
            client: access.dns, informers: dnsInformers,
            configuration: .init(serviceIPs: [try dnsAddress()], nodeName: node.name, listenAddress: gateway), logger: logger)
        return [
            Component("node informers") { await nodeInformers.run() }, Component("proxy informers") { await proxyInformers.run() },
            Component("dns informers") { await dnsInformers.run() }, Component("pod network") { try await pods.run() },
            Component("node routes") { try await routes.run() },
            Component("service proxy") { try await proxy.run() }, Component("cluster dns") { try await dns.run() },
        ]
    }
}
