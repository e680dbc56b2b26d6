import APIServer
import ClusterClient
import Identity
import Logging
import ObjectModel
import Storage
import Synchronization

@testable import NodeAgent

/// A whole API server in memory, and a look at what is in it.
final class TestCluster: Sendable {
    let server: StandardServer
    let admin: Client
    private let followers = Mutex<Task<Void, Never>?>(nil)
    private let waiters = Mutex<(next: Int, checks: [Int: @Sendable () -> Bool])>((0, [:]))

    init() async throws {
        let configuration = APIServer.Configuration(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        server = try StandardServer(
            configuration, store: MemoryStore(), serviceCIDR: "10.96.0.0/16", serviceAccountKeys: ServiceAccountKeys(),
            connect: { _, _, _, _ throws(APIError) in throw APIError(.serviceUnavailable, "no nodes here") })
        admin = server.client(user: "admin", groups: ["system:masters"], userAgent: "test")
        try await server.bootstrap(addresses: ["127.0.0.1"], port: 6443)
        try await admin.create(.serviceAccounts, ["metadata": ["name": "default", "namespace": "default"]])
        let root: Value = ["metadata": ["name": "kube-root-ca.crt", "namespace": "default"], "data": ["ca.crt": "a certificate"]]
        try await admin.create(.configMaps, root)
        follow([.pods, .events, .nodes, .leases], logger: configuration.logger)
    }

    /// Asks the waiters again after every change. What an informer hears of is in the collection already.
    private func follow(_ resources: [Resource], logger: Logger) {
        let (changes, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let informers = resources.map { Informer(admin, $0, logger: logger) }
        for informer in informers { informer.onChange { _ in signal.yield() } }
        let task = Task {
            await withDiscardingTaskGroup { group in
                for informer in informers { group.addTask { await informer.run() } }
            }
            signal.finish()
        }
        followers.withLock { $0 = task }
        Task { [weak self] in for await _ in changes { self?.settle() } }
    }

    deinit { followers.withLock { $0?.cancel() } }

    /// A client with a node's own identity.
    func client(node: String) -> Client { server.client(user: "system:node:\(node)", groups: ["system:nodes"], userAgent: "kubelet") }

    func object(_ resource: Resource, _ key: String) -> Value? {
        let parts = key.split(separator: "/").map(String.init)
        return server.registry.object(resource, namespace: parts.count > 1 ? parts[0] : "", name: parts.last ?? "")
    }

    func events(_ reason: String) async throws -> [String] {
        try await admin.list(.events).items.filter { $0["reason"].string == reason }.compactMap { $0["message"].string }
    }

    /// Returns once `condition` holds of the object (nil: it is not there).
    func wait(_ resource: Resource, _ key: String, until condition: @escaping @Sendable (Value?) -> Bool) async {
        await when { condition(self.object(resource, key)) }
    }

    /// Returns the first event with this reason as soon as there is one.
    func event(_ reason: String) async throws -> String {
        while true {
            if let message = try await events(reason).first { return message }
            try await yieldOnce()
        }
    }

    /// Returns once `condition` holds, or the test has had its time; it is asked after every change.
    func when(_ condition: @escaping @Sendable () -> Bool) async {
        let once = Once()
        let id = waiters.withLock { waiters in
            waiters.next += 1
            waiters.checks[waiters.next] = {
                guard condition() else { return false }
                once.resume()
                return true
            }
            return waiters.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                once.wait(continuation)
                settle()
            }
        } onCancel: {
            waiters.withLock { $0.checks[id] = nil }
            once.resume()
        }
    }

    private func settle() {
        for (id, check) in waiters.withLock({ $0.checks }) where check() { waiters.withLock { $0.checks[id] = nil } }
    }
}

/// A continuation that is resumed once, by whoever comes first, even before it is there.
private final class Once: Sendable {
    private enum State { case early, waiting(CheckedContinuation<Void, Never>), over }

    private let state = Mutex(State.early)

    func wait(_ continuation: CheckedContinuation<Void, Never>) {
        let isOver = state.withLock { state in
            if case .over = state { return true }
            state = .waiting(continuation)
            return false
        }
        if isOver { continuation.resume() }
    }

    func resume() {
        let continuation: CheckedContinuation<Void, Never>? = state.withLock { state in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }
}

/// Lets others go on; ends a wait whose test has had its time.
func yieldOnce() async throws {
    try Task.checkCancellation()
    await Task.yield()
}
