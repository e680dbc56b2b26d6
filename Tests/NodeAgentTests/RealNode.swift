import ClusterClient
import ContainerRuntime
import Glibc
import Logging
import ObjectModel
import Testing

@testable import NodeAgent

/// A node agent on a containerd of its own, with a bridge for its pods, beside an API server in memory. Leaves nothing behind.
struct RealNode: Sendable {
    let cluster: TestCluster
    let runtime: CRIRuntime
    let containerd: Containerd
    let directory: String
    /// The first three octets of the pods' addresses.
    let addressBlock: String

    static let image = "apus.local/busybox:1"

    /// Why real containers can't be run here; nil where they can.
    static let obstacle: String? = {
        if geteuid() != 0 { return "needs root" }
        for program in ["/usr/bin/containerd", "/usr/lib/cni/bridge", "/bin/busybox"] where !File.exists(program) { return "needs \(program)" }
        return nil
    }()

    static let comment = Comment(rawValue: "real containers: \(obstacle ?? "possible")")

    static func run(_ body: @escaping @Sendable (RealNode) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let containerd = Containerd(.init(dataDirectory: directory), log: logger)
            let bridge = String("ap\(directory.suffix(6))")
            let outcome: Result<Void, any Error>
            do {
                try File.makeDirectory(containerd.layout.cniConfigurationDirectory)
                let block = try freeAddressBlock()
                try File.write(Array(network(bridge, block, directory).utf8), to: "\(containerd.layout.cniConfigurationDirectory)/10-test.conflist")
                try await containerd.start()
                _ = try await containerd.imageStore().pack(folder: busybox(directory), .init(names: [image]))
                let runtime = try CRIRuntime(socket: containerd.socket)
                let node = RealNode(
                    cluster: try await TestCluster(), runtime: runtime, containerd: containerd, directory: directory, addressBlock: block)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await runtime.run() }
                    try await body(node)
                    group.cancelAll()
                }
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            try await Containerd.reset(dataDirectory: directory, log: logger)
            PodCgroups(root: "/\(bridge)").removeAll()
            for controller in (try? File.names(in: "/sys/fs/cgroup")) ?? [] {
                KernelCgroupTree().removeGroup("/sys/fs/cgroup/\(controller)/\(cgroup(directory))")
            }
            removeLink(bridge)
            try outcome.get()
        }
    }

    private static func cgroup(_ directory: String) -> String { "ap\(directory.suffix(6))" }

    /// Runs an agent while `body` runs.
    func running(_ configure: (inout NodeAgentConfiguration) -> Void = { _ in }, _ body: () async throws -> Void) async throws {
        var configuration = NodeAgentConfiguration(nodeName: "n1", dataDirectory: "\(directory)/node", internalIPs: ["192.0.2.1"])
        configuration.cgroupRoot = "/\(Self.cgroup(directory))"
        configuration.clusterDNS = ["10.96.0.10"]
        configuration.evictionHard = [:]
        configure(&configuration)
        let logger = Logger(label: "node") { _ in SwiftLogNoOpLogHandler() }
        let agent = NodeAgent(configuration, client: cluster.client(node: "n1"), runtime: runtime, logger: logger)
        let task = Task { try await agent.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        task.cancel()
        try await task.value
        try result.get()
    }

    @discardableResult func create(_ name: String, _ spec: Value, labels: [String: String] = [:]) async throws -> String {
        var spec = spec
        spec["nodeName"] = "n1"
        if spec["terminationGracePeriodSeconds"].isNull { spec["terminationGracePeriodSeconds"] = 2 }
        return try await cluster.admin.create(
            .pods,
            ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "default", "labels": Value(labels)], "spec": spec]
        ).uid
    }

    func wait(_ name: String, until condition: @escaping @Sendable (Value?) -> Bool) async {
        await cluster.wait(.pods, "default/\(name)", until: condition)
    }

    /// A container that runs a line of shell.
    static func shell(_ name: String = "main", _ line: String) -> Value {
        ["name": .string(name), "image": .string(image), "imagePullPolicy": "IfNotPresent", "command": ["/bin/sh", "-c", .string(line)]]
    }

    func log(_ pod: String, _ uid: String, container: String = "main", attempt: Int = 0) -> String {
        let path = "\(directory)/node/logs/default_\(pod)_\(uid)/\(container)/\(attempt).log"
        return String(decoding: (try? File.read(path)) ?? [], as: UTF8.self)
    }

    // MARK: Setting up

    /// A block that no route leads to: that of a run which was killed is still there and would take the answers.
    private static func freeAddressBlock() throws -> String {
        let taken = Set(
            String(decoding: try File.read("/proc/net/route"), as: UTF8.self).split(separator: "\n").compactMap {
                $0.split(separator: "\t").dropFirst().first
            })
        let free = (1...254).filter { number in
            let destination = [0, number, 213, 10].map { String($0 + 256, radix: 16, uppercase: true).dropFirst() }.joined()
            return !taken.contains(Substring(destination))
        }
        return "10.213.\(try #require(free.randomElement()))"
    }

    private static func network(_ bridge: String, _ block: String, _ directory: String) -> String {
        """
        {"cniVersion": "0.4.0", "name": "\(bridge)", "plugins": [{"type": "bridge", "bridge": "\(bridge)", "isGateway": true, "ipMasq": false,
          "ipam": {"type": "host-local", "dataDir": "\(directory)/cni", "ranges": [[{"subnet": "\(block).0/24"}]]}}]}
        """
    }

    private static func busybox(_ directory: String) throws -> String {
        let folder = "\(directory)/busybox"
        for part in ["bin", "tmp", "etc"] { try File.makeDirectory("\(folder)/\(part)") }
        try File.write(try File.read("/bin/busybox"), to: "\(folder)/bin/busybox", mode: 0o755)
        for command in ["sh", "echo", "sleep", "cat", "false", "true", "httpd", "id", "hostname", "nslookup", "trap", "ls", "wget"] {
            try File.link("\(folder)/bin/\(command)", to: "busybox")
        }
        return folder
    }

    /// Removes the bridge with an interface request, as `ip link delete` does.
    private static func removeLink(_ name: String) {
        var pid = pid_t()
        let words = ["/usr/sbin/ip", "link", "delete", name]
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        guard posix_spawn(&pid, "/usr/sbin/ip", nil, nil, arguments, nil) == 0 else { return }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }
}
