import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct FlowSchemaTests {
    private func dangling(_ schema: Value) -> Value { schema["status"]["conditions"].array.first { $0["type"].string == "Dangling" } ?? .null }

    @Test func `a flow schema dangles until its priority level is there`() async throws {
        let cluster = try await TestCluster()
        // The identity of upstream's API server, which sees to this itself.
        let context = ControllerContext(
            client: cluster.admin, informers: cluster.informers, now: Timestamp.now, logger: cluster.context("flow-schema-controller").logger)
        try await cluster.run([FlowSchemaController(context)], hasNodes: false) {
            try await cluster.wait(.flowSchemas, namespace: "", "all found") { schemas in
                schemas.count > 10 && schemas.allSatisfy { dangling($0)["status"].string == "False" && dangling($0)["reason"].string == "Found" }
            }
            try await cluster.admin.create(
                .flowSchemas,
                [
                    "metadata": ["name": "shop"],
                    "spec": ["priorityLevelConfiguration": ["name": "shop"], "matchingPrecedence": 500],
                ])
            let alone = try await cluster.wait(.flowSchemas, namespace: "", "dangles") { schemas in
                schemas.contains { $0.name == "shop" && dangling($0)["status"].string == "True" }
            }
            #expect(
                alone.first { $0.name == "shop" }.map(dangling)?["message"].string
                    == #"This FlowSchema references the PriorityLevelConfiguration object named "shop" but there is no such object"#)
            try await cluster.admin.create(
                .priorityLevelConfigurations,
                [
                    "metadata": ["name": "shop"],
                    "spec": ["type": "Limited", "limited": ["nominalConcurrencyShares": 10, "limitResponse": ["type": "Reject"]]],
                ])
            try await cluster.wait(.flowSchemas, namespace: "", "found") { schemas in
                schemas.contains { $0.name == "shop" && dangling($0)["status"].string == "False" }
            }
        }
    }
}
