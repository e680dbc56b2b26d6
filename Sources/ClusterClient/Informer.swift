import Logging
import ObjectModel
import Synchronization

/// A local, indexed copy of a collection that follows the server: it lists once, then watches; when the watch is lost beyond resuming it lists again
/// and tells the difference. Readers never wait.
public final class Informer: Sendable {
    public let resource: Resource

    /// Keys of an object under one index, such as the node a pod runs on.
    public typealias IndexKeys = @Sendable (Value) -> [String]

    /// What changed: `old` is nil for a new object, `new` is nil for one that is gone.
    public struct Change: Sendable {
        public var old: Value?
        public var new: Value?

        /// The object as it is, or as it last was.
        public var object: Value { new ?? old ?? .null }
    }

    public typealias Handler = @Sendable (Change) -> Void

    fileprivate struct State {
        var objects: [String: Value] = [:]
        var indexes: [String: [String: Set<String>]] = [:]
        var indexers: [String: IndexKeys] = [:]
        var handlers: [Handler] = []
        var hasSynced = false
        var synced: [CheckedContinuation<Void, Never>] = []
    }

    /// Makes of an object what the copy keeps of it, such as its metadata only. It keeps the name, the uid and the resource version.
    public typealias Transform = @Sendable (Value) -> Value

    private let client: Client
    private let fieldSelector: String
    private let labelSelector: String
    private let transform: Transform?
    private let logger: Logger
    private let state = Mutex(State())

    public init(
        _ client: Client, _ resource: Resource, labelSelector: String = "", fieldSelector: String = "", transform: Transform? = nil, logger: Logger
    ) {
        self.client = client
        self.resource = resource
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.transform = transform
        self.logger = logger
    }

    // MARK: Before running

    /// Adds an index. Before `run` only.
    public func addIndex(_ name: String, _ keys: @escaping IndexKeys) {
        state.withLock {
            $0.indexers[name] = keys
            $0.indexes[name] = [:]
        }
    }

    /// Hears of every change, in order, after the copy has it. Called on the informer's task: do little, such as adding a key to a queue. Before `run` only.
    public func onChange(_ handler: @escaping Handler) { state.withLock { $0.handlers.append(handler) } }

    // MARK: Reading

    public var hasSynced: Bool { state.withLock { $0.hasSynced } }

    /// Returns once the first list is in the copy and its handlers ran.
    public func waitUntilSynced() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if !state.hasSynced { state.synced.append(continuation) }
                return state.hasSynced
            }
            if isReady { continuation.resume() }
        }
    }

    /// The object under `namespace/name`, or `name` for cluster-scoped ones.
    public func get(_ key: String) -> Value? { state.withLock { $0.objects[key] } }

    public func get(namespace: String, name: String) -> Value? { get(namespace.isEmpty ? name : "\(namespace)/\(name)") }

    public func list() -> [Value] { state.withLock { Array($0.objects.values) } }

    public var count: Int { state.withLock { $0.objects.count } }

    /// The objects that have `key` under the index `name`.
    public func indexed(_ name: String, _ key: String) -> [Value] {
        state.withLock { state in
            (state.indexes[name]?[key] ?? []).compactMap { state.objects[$0] }
        }
    }

    // MARK: Following the server

    /// Follows the server until the task is cancelled. Failures are logged and retried with back-off.
    public func run() async {
        var backoff = Backoff(initial: .milliseconds(50), max: .seconds(10))
        while !Task.isCancelled {
            do {
                var version = try await relist()
                while !Task.isCancelled {
                    let start = ContinuousClock.now
                    let next = try await follow(from: version)
                    // A server that ends watches at once is not asked again at once.
                    if next == version, ContinuousClock.now - start < .seconds(1) {
                        try await Task.sleep(for: backoff.next())
                    } else {
                        backoff.reset()
                    }
                    version = next
                }
            } catch {
                if Task.isCancelled { break }
                // A denial is a mistake in the cluster's roles that someone must mend; anything else passes.
                let level: Logger.Level = (error as? APIError)?.reason == .forbidden ? .warning : .debug
                logger.log(level: level, "listing or watching failed", metadata: ["resource": "\(resource.plural)", "error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
        // Nobody is left waiting for a copy that will not come.
        for waiter in state.withLock({ state in state.synced.removeAll(returning: ()) }) { waiter.resume() }
    }

    private func relist() async throws -> String {
        let list = try await client.list(resource, labelSelector: labelSelector, fieldSelector: fieldSelector)
        var changes: [Change] = []
        let fresh = Dictionary(list.items.map { ($0.key, kept($0)) }, uniquingKeysWith: { $1 })
        state.withLock { state in
            for key in Array(state.objects.keys) where fresh[key] == nil { changes.append(state.apply(key, nil)) }
            for (key, object) in fresh where state.objects[key]?.resourceVersion != object.resourceVersion {
                // Deleted and created again while nobody watched: two changes, not one.
                if let old = state.objects[key], old.uid != object.uid { changes.append(state.apply(key, nil)) }
                changes.append(state.apply(key, object))
            }
        }
        notify(changes)
        let waiters = state.withLock { state in
            state.hasSynced = true
            return state.synced.removeAll(returning: ())
        }
        for waiter in waiters { waiter.resume() }
        return list.resourceVersion
    }

    /// Applies events until the server ends the watch; returns the version to resume from.
    private func follow(from start: String) async throws -> String {
        var version = start
        let events = try await client.watch(resource, labelSelector: labelSelector, fieldSelector: fieldSelector, resourceVersion: start)
        for try await event in events {
            switch event.kind {
            case .added, .modified:
                let object = kept(event.object)
                notify([state.withLock { $0.apply(object.key, object) }])
            case .deleted:
                let object = kept(event.object)
                let change = state.withLock { state in
                    var change = state.apply(object.key, nil)
                    change.old = object
                    return change
                }
                notify([change])
            case .bookmark: break
            case .error: throw APIError(status: event.object) ?? APIError(.internalError, "\(event.object)")
            }
            version = event.object.resourceVersion
        }
        return version
    }

    private func kept(_ object: Value) -> Value { transform?(object) ?? object }

    private func notify(_ changes: [Change]) {
        let handlers = state.withLock { $0.handlers }
        for change in changes { for handler in handlers { handler(change) } }
    }
}

extension Informer.State {
    /// Puts or removes one object and keeps the indexes true.
    fileprivate mutating func apply(_ key: String, _ object: Value?) -> Informer.Change {
        let old = objects[key]
        for (name, keys) in indexers {
            let before = old.map(keys) ?? []
            let after = object.map(keys) ?? []
            if before == after { continue }
            for indexKey in before where !after.contains(indexKey) {
                indexes[name]?[indexKey]?.remove(key)
                if indexes[name]?[indexKey]?.isEmpty == true { indexes[name]?[indexKey] = nil }
            }
            for indexKey in after where !before.contains(indexKey) { indexes[name]?[indexKey, default: []].insert(key) }
        }
        objects[key] = object
        return Informer.Change(old: old, new: object)
    }
}

extension Array {
    /// Empties the array and returns what was in it.
    fileprivate mutating func removeAll(returning: Void) -> [Element] {
        let all = self
        removeAll()
        return all
    }
}
