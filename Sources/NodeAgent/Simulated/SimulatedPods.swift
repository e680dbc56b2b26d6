import ClusterClient
import Logging
import ObjectModel
import Synchronization

/// Walks the pods of all stand-ins through their lives.
final class SimulatedPods: Sendable {
    private let nodes: [String: SimulatedNode]
    private let configuration: SimulatedNodes.Configuration
    private let client: Client
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let queue = WorkQueue()
    private let state = Mutex(State())

    private struct State {
        /// Pods whose next step is due; the object is dropped as soon as the step is done.
        var due: [String: Value] = [:]

        /// Pods that run until their time is up, by when they started.
        var ending: Set<String> = []
        var lastAddress: UInt32 = 0
    }

    init(
        nodes: [SimulatedNode], configuration: SimulatedNodes.Configuration, client: Client, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        self.nodes = Dictionary(nodes.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.now = now
    }

    func run() async {
        let loop = ReconcileLoop("simulated-pods", queue: queue, workers: configuration.workers, logger: logger) { [self] in try await step($0) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await loop.run() }
            group.addTask { await self.follow() }
        }
    }

    // MARK: Following bound pods

    /// Only pods that have a node; a single stand-in asks for its own, as it may have no right to others.
    private var bound: String { nodes.count == 1 ? "spec.nodeName=\(nodes.keys.first ?? "")" : "spec.nodeName!=" }

    private func follow() async {
        var backoff = Backoff(initial: .milliseconds(50), max: .seconds(10))
        while !Task.isCancelled {
            do {
                let list = try await client.list(.pods, fieldSelector: bound)
                backoff.reset()
                for pod in list.items { observe(pod) }
                try await watch(from: list.resourceVersion)
            } catch {
                if Task.isCancelled { return }
                logger.debug("following pods failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func watch(from start: String) async throws {
        var version = start
        while !Task.isCancelled {
            for try await event in try await client.watch(.pods, fieldSelector: bound, resourceVersion: version) {
                switch event.kind {
                case .added, .modified: observe(event.object)
                case .deleted: forget(event.object.key)
                case .bookmark: break
                case .error: throw APIError(status: event.object) ?? APIError(.internalError, "\(event.object)")
                }
                version = event.object.resourceVersion
            }
        }
    }

    private func observe(_ pod: Value) {
        guard nodes[pod.spec["nodeName"].string ?? ""] != nil, Self.isDue(pod) else { return }
        let key = pod.key
        if state.withLock({ $0.due.updateValue(pod, forKey: key) }) == nil { queue.enqueue(key) }
    }

    private func forget(_ key: String) {
        state.withLock {
            $0.due[key] = nil
            $0.ending.remove(key)
        }
    }

    private static func isDue(_ pod: Value) -> Bool {
        if pod.isBeingDeleted { return true }
        switch pod.status["phase"].string {
        case "Running": return isMeantToEnd(pod)
        case "Succeeded", "Failed": return false
        default: return true
        }
    }

    private static func isMeantToEnd(_ pod: Value) -> Bool { (pod.spec["restartPolicy"].string ?? "Always") != "Always" }

    // MARK: One step

    private func step(_ key: String) async throws -> Duration? {
        guard let pod = state.withLock({ $0.due.removeValue(forKey: key) }) else { return try await end(key) }
        guard let node = nodes[pod.spec["nodeName"].string ?? ""] else { return nil }
        do {
            if pod.isBeingDeleted {
                try await client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid, gracePeriod: .zero)
            } else if pod.status["phase"].string != "Running" {
                try await write(SimulatedPod(pod).running(on: node, ip: nextAddress(), at: now()), to: pod)
            } else {
                state.withLock { _ = $0.ending.insert(key) }
                return configuration.runTime
            }
        } catch let error as APIError where error.reason == .notFound || error.reason == .conflict {
            // It is gone, or another pod has its name now: the watch tells of that one.
        } catch {
            state.withLock { if $0.due[key] == nil { $0.due[key] = pod } }
            throw error
        }
        return nil
    }

    /// The time of a pod that is meant to end is up.
    private func end(_ key: String) async throws -> Duration? {
        guard state.withLock({ $0.ending.remove(key) }) != nil, let slash = key.firstIndex(of: "/") else { return nil }
        let (namespace, name) = (String(key[..<slash]), String(key[key.index(after: slash)...]))
        guard let pod = try await client.find(.pods, namespace: namespace, name: name), pod.status["phase"].string == "Running" else { return nil }
        try await write(SimulatedPod(pod).succeeded(at: now()), to: pod)
        return nil
    }

    private func write(_ status: Value, to pod: Value) async throws {
        let patch: Value = ["metadata": ["uid": .string(pod.uid)], "status": status]
        try await client.patch(.pods, namespace: pod.namespace, name: pod.name, subresource: "status", .strategicMerge, patch)
    }

    /// Addresses out of 100.64.0.0/10, which nobody routes.
    private func nextAddress() -> String {
        let number = state.withLock { state -> UInt32 in
            state.lastAddress = state.lastAddress % 0x3F_FFFE + 1
            return state.lastAddress
        }
        let address = 0x6440_0000 + number
        return "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}
