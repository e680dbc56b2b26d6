import ClusterClient
import Foundation
import Glibc
import HostNetwork
import Logging
import ObjectModel

@testable import ServiceNetwork

let canMakeNamespaces = geteuid() == 0 && FileManager.default.fileExists(atPath: "/usr/lib/cni/bridge")

/// A node of its own: a network namespace with the pod network and the service proxy, over a fake API. Pods are attached by the real CNI plugins.
final class TestHost: Sendable {
    let namespace: NetworkNamespace
    let api = FakeAPI()
    let informers: Informers
    let nftables: LibNFTables
    let network: LinuxNetworkStack
    let podNetwork: PodNetwork
    let proxy: ServiceProxy
    let directory: String

    init(podCIDRs: [String] = ["10.244.0.0/24"], clusterCIDRs: [String] = ["10.244.0.0/16"], serviceCIDRs: [String] = ["10.96.0.0/12"]) async throws {
        namespace = try NetworkNamespace(name: "test-host")
        nftables = try LibNFTables(networkNamespace: namespace.path)
        network = try LinuxNetworkStack(networkNamespace: namespace.path)
        directory = NSTemporaryDirectory() + "apus-network-\(UUID().uuidString)"
        informers = Informers(api.client, logger: quiet)
        podNetwork = PodNetwork(
            informers: informers, nftables: nftables, network: network,
            configuration: .init(
                nodeName: "node-a", podCIDRs: podCIDRs.compactMap { CIDR($0) }, clusterCIDRs: clusterCIDRs.compactMap { CIDR($0) },
                serviceCIDRs: serviceCIDRs.compactMap { CIDR($0) }, mtu: 1400, configurationDirectory: directory + "/cni",
                addressDirectory: directory + "/ipam"),
            logger: quiet)
        proxy = ServiceProxy(
            informers: informers, nftables: nftables, network: network,
            configuration: .init(
                nodeName: "node-a", clusterCIDRs: clusterCIDRs.compactMap { CIDR($0) }, serviceCIDRs: serviceCIDRs.compactMap { CIDR($0) }),
            logger: quiet)
        try await Shell.run(["ip", "link", "set", "lo", "up"], in: namespace)
        try await podNetwork.setUp()
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Runs `body` with the proxy and the pod network at work.
    func withProxy<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await informers.run() }
            group.addTask { [self] in try await podNetwork.run() }
            group.addTask { [self] in try await proxy.run() }
            defer { group.cancelAll() }
            try await eventually { [self] in try await nftables.list(table: "apus") != nil }
            return try await body()
        }
    }

    /// A proxy as after a restart: it knows nothing but what the API tells. Its `mark` is in the kernel's table once it took over.
    func anotherProxy() -> Restart {
        let mark = "restart-\(UUID().uuidString.prefix(8).lowercased())"
        let informers = Informers(api.client, logger: quiet)
        let proxy = ServiceProxy(
            informers: informers, nftables: nftables, network: network,
            configuration: .init(nodeName: "node-a", clusterCIDRs: [CIDR(.v4(10, 244, 0, 0), prefixLength: 16)]), logger: quiet)
        api.put(.services, Make.service(mark, clusterIP: "10.96.99.99", spec: ["sessionAffinity": "ClientIP"]))
        api.put(.endpointSlices, Make.slice(mark, [Make.endpoint("10.244.9.9")]))
        return Restart(host: self, informers: informers, proxy: proxy, mark: mark)
    }

    struct Restart: Sendable {
        let host: TestHost
        let informers: Informers
        let proxy: ServiceProxy
        let mark: String

        func run(_ body: @Sendable () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await informers.run() }
                group.addTask { try await proxy.run() }
                defer {
                    group.cancelAll()
                    host.api.delete(.services, namespace: "default", name: mark)
                }
                try await body()
            }
        }
    }

    /// Starts a pod's network with the plugins that the written configuration names.
    func addPod(_ name: String) async throws -> TestPod {
        let pod = TestPod(name: name, namespace: try NetworkNamespace(name: name))
        let result = try await cni("ADD", pod)
        let addresses = try Value(json: Array(result.utf8))["ips"].array.compactMap { $0["address"].string }
        pod.addresses.withLock { $0 = addresses.compactMap { IPAddress(String($0.prefix { $0 != "/" })) } }
        try await Shell.run(["ip", "link", "set", "lo", "up"], in: pod.namespace)
        return pod
    }

    private func cni(_ command: String, _ pod: TestPod) async throws -> String {
        let text = try Data(contentsOf: URL(fileURLWithPath: directory + "/cni/10-apus.conflist"))
        let list = try Value(json: Array(text))
        var plugin = list["plugins"][0]
        plugin["cniVersion"] = list["cniVersion"]
        plugin["name"] = list["name"]
        return try await Shell.run(
            ["/usr/lib/cni/\(plugin["type"].string ?? "")"], in: namespace, input: plugin.json(),
            environment: [
                "CNI_COMMAND": command, "CNI_CONTAINERID": pod.name, "CNI_NETNS": pod.namespace.path, "CNI_IFNAME": "eth0",
                "CNI_PATH": "/usr/lib/cni",
            ])
    }
}

/// A pod's network: a namespace and the addresses that it was given.
final class TestPod: Sendable {
    let name: String
    let namespace: NetworkNamespace
    let addresses = Guarded<[IPAddress]>([])

    init(name: String, namespace: NetworkNamespace) {
        self.name = name
        self.namespace = namespace
    }

    var address: IPAddress { addresses.withLock { $0.first ?? .v4(0, 0, 0, 0) } }
}

final class Guarded<Wrapped: Sendable>: Sendable {
    private let lock: NSLock
    private nonisolated(unsafe) var value: Wrapped
    init(_ value: Wrapped) {
        lock = NSLock()
        self.value = value
    }
    func withLock<Result>(_ body: (inout Wrapped) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// Programs of iproute2 and the CNI plugins, run inside a namespace.
enum Shell {
    struct Failure: Error, CustomStringConvertible { var description: String }

    @discardableResult
    static func run(_ arguments: [String], in namespace: NetworkNamespace, input: [UInt8] = [], environment: [String: String] = [:]) async throws
        -> String
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/nsenter")
        process.arguments = ["--net=\(namespace.path)"] + arguments
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { $1 }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        stdin.fileHandleForWriting.write(Data(input))
        try stdin.fileHandleForWriting.close()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        let errors = try stderr.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: output, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")): \(text) \(String(decoding: errors, as: UTF8.self))")
        }
        return text
    }
}

struct TimedOut: Error {}

/// Asks until the answer is yes; fails after half a minute, which only a change that never comes will take.
func eventually(_ condition: @Sendable () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(30)
    while try await !condition() {
        guard clock.now < deadline else { throw TimedOut() }
        try await clock.sleep(for: .milliseconds(2))
    }
}
