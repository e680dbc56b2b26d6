import ClusterClient
import ObjectModel
import Synchronization

@testable import NodeAgent

/// The little of an API server that a node agent needs, in memory: for tests of the agent alone.
final class TestCluster: Transport {
    fileprivate struct State {
        var revision: UInt64 = 0
        /// By collection path without namespace, then by key.
        var objects: [String: [String: Value]] = [:]
        var log: [(revision: UInt64, collection: String, event: WatchEvent)] = []
        var watchers: [Int: Watcher] = [:]
        var waiters: [Int: @Sendable () -> Bool] = [:]
        var next = 0
        var requests: [String] = []
    }

    fileprivate struct Watcher {
        var collection: String
        var namespace: String
        var selector: FieldSelector
        var continuation: WatchStream.Continuation
    }

    private let state = Mutex(State())

    var client: Client { Client(self, userAgent: "test") }

    /// `METHOD path` of every write so far.
    var writes: [String] { state.withLock { $0.requests } }

    func object(_ resource: Resource, _ key: String) -> Value? { state.withLock { $0.objects[resource.path()]?[key] } }

    func objects(_ resource: Resource) -> [Value] { state.withLock { Array(($0.objects[resource.path()] ?? [:]).values) } }

    /// Returns once `condition` holds of the object (nil: it is not there).
    func wait(_ resource: Resource, _ key: String, until condition: @escaping @Sendable (Value?) -> Bool) async {
        await when { condition(self.object(resource, key)) }
    }

    /// Returns once `condition` holds; it is asked after every change.
    func when(_ condition: @escaping @Sendable () -> Bool) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let id = state.withLock { state -> Int in
                state.next += 1
                return state.next
            }
            let once = Mutex(Optional(continuation))
            let check: @Sendable () -> Bool = {
                guard condition() else { return false }
                once.withLock { $0.take() }?.resume()
                return true
            }
            state.withLock { $0.waiters[id] = check }
            settle()
        }
    }

    /// Asks those who wait.
    private func settle() {
        for (id, check) in state.withLock({ $0.waiters }) where check() { state.withLock { $0.waiters[id] = nil } }
    }

    // MARK: Transport

    func send(_ request: APIRequest) async throws -> APIResponse {
        do {
            let answer = try handle(request)
            settle()
            return APIResponse(body: answer.json())
        } catch let error as APIError {
            return APIResponse(status: error.code, body: error.status.json())
        }
    }

    func watch(_ request: APIRequest) async throws -> WatchStream {
        let target = Target(request.path)
        let selector = try FieldSelector(parsing: request.queryValue("fieldSelector") ?? "")
        let (stream, continuation) = WatchStream.makeStream()
        state.withLock { state in
            state.next += 1
            let id = state.next
            let from = UInt64(request.queryValue("resourceVersion") ?? "") ?? 0
            let watcher = Watcher(collection: target.collection, namespace: target.namespace, selector: selector, continuation: continuation)
            for entry in state.log where entry.revision > from && entry.collection == target.collection { watcher.tell(entry.event) }
            state.watchers[id] = watcher
            continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) } }
        }
        return stream
    }

    // MARK: Requests

    private struct Target {
        var collection: String
        var namespace = ""
        var name = ""
        var subresource = ""

        var key: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

        init(_ path: String) {
            var parts = path.split(separator: "/").map(String.init)
            let root = parts[0] == "api" ? 2 : 3
            var prefix = parts[..<root].joined(separator: "/")
            parts = Array(parts[root...])
            if parts[0] == "namespaces", parts.count > 2 {
                namespace = parts[1]
                parts = Array(parts[2...])
            }
            prefix += "/" + parts[0]
            collection = "/" + prefix
            if parts.count > 1 { name = parts[1] }
            if parts.count > 2 { subresource = parts[2] }
        }
    }

    private func handle(_ request: APIRequest) throws -> Value {
        let target = Target(request.path)
        let body = request.body.isEmpty ? Value.null : try Value(json: request.body)
        return try state.withLock { state in
            if request.method != .get { state.requests.append("\(request.method.rawValue) \(request.path)") }
            switch request.method {
            case .get where target.name.isEmpty: return try state.list(target.collection, target.namespace, request.queryValue("fieldSelector") ?? "")
            case .get: return try state.existing(target.collection, target.key)
            case .post where target.subresource == "token":
                return ["status": ["token": .string("token-\(state.revision)"), "expirationTimestamp": .string((Timestamp.now + .seconds(3_600)).rfc3339)]]
            case .post:
                var object = body
                let key = object.key
                if state.objects[target.collection]?[key] != nil { throw APIError.alreadyExists(resource: target.collection, group: "", name: key) }
                if object.uid.isEmpty { object.metadata["uid"] = .string("uid-\(object.name)") }
                object.metadata["generation"] = 1
                return state.put(target.collection, key, object, .added)
            case .put: return state.put(target.collection, target.key, body, .modified)
            case .patch:
                let old = try state.existing(target.collection, target.key)
                if let uid = body.metadata["uid"].string, uid != old.uid { throw APIError(.conflict, "uid mismatch") }
                var patched = old
                patched.apply(mergePatch: request.contentType.hasPrefix("application/strategic") ? Self.expanded(body, old) : body)
                return state.put(target.collection, target.key, patched, .modified)
            case .delete: return try state.delete(target.collection, target.key, body)
            default: throw APIError(.methodNotAllowed, "no")
            }
        }
    }

    /// A strategic merge patch of a status as a merge patch: conditions merge by type, `$patch: replace` replaces.
    private static func expanded(_ patch: Value, _ old: Value) -> Value {
        var patch = patch
        if patch.status["conditions"].isArray {
            let fresh = patch.status["conditions"].array
            let kept = old.status["conditions"].array.filter { condition in !fresh.contains { $0["type"] == condition["type"] } }
            patch["status"]["conditions"] = .array(kept + fresh)
        }
        for field in ["podIPs", "hostIPs", "addresses"] where patch.status[field].isArray {
            patch["status"][field] = .array(patch.status[field].array.filter { $0["$patch"].isNull })
        }
        return patch
    }
}

extension TestCluster.State {
    fileprivate func existing(_ collection: String, _ key: String) throws -> Value {
        guard let object = objects[collection]?[key] else { throw APIError.notFound(resource: collection, group: "", name: key) }
        return object
    }

    fileprivate func list(_ collection: String, _ namespace: String, _ selector: String) throws -> Value {
        let selector = try FieldSelector(parsing: selector)
        let items = (objects[collection] ?? [:]).values.filter { (namespace.isEmpty || $0.namespace == namespace) && selector.matches($0) }
        return ["kind": "List", "metadata": ["resourceVersion": .string(String(revision))], "items": .array(Array(items))]
    }

    fileprivate mutating func put(_ collection: String, _ key: String, _ object: Value, _ kind: WatchEvent.Kind) -> Value {
        var object = object
        revision += 1
        object.metadata["resourceVersion"] = .string(String(revision))
        objects[collection, default: [:]][key] = object
        tell(collection, WatchEvent(kind, object))
        return object
    }

    fileprivate mutating func delete(_ collection: String, _ key: String, _ options: Value) throws -> Value {
        var object = try existing(collection, key)
        if let uid = options["preconditions"]["uid"].string, uid != object.uid { throw APIError(.conflict, "uid mismatch") }
        let grace = options["gracePeriodSeconds"].integer ?? object.spec["terminationGracePeriodSeconds"].integer ?? 30
        if collection.hasSuffix("/pods"), grace > 0, object.spec["nodeName"].string != nil {
            object.metadata["deletionTimestamp"] = .string((Timestamp.now + .seconds(grace)).rfc3339)
            object.metadata["deletionGracePeriodSeconds"] = .integer(grace)
            return put(collection, key, object, .modified)
        }
        revision += 1
        object.metadata["resourceVersion"] = .string(String(revision))
        objects[collection]?[key] = nil
        tell(collection, WatchEvent(.deleted, object))
        return object
    }

    private mutating func tell(_ collection: String, _ event: WatchEvent) {
        log.append((revision, collection, event))
        for watcher in watchers.values where watcher.collection == collection { watcher.tell(event) }
    }
}

extension TestCluster.Watcher {
    fileprivate func tell(_ event: WatchEvent) {
        if (namespace.isEmpty || event.object.namespace == namespace), selector.matches(event.object) { continuation.yield(event) }
    }
}
