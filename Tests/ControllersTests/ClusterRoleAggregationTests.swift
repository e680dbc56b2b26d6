import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct ClusterRoleAggregationTests {
    private func role(_ name: String, _ label: String, _ resource: String) -> Value {
        [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": ["name": .string(name), "labels": ["sum": .string(label)]],
            "rules": [["apiGroups": [""], "resources": [.string(resource)], "verbs": ["get"]]],
        ]
    }

    @Test func `the rules of selected roles add up and follow them`() async throws {
        let cluster = try await TestCluster()
        try await cluster.run([ClusterRoleAggregationController(cluster.context("clusterrole-aggregation-controller"))], hasNodes: false) {
            var sum: Value = ["apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": ["name": "sum"]]
            sum["aggregationRule"] = ["clusterRoleSelectors": [["matchLabels": ["sum": "yes"]]]]
            try await cluster.admin.create(.clusterRoles, sum)
            for role in [role("b", "yes", "pods"), role("a", "yes", "secrets"), role("c", "yes", "pods"), role("d", "no", "nodes")] {
                try await cluster.admin.create(.clusterRoles, role)
            }
            try await cluster.wait(.clusterRoles, namespace: "", name: "sum", "two rules") { role in
                role["rules"].array.map { $0["resources"][0].string ?? "" } == ["secrets", "pods"]
            }
            try await cluster.admin.delete(.clusterRoles, name: "a")
            try await cluster.wait(.clusterRoles, namespace: "", name: "sum", "one rule") { $0["rules"].array.count == 1 }
            // What every cluster has: `admin` is the sum of `edit` and others.
            let admin = try await cluster.admin.get(.clusterRoles, name: "admin")
            #expect(!admin["rules"].isEmpty)
        }
    }
}
