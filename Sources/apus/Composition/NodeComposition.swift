import APIServer
import ClusterClient
import ContainerRuntime
import HostNetwork
import Logging
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
        return try await real()
    }

    private func simulated(_ count: Int) -> [any Service] {
        let client = control.server.client(user: "apus:simulated-nodes", groups: ["system:masters"], userAgent: "simulated-nodes")
        let nodes = SimulatedNodes(count: count, client: client, logger: logger)
        console.step("\(count) simulated nodes")
        return [Component("simulated nodes") { try await nodes.run() }]
    }

    private func real() async throws -> [any Service] { throw Failure("not yet") }
}
