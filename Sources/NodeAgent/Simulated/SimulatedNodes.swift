import ClusterClient
import Logging
import ObjectModel

/// Stand-ins for machines: nodes that renew their leases and walk the pods bound to them from Pending to Running, and to Succeeded or away,
/// without containers and without privileges. For trying a cluster out and for tests of scale.
///
/// All nodes share one watch on bound pods and remember a few words per pod, never the object.
public struct SimulatedNodes: Sendable {
    public struct Configuration: Sendable {
        /// Nodes to stand in for.
        public var count: Int

        /// Nodes are named `PREFIX-0`, `PREFIX-1`, ….
        public var namePrefix = "simulated"

        /// Names in place of prefix and number, where there are some.
        public var names: [String] = []

        /// What each node offers.
        public var capacity: Value = ["cpu": "32", "memory": "256Gi", "pods": "110", "ephemeral-storage": "1Ti"]

        /// Labels beyond the well-known ones, per node number.
        public var labels: @Sendable (_ number: Int) -> [String: String] = { _ in [:] }

        /// How often each node renews its lease; leases count as fresh for four times as long.
        public var leaseInterval: Duration = .seconds(10)

        /// How long a pod that is meant to end (`restartPolicy` other than `Always`) runs before it succeeds.
        public var runTime: Duration = .seconds(1)

        /// Pods whose status is written at the same time, at most.
        public var workers = 8

        public init(count: Int) { self.count = count }
    }

    private let configuration: Configuration
    private let client: Client
    private let logger: Logger
    private let now: @Sendable () -> Timestamp

    public init(_ configuration: Configuration, client: Client, logger: Logger, now: @escaping @Sendable () -> Timestamp = Timestamp.now) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.now = now
    }

    public init(count: Int, client: Client, logger: Logger) { self.init(Configuration(count: count), client: client, logger: logger) }

    /// Registers the nodes and plays them until cancelled. The nodes stay registered afterwards, as machines that lost power would.
    public func run() async throws {
        let nodes = (0..<configuration.count).map { SimulatedNode(number: $0, configuration: configuration) }
        let pods = SimulatedPods(nodes: nodes, configuration: configuration, client: client, logger: logger, now: now)
        try await register(nodes)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await SimulatedLeases(nodes: nodes, interval: configuration.leaseInterval, client: client, now: now).run() }
            group.addTask { await pods.run() }
        }
    }

    private func register(_ nodes: [SimulatedNode]) async throws {
        let share = max(1, configuration.workers)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<share {
                group.addTask {
                    for index in stride(from: worker, to: nodes.count, by: share) { try await register(nodes[index]) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func register(_ node: SimulatedNode) async throws {
        do {
            try await client.create(.nodes, node.object(at: now()))
        } catch let error as APIError where error.reason == .alreadyExists {
            try await client.patch(.nodes, name: node.name, subresource: "status", .merge, ["status": node.status(at: now())])
        }
    }
}
