import ClusterClient
import Identity
import Logging
import ObjectModel
import Storage
import Synchronization
import Testing

@testable import APIServer
@testable import Controllers

/// A whole API server in memory, controllers that work on it under their own identities, and a stand-in for the nodes.
struct TestCluster: Sendable {
    let server: StandardServer
    let admin: Client
    let informers: Informers
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() async throws {
        server = try StandardServer(
            APIServer.Configuration(logger: Self.logger), store: MemoryStore(), serviceCIDR: "10.96.0.0/16", serviceAccountKeys: ServiceAccountKeys(),
            connect: { _, _, _, _ throws(APIError) in throw APIError(.serviceUnavailable, "no nodes here") })
        admin = server.client(user: "admin", groups: ["system:masters"], userAgent: "test")
        try await server.bootstrap(addresses: ["127.0.0.1"], port: 6443)
        informers = Informers(server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "informers"), logger: Self.logger)
        try await admin.create(.serviceAccounts, ["metadata": ["name": "default", "namespace": "default"]])
    }

    private init(server: StandardServer, admin: Client) {
        self.server = server
        self.admin = admin
        informers = Informers(server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "informers"), logger: Self.logger)
    }

    /// The same server, as controllers find it that start anew: with nothing in their memory.
    func restarted() -> TestCluster { TestCluster(server: server, admin: admin) }

    /// The identity of a controller.
    func context(_ account: String, now: @escaping @Sendable () -> Timestamp = Timestamp.now) -> ControllerContext {
        let client = server.client(
            user: "system:serviceaccount:kube-system:\(account)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"], userAgent: account)
        return ControllerContext(client: client, informers: informers, now: now, logger: Self.logger)
    }

    /// Runs `controllers`, and with `hasNodes` a stand-in that runs pods, while `body` works.
    func run(_ controllers: [any Controller], hasNodes: Bool = true, _ body: () async throws -> Void) async throws {
        let nodes = hasNodes ? StandInNodes(admin, informers) : nil
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await informers.run() }
            for controller in controllers { group.addTask { await controller.run() } }
            if let nodes { group.addTask { await nodes.run() } }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Waits until the collection satisfies `condition`, hearing of changes by watching. Returns it.
    @discardableResult func wait(
        _ resource: Resource, namespace: String = "default", _ comment: String, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: @escaping @Sendable ([Value]) -> Bool
    ) async throws -> [Value] {
        let last = LastSeen()
        let result = try await withThrowingTaskGroup(of: [Value]?.self) { group in
            group.addTask {
                var (items, version) = try await admin.list(resource, namespace: namespace)
                last.items.withLock { $0 = items }
                if condition(items) { return items }
                while true {
                    for try await event in try await admin.watch(resource, namespace: namespace, resourceVersion: version) {
                        if event.kind == .error { throw APIError(status: event.object) ?? APIError(.internalError, "watch failed") }
                        version = event.object.resourceVersion
                        if event.kind == .bookmark { continue }
                        items.removeAll { $0.key == event.object.key }
                        if event.kind != .deleted { items.append(event.object) }
                        last.items.withLock { $0 = items }
                        if condition(items) { return items }
                    }
                    try Task.checkCancellation()
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(40))
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let result { return result }
        Issue.record("never came true: \(comment)\n\(Value.array(last.items.withLock { $0 }))", sourceLocation: sourceLocation)
        throw APIError(.timeout, "never came true: \(comment)")
    }

    /// Waits until one object satisfies `condition`; absent ones are null.
    @discardableResult func wait(
        _ resource: Resource, namespace: String = "default", name: String, _ comment: String, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: @escaping @Sendable (Value) -> Bool
    ) async throws -> Value {
        let items = try await wait(resource, namespace: namespace, comment, sourceLocation: sourceLocation) { items in
            condition(items.first { $0.name == name } ?? .null)
        }
        return items.first { $0.name == name } ?? .null
    }
}

/// What a wait saw last, to be told of when it fails.
private final class LastSeen: Sendable {
    let items = Mutex<[Value]>([])
}

/// Runs pods the way nodes would: they get an address and become ready, and when they are to end, they do.
struct StandInNodes: Sendable {
    private let client: Client
    private let pods: Informer
    private let queue = WorkQueue()

    init(_ client: Client, _ informers: Informers) {
        self.client = client
        pods = informers.informer(.pods)
        let queue = queue
        pods.onChange { if $0.new != nil { queue.enqueue($0.object.key) } }
    }

    func run() async {
        await ReconcileLoop("nodes", queue: queue, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, reconcile: reconcile).run()
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard var pod = pods.get(key) else { return nil }
        if pod.isBeingDeleted {
            if pod.finalizers.isEmpty { try await client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid, gracePeriod: .zero) }
            return nil
        }
        guard pod["status"]["podIP"].isNull, !pod.isTerminalPod else { return nil }
        let image = pod["spec"]["containers"][0]["image"].string ?? ""
        // An image that never comes up, as tests of stuck rollouts want it.
        if image == "stuck" { return nil }
        if let code = Self.exitCode(image, pod) {
            try await client.finish(pod, exitCode: code)
            return nil
        }
        let address = Value("10.244.\(Self.byte(pod.uid)).\(Self.byte(pod.name))")
        let since = Value(Timestamp.now().rfc3339)
        pod["status"]["phase"] = "Running"
        pod["status"]["podIP"] = address
        pod["status"]["podIPs"] = [["ip": address]]
        pod["status"]["conditions"] = [
            ["type": "Ready", "status": "True", "lastTransitionTime": since],
            ["type": "ContainersReady", "status": "True", "lastTransitionTime": since],
        ]
        try await client.update(.pods, pod, subresource: "status")
        return nil
    }

    /// Images that end at once: `done`, `exit-1`; `done-by-index-0` where the pod has that index and otherwise never, `exit-by-index-1` likewise, and
    /// otherwise well. Nil for those that go on running.
    private static func exitCode(_ image: String, _ pod: Value) -> Int? {
        let index = pod.annotations["batch.kubernetes.io/job-completion-index"]
        if image == "done" { return 0 }
        if image.hasPrefix("done-by-index-") { return image.hasSuffix("-\(index ?? "")") ? 0 : nil }
        if image.hasPrefix("exit-by-index-") { return image.hasSuffix("-\(index ?? "")") ? 1 : 0 }
        return image.hasPrefix("exit-") ? Int(image.dropFirst(5)) : nil
    }

    private static func byte(_ text: String) -> Int { text.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 255 } }
}

extension Client {
    /// Ends a pod's only container, as its node would.
    func finish(_ pod: Value, exitCode: Int = 0) async throws {
        var pod = try await get(.pods, namespace: pod.namespace, name: pod.name)
        let now = Value(Timestamp.now().rfc3339)
        pod["status"]["phase"] = exitCode == 0 ? "Succeeded" : "Failed"
        pod["status"]["containerStatuses"] = [
            [
                "name": pod["spec"]["containers"][0]["name"], "image": "i", "imageID": "i", "ready": false, "restartCount": 0,
                "state": [
                    "terminated": [
                        "exitCode": Value(exitCode), "startedAt": now, "finishedAt": now, "reason": exitCode == 0 ? "Completed" : "Error",
                    ]
                ],
            ]
        ]
        try await update(.pods, pod, subresource: "status")
    }
}
