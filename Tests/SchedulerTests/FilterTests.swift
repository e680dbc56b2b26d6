import ObjectModel
import Testing

@testable import Scheduler

@Suite struct FilterTests {
    @Test func `without nodes nothing can be scheduled`() {
        #expect(Snapshot().placement(pod("a")) == "no nodes available to schedule pods")
    }

    @Test func `the reasons are counted and sorted`() {
        let snapshot = Snapshot(nodes: [
            node("a", taints: [["key": "k", "value": "v", "effect": "NoSchedule"]]), node("b", cpu: "1"), node("c", cpu: "1"),
        ])
        #expect(
            snapshot.placement(pod("p", cpu: "2"))
                == "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu.")
    }

    @Test func `a cordoned node takes only pods that tolerate it`() {
        let snapshot = Snapshot(nodes: [node("a", unschedulable: true)])
        #expect(snapshot.placement(pod("p")) == "0/1 nodes are available: 1 node(s) were unschedulable.")
        let tolerant = pod("p", spec: ["tolerations": [["key": "node.kubernetes.io/unschedulable", "operator": "Exists"]]])
        #expect(snapshot.placement(tolerant) == "a")
    }

    private static let tolerations: [(Value, Bool)] = [
        (["key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"], true), (["key": "k", "value": "v"], true),
        (["key": "k", "operator": "Exists"], true), (["operator": "Exists"], true), (["key": "k", "value": "w"], false),
        (["key": "k", "operator": "Exists", "effect": "NoExecute"], false), (["key": "j", "operator": "Exists"], false),
    ]

    @Test(arguments: tolerations) func `a toleration matches by key, value and effect`(toleration: Value, tolerates: Bool) {
        let snapshot = Snapshot(nodes: [node("a", taints: [["key": "k", "value": "v", "effect": "NoSchedule"]])])
        #expect((snapshot.placement(pod("p", spec: ["tolerations": [toleration]])) == "a") == tolerates)
    }

    private static let selectors: [(Value, String?)] = [
        (["nodeSelector": ["disk": "ssd"]], "b"), (["nodeSelector": ["disk": "tape"]], nil),
        (affinity(["matchExpressions": [["key": "disk", "operator": "In", "values": ["ssd", "x"]]]]), "b"),
        (affinity(["matchExpressions": [["key": "disk", "operator": "NotIn", "values": ["hdd"]]]]), "b"),
        (affinity(["matchExpressions": [["key": "gen", "operator": "Gt", "values": ["4"]]]]), "a"),
        (affinity(["matchExpressions": [["key": "gen", "operator": "Lt", "values": ["4"]]]]), "b"),
        (affinity(["matchExpressions": [["key": "gpu", "operator": "Exists"]]]), nil),
        (affinity(["matchExpressions": [["key": "only-a", "operator": "DoesNotExist"]]]), "b"), (affinity([:]), nil),
    ]

    @Test(arguments: selectors) func `node selectors and affinity choose by label`(spec: Value, expected: String?) {
        let snapshot = Snapshot(nodes: [
            node("a", labels: ["disk": "hdd", "gen": "5", "only-a": ""]), node("b", labels: ["disk": "ssd", "gen": "3"]),
        ])
        let placement = snapshot.placement(pod("p", spec: spec))
        #expect(placement == expected ?? "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")
    }

    @Test func `a pod that names its nodes says so of the others`() {
        let snapshot = Snapshot(nodes: [node("a", cpu: "1"), node("b"), node("c")])
        let spec = Self.affinity(["matchFields": [["key": "metadata.name", "operator": "In", "values": ["a"]]]])
        #expect(snapshot.placement(pod("p", spec: spec)) == "a")
        #expect(
            snapshot.placement(pod("p", cpu: "2", spec: spec))
                == "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].")
    }

    @Test func `a host port is taken once per address and protocol`() {
        func listener(_ name: String, _ port: Value, on node: String? = nil) -> Value {
            pod(name, node: node, spec: ["containers": [["name": "c", "ports": [port]]]])
        }
        let snapshot = Snapshot(nodes: [node("a")], pods: [listener("old", ["hostPort": 80, "protocol": "TCP", "hostIP": "10.0.0.1"], on: "a")])
        let refused = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
        #expect(snapshot.placement(listener("p", ["hostPort": 80])) == refused)
        #expect(snapshot.placement(listener("p", ["hostPort": 80, "hostIP": "10.0.0.1"])) == refused)
        #expect(snapshot.placement(listener("p", ["hostPort": 80, "hostIP": "10.0.0.2"])) == "a")
        #expect(snapshot.placement(listener("p", ["hostPort": 80, "protocol": "UDP"])) == "a")
        #expect(snapshot.placement(listener("p", ["containerPort": 80])) == "a")
    }

    @Test func `what runs on a node counts, and every lack is named`() {
        let snapshot = Snapshot(
            nodes: [node("a", cpu: "2", memory: "2Gi", pods: 1, extra: ["example.com/gpu": "1"])],
            pods: [pod("old", cpu: "1500m", memory: "1Gi", node: "a")])
        let greedy = pod(
            "p",
            spec: [
                "containers": [
                    ["name": "c", "resources": ["requests": ["cpu": "1", "memory": "1500Mi", "ephemeral-storage": "200Gi", "example.com/gpu": "2"]]]
                ]
            ])
        #expect(
            snapshot.placement(greedy)
                == "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient example.com/gpu, "
                + "1 Insufficient memory, 1 Too many pods.")
        snapshot.remove("uid-old")
        #expect(snapshot.placement(pod("p", cpu: "2")) == "a")
    }

    private static func affinity(_ term: Value) -> Value {
        ["affinity": ["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": [term]]]]]
    }
}

@Suite struct PodRequestTests {
    private func container(_ cpu: String, sidecar: Bool = false) -> Value {
        var container: Value = ["name": "c", "resources": ["requests": ["cpu": .string(cpu)]]]
        if sidecar { container["restartPolicy"] = "Always" }
        return container
    }

    @Test func `containers add up and the greatest init container counts if it is more`() {
        let spec: Value = ["containers": [container("1"), container("2")], "initContainers": [container("5"), container("4")]]
        #expect(PodRequests.requests(spec).milliCPU == 5000)
    }

    @Test func `sidecars stay, beside later init containers and beside the containers`() {
        #expect(
            PodRequests.requests(["containers": [container("1")], "initContainers": [container("2", sidecar: true), container("3")]]).milliCPU == 5000
        )
        #expect(
            PodRequests.requests(["containers": [container("4")], "initContainers": [container("2", sidecar: true), container("3")]]).milliCPU == 6000
        )
        #expect(
            PodRequests.requests(["containers": [container("1")], "initContainers": [container("3"), container("2", sidecar: true)]]).milliCPU == 3000
        )
    }

    @Test func `overhead comes on top, and requests of the pod as a whole take the place of the sum`() {
        #expect(PodRequests.requests(["containers": [container("1")], "overhead": ["cpu": "250m"]]).milliCPU == 1250)
        #expect(
            PodRequests.requests(["containers": [container("1")], "resources": ["requests": ["cpu": "3"]], "overhead": ["cpu": "1"]]).milliCPU == 4000
        )
    }
}
