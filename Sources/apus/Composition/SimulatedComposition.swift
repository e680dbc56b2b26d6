import ClusterClient
import Logging
import NodeAgent
import ServiceLifecycle

/// Stand-ins for nodes.
enum SimulatedComposition {
    /// Some, in the process of the control plane.
    static func nodes(_ count: Int, _ control: ControlPlane, _ logger: Logger) -> any Service {
        let client = control.server.client(user: "apus:simulated-nodes", groups: ["system:masters"], userAgent: "simulated-nodes")
        let nodes = SimulatedNodes(count: count, client: client, logger: logger)
        return Component("simulated nodes") { try await nodes.run() }
    }

    /// One, under its own identity.
    static func node(_ name: String, _ client: Client, _ logger: Logger) -> any Service {
        var configuration = SimulatedNodes.Configuration(count: 1)
        configuration.names = [name]
        let nodes = SimulatedNodes(configuration, client: client, logger: logger)
        return Component("simulated node") { try await nodes.run() }
    }
}
