import ClusterClient
import ContainerRuntime
import Foundation
import HostNetwork
import Logging
import NodeAgent
import ObjectModel
import ServiceNetwork

/// Takes away what a node put on its machine: containers, mounts, rules, interfaces.
struct NodeRemoval {
    let directory: DataDirectory
    let traces: NodeTraces
    let console: Console

    func run() async throws {
        var logger = Logger(label: "apus")
        logger.logLevel = .warning
        try await Containerd.reset(dataDirectory: directory.path, log: logger)
        console.step("pods and containerd removed")
        let (stack, nftables) = (try LinuxNetworkStack(), try LibNFTables())
        try await ServiceProxy.remove(nftables: nftables)
        if let services = CIDR(traces.serviceCIDR) {
            let layout = ContainerdLayout(dataDirectory: directory.path)
            let nobody = Client(NoTransport(), userAgent: "reset")
            try await PodNetwork(
                informers: Informers(nobody, logger: logger), nftables: nftables, network: stack,
                configuration: .init(
                    nodeName: "", podCIDRs: [traces.podCIDR], clusterCIDRs: [traces.clusterCIDR], serviceCIDRs: [services],
                    configurationDirectory: layout.cniConfigurationDirectory, addressDirectory: directory.file("network")), logger: logger
            ).remove()
        }
        try await NodeRoutes.remove(stack)
        console.step("network removed")
        PodCgroups(root: traces.cgroupRoot).removeAll()
        unmountVolumes()
    }

    /// Pods' volumes in memory are mounts; the deepest go first.
    private func unmountVolumes() {
        let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        let points = mounts.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst(4).first.map(String.init) }
        for point in points.filter({ $0.hasPrefix(directory.path + "/") }).sorted(by: { $0.count > $1.count }) { umount2(point, Int32(MNT_DETACH)) }
    }
}

/// A transport for parts that are only asked to remove themselves.
private struct NoTransport: Transport {
    func send(_ request: APIRequest) async throws -> APIResponse { throw APIError(.serviceUnavailable, "there is no API server") }
    func watch(_ request: APIRequest) async throws -> WatchStream { throw APIError(.serviceUnavailable, "there is no API server") }
}
