import ObjectModel
import Testing

@testable import Scheduler

@Suite struct ScoreTests {
    @Test func `the emptier node wins`() {
        let snapshot = Snapshot(nodes: [node("a"), node("b")], pods: [pod("old", cpu: "1", memory: "1Gi", node: "a")])
        #expect(snapshot.placement(pod("p", cpu: "1", memory: "1Gi")) == "b")
    }

    @Test func `the node whose use stays in balance wins`() {
        // Both are a quarter used; on b what the pod wants is what is left.
        let snapshot = Snapshot(
            nodes: [node("a", cpu: "10", memory: "10Gi"), node("b", cpu: "10", memory: "10Gi")],
            pods: [pod("1", cpu: "5", memory: "0", node: "a"), pod("2", cpu: "0", memory: "5Gi", node: "b")])
        #expect(snapshot.placement(pod("p", cpu: "4", memory: "10Mi")) == "b")
    }

    @Test func `a soft taint is avoided where possible`() {
        let soft: Value = ["key": "k", "effect": "PreferNoSchedule"]
        #expect(Snapshot(nodes: [node("a", taints: [soft]), node("b", cpu: "3")]).placement(pod("p", cpu: "1")) == "b")
        #expect(Snapshot(nodes: [node("a", taints: [soft])]).placement(pod("p")) == "a")
    }

    @Test func `preferred node affinity weighs`() {
        func preference(_ weight: Int, _ value: String) -> Value {
            ["weight": Value(weight), "preference": ["matchExpressions": [["key": "disk", "operator": "In", "values": [.string(value)]]]]]
        }
        var spec: Value = [:]
        spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] = [preference(1, "hdd"), preference(10, "ssd")]
        let snapshot = Snapshot(nodes: [node("a", labels: ["disk": "hdd"]), node("b", labels: ["disk": "ssd"])])
        #expect(snapshot.placement(pod("p", spec: spec)) == "b")
    }

    @Test func `the node that has the image wins`() {
        var holder = node("b")
        holder["status"]["images"] = [["names": ["registry.example/app:1"], "sizeBytes": 800_000_000]]
        #expect(Snapshot(nodes: [node("a"), holder]).placement(pod("p")) == "b")
    }

    @Test func `preferred company and distance weigh`() {
        func preferring(_ kind: String) -> Value {
            var spec: Value = [:]
            spec["affinity"][kind]["preferredDuringSchedulingIgnoredDuringExecution"] = [
                ["weight": 100, "podAffinityTerm": ["topologyKey": "kubernetes.io/hostname", "labelSelector": ["matchLabels": ["app": "db"]]]]
            ]
            return pod("p", spec: spec)
        }
        let snapshot = Snapshot(nodes: [node("a"), node("b")], pods: [pod("db", node: "a", labels: ["app": "db"])])
        #expect(snapshot.placement(preferring("podAffinity")) == "a")
        #expect(snapshot.placement(preferring("podAntiAffinity")) == "b")
    }

    @Test func `a large cluster is sampled`() {
        #expect([50, 100, 1000, 5000, 10_000].map(Planner.sampleSize) == [50, 100, 420, 500, 500])
    }
}
