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

/// The long-lived parts of a node: stand-ins, or a container runtime, the pod network, the agent, the service proxy and DNS.
struct NodeComposition {
    let settings: Settings
    let node: Settings.Node
    let directory: DataDirectory
    let control: ControlPlane
    let console: Console
    let logger: Logger

    func services() async throws -> [any Service] {
        if let count = node.simulated { return simulated(count) }
        try Prerequisites.check(usesOwnRuntime: node.runtimeEndpoint == nil)
        return try await real()
    }

    private func simulated(_ count: Int) -> [any Service] {
        let client = control.server.client(user: "apus:simulated-nodes", groups: ["system:masters"], userAgent: "simulated-nodes")
        let nodes = SimulatedNodes(count: count, client: client, logger: logger)
        console.step("\(count) simulated nodes")
        return [Component("simulated nodes") { try await nodes.run() }]
    }

    // MARK: A real node

    private func real() async throws -> [any Service] {
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
        let agent = NodeAgent(
            try agentConfiguration(),
            client: control.server.client(user: "system:node:\(node.name)", groups: ["system:nodes"], userAgent: "kubelet"),
            runtime: runtime, logger: logger)
        let streaming = try streamingServer(agent)
        try await streaming.start()
        services.append(
            Component("node streaming") {
                await Component.untilCancelled()
                await streaming.stop(within: .seconds(2))
            })
        services.append(Component("node agent") { try await agent.run() })
        console.step("node \(node.name) starting")
        return services
    }

    /// Logs, exec, attach and port-forward, for the API server.
    private func streamingServer(_ agent: NodeAgent) throws -> NodeStreamingServer {
        let serving = try control.credentials.credential(
            "kubelet", for: .kubeletServer(node: node.name, addresses: [settings.advertiseAddress]), now: Environment.system.now())
        return try NodeStreamingServer(
            tls: ServingTLS(
                certificateChainPEM: serving.certificatePEM, keyPEM: serving.privateKeyPEM, clientCAPEM: control.authority.certificatePEM),
            backend: PodStreams(agent), group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    }

    private func agentConfiguration() throws -> NodeAgentConfiguration {
        var configuration = NodeAgentConfiguration(
            nodeName: node.name, dataDirectory: directory.file("node"), internalIPs: [settings.advertiseAddress])
        configuration.podCIDRs = [node.podCIDR]
        configuration.clusterDNS = try [dnsAddress().description]
        configuration.stopsPods = node.stopsPods
        return configuration
    }

    /// The tenth address of the service range, as is the custom.
    private func dnsAddress() throws -> IPAddress {
        guard let address = CIDR(settings.serviceCIDR)?.address(at: 10) else {
            throw Failure("--service-cidr \(settings.serviceCIDR) is no block of addresses such as 10.96.0.0/16")
        }
        return address
    }

    private func network(_ containerd: Containerd) async throws -> [any Service] {
        guard let podCIDR = CIDR(node.podCIDR), let clusterCIDR = CIDR(node.clusterCIDR), let serviceCIDR = CIDR(settings.serviceCIDR) else {
            throw Failure("--pod-cidr and --cluster-cidr must be blocks of addresses such as 10.244.0.0/16")
        }
        let (stack, nftables) = (try LinuxNetworkStack(), try LibNFTables())
        let nodeInformers = Informers(
            control.server.client(user: "system:node:\(node.name)", groups: ["system:nodes"], userAgent: "pod-network"), logger: logger)
        let pods = PodNetwork(
            informers: nodeInformers, nftables: nftables, network: stack,
            configuration: .init(
                nodeName: node.name, podCIDRs: [podCIDR], clusterCIDRs: [clusterCIDR], serviceCIDRs: [serviceCIDR],
                configurationDirectory: containerd.layout.cniConfigurationDirectory, addressDirectory: directory.file("network")),
            logger: logger)
        try await pods.setUp()
        console.step("pod network ready (\(node.podCIDR))")

        let proxyInformers = Informers(control.server.client(user: "system:kube-proxy", userAgent: "service-proxy"), logger: logger)
        let proxy = ServiceProxy(
            informers: proxyInformers, nftables: nftables, network: stack,
            configuration: .init(nodeName: node.name, clusterCIDRs: [clusterCIDR], serviceCIDRs: [serviceCIDR]), logger: logger)

        let dnsClient = control.client(controller: "cluster-dns")
        let dnsInformers = Informers(dnsClient, logger: logger)
        let gateway = podCIDR.address(at: 1) ?? podCIDR.network
        let dns = try ClusterDNS(
            client: dnsClient, informers: dnsInformers,
            configuration: .init(serviceIPs: [try dnsAddress()], nodeName: node.name, listenAddress: gateway), logger: logger)
        return [
            Component("node informers") { await nodeInformers.run() }, Component("proxy informers") { await proxyInformers.run() },
            Component("dns informers") { await dnsInformers.run() }, Component("pod network") { try await pods.run() },
            Component("service proxy") { try await proxy.run() }, Component("cluster dns") { try await dns.run() },
        ]
    }
}
