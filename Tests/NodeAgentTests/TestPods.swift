import ObjectModel

@testable import NodeAgent

/// A small pod to start from.
func testPod(_ name: String = "web", _ spec: Value = ["containers": [["name": "main", "image": "hello:1"]]], labels: [String: String] = [:]) -> Pod {
    Pod([
        "apiVersion": "v1", "kind": "Pod",
        "metadata": ["name": .string(name), "namespace": "default", "uid": .string("uid-\(name)"), "generation": 1, "labels": Value(labels)],
        "spec": spec,
    ])
}

let testTime = Timestamp(seconds: 1_800_000_000)

func running(_ name: String, attempt: Int = 0, sandbox: String = "s0", at time: Timestamp = testTime) -> ContainerRecord {
    ContainerRecord(id: "\(name)-\(attempt)", name: name, attempt: attempt, state: .running, createdAt: time, startedAt: time, sandboxID: sandbox)
}

func exited(_ name: String, code: Int, attempt: Int = 0, sandbox: String = "s0", at time: Timestamp = testTime) -> ContainerRecord {
    ContainerRecord(
        id: "\(name)-\(attempt)", name: name, attempt: attempt, state: .exited, createdAt: time, startedAt: time, finishedAt: time, exitCode: code,
        reason: code == 0 ? "Completed" : "Error", sandboxID: sandbox)
}

func sandbox(_ id: String = "s0", attempt: Int = 0, isReady: Bool = true) -> SandboxRecord {
    SandboxRecord(id: id, attempt: attempt, isReady: isReady, createdAt: testTime, ips: ["10.0.0.5"])
}
