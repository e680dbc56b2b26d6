import ClusterClient
import Logging
import ObjectModel
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct `Simulated nodes` {
    @Test func `walk pods through their lives`() async throws {
        let cluster = try await TestCluster()
        var configuration = SimulatedNodes.Configuration(count: 3)
        configuration.runTime = .milliseconds(1)
        let nodes = SimulatedNodes(configuration, client: cluster.admin, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let task = Task { try await nodes.run() }
        func pod(_ name: String, _ policy: String) -> Value {
            [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "default"],
                "spec": ["nodeName": "simulated-1", "restartPolicy": .string(policy), "containers": [["name": "main", "image": "x"]]],
            ]
        }
        _ = try await cluster.admin.create(.pods, pod("web", "Always"))
        _ = try await cluster.admin.create(.pods, pod("job", "Never"))
        await cluster.wait(.pods, "default/web") { $0.map(isReady) ?? false }
        await cluster.wait(.pods, "default/job") { $0?.status["phase"] == "Succeeded" }
        try await cluster.admin.delete(.pods, namespace: "default", name: "web")
        await cluster.wait(.pods, "default/web") { $0 == nil }
        await cluster.wait(.leases, "kube-node-lease/simulated-2") { $0 != nil }
        #expect(try await cluster.admin.list(.nodes).items.count == 3)
        task.cancel()
        try await task.value
    }
}
