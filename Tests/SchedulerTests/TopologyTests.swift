import ObjectModel
import Testing

@testable import Scheduler

@Suite struct TopologyTests {
    private static let zone = "topology.kubernetes.io/zone"
    private let nodes = [
        node("a", labels: [zone: "1"]), node("b", labels: [zone: "1"]), node("c", labels: [zone: "2"]),
    ]

    private func spread(_ name: String, maxSkew: Int = 1, on node: String? = nil, key: String = zone, more: Value = [:]) -> Value {
        var constraint: Value = [
            "maxSkew": Value(maxSkew), "topologyKey": .string(key), "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": ["matchLabels": ["app": "x"]],
        ]
        for (key, value) in more.fields { constraint[key] = value }
        return pod(name, node: node, labels: ["app": "x"], spec: ["topologySpreadConstraints": .array([constraint])])
    }

    @Test func `a zone that is ahead takes no more`() {
        let snapshot = Snapshot(nodes: nodes, pods: [spread("1", on: "a")])
        #expect(snapshot.placement(spread("p")) == "c")
        snapshot.removeNode("c")
        #expect(["a", "b"].contains(snapshot.placement(spread("p"))))
    }

    @Test func `the messages tell a skew from a missing label`() {
        let snapshot = Snapshot(
            nodes: [node("a", labels: [Self.zone: "1"]), node("b", cpu: "0", labels: [Self.zone: "2"]), node("c")], pods: [spread("1", on: "a")])
        var wanting = spread("p")
        wanting["spec"]["containers"] = [["name": "c", "resources": ["requests": ["cpu": "1"]]]]
        #expect(
            snapshot.placement(wanting)
                == "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match pod topology spread constraints, "
                + "1 node(s) didn't match pod topology spread constraints (missing required label).")
    }

    @Test func `too few domains count as an empty one`() {
        let snapshot = Snapshot(nodes: [node("a", labels: [Self.zone: "1"])], pods: [spread("1", on: "a")])
        #expect(snapshot.placement(spread("p")) == "a")
        #expect(
            snapshot.placement(spread("p", more: ["minDomains": 2]))
                == "0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.")
    }

    @Test func `pods of another namespace or on their way out do not count`() {
        var leaving = spread("1", on: "a")
        leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        var foreign = spread("2", on: "a")
        foreign["metadata"]["namespace"] = "other"
        let snapshot = Snapshot(nodes: [nodes[0], node("c", cpu: "0", labels: [Self.zone: "2"])], pods: [leaving, foreign])
        var wanting = spread("p")
        wanting["spec"]["containers"] = [["name": "c", "resources": ["requests": ["cpu": "1"]]]]
        #expect(snapshot.placement(wanting) == "a")
        snapshot.add(PodInfo(spread("3")), toNode: "a")
        #expect(snapshot.placement(wanting).hasPrefix("0/2 nodes"))
    }

    @Test func `replicas of a ReplicaSet spread over nodes and zones by themselves`() {
        let snapshot = Snapshot(nodes: (0..<6).map { node("n\($0)", labels: [Self.zone: "\($0 % 3)"]) })
        snapshot.owners.setWorkload(
            "ReplicaSet", ["metadata": ["name": "web", "namespace": "default"], "spec": ["selector": ["matchLabels": ["app": "web"]]]])
        var placed: [String] = []
        for number in 0..<6 {
            var replica = pod("web-\(number)", labels: ["app": "web"])
            replica["metadata"]["ownerReferences"] = [["kind": "ReplicaSet", "name": "web", "controller": true]]
            let place = snapshot.placement(replica)
            placed.append(place)
            snapshot.add(PodInfo(replica), toNode: place)
        }
        #expect(Set(placed).count == 6)
        #expect(Set(placed[0..<3].map { (Int($0.dropFirst()) ?? 0) % 3 }).count == 3)
    }

    private func affine(_ name: String, _ kind: String, key: String = zone, on node: String? = nil, namespaces: Value = .null) -> Value {
        let term: Value = ["topologyKey": .string(key), "labelSelector": ["matchLabels": ["app": "db"]], "namespaceSelector": namespaces]
        var spec: Value = [:]
        spec["affinity"][kind]["requiredDuringSchedulingIgnoredDuringExecution"] = .array([term])
        return pod(name, node: node, labels: ["app": "web"], spec: spec)
    }

    @Test func `a pod goes where the company is that it wants`() {
        let snapshot = Snapshot(nodes: nodes, pods: [pod("db", node: "c", labels: ["app": "db"])])
        #expect(snapshot.placement(affine("p", "podAffinity")) == "c")
        snapshot.remove("uid-db")
        #expect(snapshot.placement(affine("p", "podAffinity")) == "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.")
        var first = affine("p", "podAffinity")
        first["metadata"]["labels"] = ["app": "db"]
        #expect(["a", "b", "c"].contains(snapshot.placement(first)))
    }

    @Test func `a pod keeps away from those it does not want`() {
        let snapshot = Snapshot(nodes: nodes, pods: [pod("db", node: "a", labels: ["app": "db"])])
        #expect(snapshot.placement(affine("p", "podAntiAffinity")) == "c")
        snapshot.removeNode("c")
        #expect(snapshot.placement(affine("p", "podAntiAffinity")) == "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.")
    }

    @Test func `a pod is kept away by those that do not want it`() {
        let snapshot = Snapshot(nodes: nodes, pods: [affine("loner", "podAntiAffinity", on: "a")])
        let unwelcome = pod("db", labels: ["app": "db"])
        #expect(snapshot.placement(unwelcome) == "c")
        snapshot.removeNode("c")
        #expect(snapshot.placement(unwelcome) == "0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.")
        snapshot.remove("uid-loner")
        #expect(["a", "b"].contains(snapshot.placement(unwelcome)))
    }

    @Test func `affinity reaches into namespaces chosen by label`() {
        let snapshot = Snapshot(nodes: nodes, pods: [pod("db", namespace: "data", node: "c", labels: ["app": "db"])])
        snapshot.namespaces["data"] = ["metadata": ["name": "data", "labels": ["tier": "data"]]]
        #expect(snapshot.placement(affine("p", "podAffinity")).hasPrefix("0/3"))
        #expect(snapshot.placement(affine("p", "podAffinity", namespaces: ["matchLabels": ["tier": "data"]])) == "c")
        #expect(snapshot.placement(affine("p", "podAffinity", namespaces: [:])) == "c")
        #expect(snapshot.placement(affine("p", "podAffinity", namespaces: ["matchLabels": ["tier": "web"]])).hasPrefix("0/3"))
    }
}
