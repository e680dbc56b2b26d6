import TestSupport
import ObjectModel

@testable import Scheduler

/// A node with room for 110 pods.
func node(
    _ name: String, cpu: String = "4", memory: String = "8Gi", pods: Int = 110, labels: [String: String] = [:], taints: [Value] = [],
    unschedulable: Bool = false, extra: Value = [:]
) -> Value {
    var allocatable: Value = ["cpu": .string(cpu), "memory": .string(memory), "pods": .string("\(pods)"), "ephemeral-storage": "100Gi"]
    for (key, value) in extra.fields { allocatable[key] = value }
    var node: Value = [
        "apiVersion": "v1", "kind": "Node",
        "metadata": ["name": .string(name), "labels": Value(labels.merging(["kubernetes.io/hostname": name]) { $1 })],
        "spec": ["taints": .array(taints)], "status": ["allocatable": allocatable],
    ]
    if unschedulable { node["spec"]["unschedulable"] = true }
    return node
}

func pod(
    _ name: String, namespace: String = "default", cpu: String? = nil, memory: String? = nil, node: String? = nil, priority: Int = 0,
    labels: [String: String] = [:], spec: Value = [:], status: Value = [:]
) -> Value {
    var requests: Value = [:]
    if let cpu { requests["cpu"] = .string(cpu) }
    if let memory { requests["memory"] = .string(memory) }
    var pod: Value = [
        "apiVersion": "v1", "kind": "Pod",
        "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string("uid-\(name)"), "labels": Value(labels)],
        "spec": [
            "schedulerName": "default-scheduler", "priority": Value(priority),
            "containers": [["name": "c", "image": "registry.example/app:1", "resources": ["requests": requests]]],
        ],
        "status": status,
    ]
    for (key, value) in spec.fields { pod["spec"][key] = value }
    if let node { pod["spec"]["nodeName"] = .string(node) }
    return pod
}

extension Snapshot {
    convenience init(nodes: [Value], pods: [Value] = []) {
        self.init()
        for node in nodes { setNode(node) }
        for pod in pods { add(PodInfo(pod), toNode: pod.spec["nodeName"].string ?? "") }
    }

    /// The node that the planner chooses, or the message that the pod waits with.
    func placement(_ pod: Value) -> String {
        var planner = Planner(random: SeededRandom(seed: 1))
        switch planner.decide(PodInfo(pod), self) {
        case .place(let node): return node.name
        case .wait(let error): return error.message
        }
    }
}
