import ClusterClient
import ContainerRuntime
import Glibc
import Logging
import ObjectModel
import Testing

@testable import NodeAgent

/// A folder that is gone afterwards.
func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/node-agent-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp", "/tmp") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        try? Mount.unmountAll(below: path)
        try? File.removeTree(path)
    }
    return try await body(path)
}

/// A node agent on a runtime in memory.
struct TestNode {
    let cluster: TestCluster
    let runtime = FakeContainerRuntime(now: { Timestamp.now().nanoseconds })
    let directory: String

    private let kernelLog: KernelLogPipe

    init(directory: String) async throws {
        self.directory = directory
        kernelLog = try KernelLogPipe("\(directory)/kernel-log")
        cluster = try await TestCluster()
        runtime.add(image: "docker.io/library/hello:1")
    }

    /// Runs an agent while `body` runs.
    static func run(_ body: (TestNode) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let node = try await TestNode(directory: directory)
            try await node.running { try await body(node) }
        }
    }

    func running(_ body: () async throws -> Void) async throws {
        var configuration = NodeAgentConfiguration(nodeName: "n1", dataDirectory: directory, internalIPs: ["192.0.2.1"])
        configuration.managesCgroups = false
        // However full the machine is that tests.
        configuration.evictionHard = [:]
        configuration.clusterDNS = ["10.96.0.10"]
        configuration.kernelLog = kernelLog.path
        let agent = NodeAgent(
            configuration, client: cluster.client(node: "n1"), runtime: runtime, logger: Logger(label: "node") { _ in SwiftLogNoOpLogHandler() })
        let task = Task { try await agent.run() }
        do { try await body() } catch {
            task.cancel()
            _ = try? await task.value
            throw error
        }
        task.cancel()
        try await task.value
    }

    /// Creates a pod that is bound to this node; returns its UID.
    @discardableResult func create(
        _ name: String, _ spec: Value = ["containers": [["name": "main", "image": "hello:1"]]], labels: [String: String] = [:]
    ) async throws -> String {
        var spec = spec
        spec["nodeName"] = "n1"
        return try await cluster.admin.create(
            .pods,
            [
                "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "default", "labels": Value(labels)], "spec": spec,
            ]
        ).uid
    }

    func wait(_ name: String, until condition: @escaping @Sendable (Value?) -> Bool) async {
        await cluster.wait(.pods, "default/\(name)", until: condition)
    }

    func waitUntilReady(_ name: String) async { await wait(name) { $0.map(isReady) ?? false } }

    /// Has the kernel say that it killed a process.
    func tellOfKill(inCgroup cgroup: String, isSystemWide: Bool = false) throws {
        let scope = isSystemWide ? "global_oom" : "oom_memcg=/kubepods/burstable"
        let microseconds = KernelLog.now.components.seconds * 1_000_000 + 1_000_000
        try kernelLog.write("6,1,\(microseconds),-;oom-kill:constraint=C,\(scope),task_memcg=\(cgroup),task=dd,pid=7,uid=0\n")
    }

    /// The ids of a pod's containers of a name, oldest first.
    func containerIDs(_ name: String) -> [String] {
        runtime.calls.filter { $0.call == .startContainer }.map(\.subject)
    }
}

/// What an agent takes for the kernel's log.
private final class KernelLogPipe: Sendable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        guard mkfifo(path, 0o600) == 0 else { throw SystemError("mkfifo", path) }
        // Open at both ends for as long as the test runs: what is written waits for the agent, and the agent never comes to an end of it.
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
    }

    deinit { close(descriptor) }

    func write(_ record: String) throws {
        let written = record.withCString { Glibc.write(descriptor, $0, strlen($0)) }
        guard written == record.utf8.count else { throw SystemError("write", path) }
    }
}

func isReady(_ pod: Value) -> Bool {
    pod.status["conditions"].array.contains { $0["type"].string == "Ready" && $0["status"].string == "True" }
}
