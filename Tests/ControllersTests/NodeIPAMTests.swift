import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct NodeIPAMTests {
    private func controller(_ cluster: TestCluster, _ block: String) throws -> NodeIPAMController {
        NodeIPAMController(cluster.context("node-controller"), clusterCIDR: try #require(CIDR(block)))
    }

    private func create(_ name: String, _ block: String? = nil, in cluster: TestCluster) async throws {
        let spec: Value = block.map { ["podCIDR": .string($0)] } ?? [:]
        try await cluster.admin.create(.nodes, ["metadata": ["name": .string(name)], "spec": spec])
    }

    private static func blocks(_ nodes: [Value]) -> [String] { nodes.compactMap { $0.spec["podCIDR"].string } }

    @Test func `nodes that join at once get different blocks`() async throws {
        let cluster = try await TestCluster()
        try await create("claimed", "10.244.1.0/24", in: cluster)
        try await cluster.run([try controller(cluster, "10.244.0.0/16")], hasNodes: false) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 { group.addTask { try await create("n\(number)", in: cluster) } }
                try await group.waitForAll()
            }
            let nodes = try await cluster.wait(.nodes, namespace: "", "all have one") { Self.blocks($0).count == 41 }
            #expect(Set(Self.blocks(nodes)).count == 41)
            #expect(nodes.allSatisfy { $0.spec["podCIDRs"].strings == Self.blocks([$0]) })
            #expect(nodes.first { $0.name == "claimed" }?.spec["podCIDR"] == "10.244.1.0/24")
        }
    }

    @Test func `a node that finds none left gets that of a node that goes`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([try controller(cluster, "10.244.0.0/23")], hasNodes: false) {
            for name in ["a", "b"] { try await create(name, in: cluster) }
            try await cluster.wait(.nodes, namespace: "", "both have one") { Self.blocks($0).count == 2 }
            try await create("c", in: cluster)
            try await cluster.wait(.events, "told") { $0.contains { $0["reason"].string == "CIDRNotAvailable" } }
            try await cluster.admin.delete(.nodes, name: "a")
            let nodes = try await cluster.wait(.nodes, namespace: "", "it has one") { Self.blocks($0).count == 2 && $0.contains { $0.name == "c" } }
            #expect(Set(Self.blocks(nodes)).count == 2)
        }
    }
}
