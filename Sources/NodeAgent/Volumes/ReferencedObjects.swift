import ClusterClient
import Logging
import ObjectModel

/// Config maps and secrets that pods of this node refer to. Each is followed with a watch of its own for as long as a pod here refers to it: a node
/// sees nothing else, and a change reaches the pods at once.
actor ReferencedObjects {
    struct Key: Hashable, Sendable {
        var resource: Resource
        var namespace: String
        var name: String
    }

    private struct Entry {
        var value: Value?
        var isKnown = false
        var users: [String: @Sendable () -> Void] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
        var follower: Task<Void, Never>?
    }

    private let client: Client
    private let logger: Logger
    private var entries: [Key: Entry] = [:]

    init(_ client: Client, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// The object, or nil where there is none; from now on `onChange` tells of its changes until `release`.
    func object(_ key: Key, for podUID: String, onChange: @escaping @Sendable () -> Void) async -> Value? {
        entries[key, default: Entry()].users[podUID] = onChange
        if entries[key]?.follower == nil {
            entries[key]?.follower = Task { await self.follow(key) }
        }
        if entries[key]?.isKnown != true {
            await withCheckedContinuation { entries[key]?.waiters.append($0) }
        }
        return entries[key]?.value
    }

    /// The pod is gone: what only it referred to is not followed any more.
    func release(podUID: String) {
        for (key, entry) in entries where entry.users[podUID] != nil {
            entries[key]?.users[podUID] = nil
            if entries[key]?.users.isEmpty == true {
                entry.follower?.cancel()
                for waiter in entry.waiters { waiter.resume() }
                entries[key] = nil
            }
        }
    }

    /// Ends all watches and waits for them.
    func shutDown() async {
        let followers = entries.values.compactMap(\.follower)
        for follower in followers { follower.cancel() }
        for key in entries.keys {
            for waiter in entries[key]?.waiters ?? [] { waiter.resume() }
            entries[key]?.waiters = []
            entries[key]?.isKnown = true
        }
        for follower in followers { await follower.value }
        entries = [:]
    }

    // MARK: Following one object

    private func follow(_ key: Key) async {
        var backoff = Backoff(initial: .milliseconds(50), max: .seconds(10))
        let selector = "metadata.name=\(key.name)"
        while !Task.isCancelled {
            do {
                let list = try await client.list(key.resource, namespace: key.namespace, fieldSelector: selector)
                learn(key, list.items.first)
                backoff.reset()
                if list.items.first?["immutable"].bool == true { return }
                try await watch(key, selector, from: list.resourceVersion)
            } catch {
                if Task.isCancelled { return }
                if let error = error as? APIError, error.reason == .expired || error.reason == .gone { continue }
                logger.debug("following an object failed", metadata: ["object": "\(key.namespace)/\(key.name)", "error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func watch(_ key: Key, _ selector: String, from start: String) async throws {
        var version = start
        while !Task.isCancelled {
            let events = try await client.watch(key.resource, namespace: key.namespace, fieldSelector: selector, resourceVersion: version)
            for try await event in events {
                switch event.kind {
                case .added, .modified: learn(key, event.object)
                case .deleted: learn(key, nil)
                case .bookmark: break
                case .error: throw APIError(status: event.object) ?? APIError(.internalError, "\(event.object)")
                }
                version = event.object.resourceVersion
            }
        }
    }

    private func learn(_ key: Key, _ value: Value?) {
        guard var entry = entries[key] else { return }
        let isNews =
            entry.isKnown
            && (entry.value?["data"] != value?["data"] || entry.value?["binaryData"] != value?["binaryData"]
                || (entry.value == nil) != (value == nil))
        entry.value = value
        entry.isKnown = true
        let waiters = entry.waiters
        entry.waiters = []
        entries[key] = entry
        for waiter in waiters { waiter.resume() }
        if isNews { for onChange in entry.users.values { onChange() } }
    }
}
