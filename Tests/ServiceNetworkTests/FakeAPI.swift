import ClusterClient
import Logging
import ObjectModel
import Synchronization

/// Collections in memory that answer lists and watches, and creates and updates by whole objects: enough of an API for informers.
final class FakeAPI: Transport {
    private struct State {
        var objects: [String: Value] = [:]
        var revision = 0

        /// All that ever changed, with the collection that it changed in: a watch is told what came after the list that it follows.
        var history: [(path: String, event: WatchEvent)] = []
        var watchers: [Int: (path: String, continuation: WatchStream.Continuation)] = [:]
        var nextWatcher = 0

        mutating func tell(_ event: WatchEvent, in path: String) {
            history.append((path, event))
            for watcher in watchers.values where watcher.path == path { watcher.continuation.yield(event) }
        }
    }

    private let state = Mutex(State())

    /// A client and informers over this API.
    var client: Client { Client(self, userAgent: "test") }

    /// Creates or replaces an object.
    func put(_ resource: Resource, _ object: Value) {
        let path = resource.path(namespace: object.namespace, name: object.name)
        let collection = resource.path()
        state.withLock { state in
            state.revision += 1
            var object = object
            object["apiVersion"] = .string(resource.apiVersion)
            object["kind"] = .string(resource.kind)
            object.metadata["resourceVersion"] = .string("\(state.revision)")
            if object.uid.isEmpty { object.metadata["uid"] = .string("\(path)-\(state.revision)") }
            let kind: WatchEvent.Kind = state.objects[path] == nil ? .added : .modified
            state.objects[path] = object
            state.tell(WatchEvent(kind, object), in: collection)
        }
    }

    func delete(_ resource: Resource, namespace: String, name: String) {
        let path = resource.path(namespace: namespace, name: name)
        state.withLock { state in
            guard var object = state.objects.removeValue(forKey: path) else { return }
            state.revision += 1
            object.metadata["resourceVersion"] = .string("\(state.revision)")
            for watcher in state.watchers.values where watcher.path == resource.path() { watcher.continuation.yield(WatchEvent(.deleted, object)) }
        }
    }

    func get(_ resource: Resource, namespace: String, name: String) -> Value? {
        state.withLock { $0.objects[resource.path(namespace: namespace, name: name)] }
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        switch request.method {
        case .get:
            if let object = state.withLock({ $0.objects[request.path] }) { return APIResponse(body: object.json()) }
            let known = Self.collections.contains { $0.path() == request.path }
            guard known else { return Self.failure(APIError(.notFound, "\(request.path) not found")) }
            return state.withLock { state in
                let plural = request.path.split(separator: "/").last.map(String.init) ?? ""
                let items = state.objects.filter { $0.key.split(separator: "/").dropLast().last.map(String.init) == plural }.sorted {
                    $0.key < $1.key
                }
                return APIResponse(
                    body: (["metadata": ["resourceVersion": .string("\(state.revision)")], "items": .array(items.map(\.value))] as Value).json())
            }
        case .post, .put:
            let object = try Value(json: request.body)
            guard let resource = Self.collections.first(where: { $0.kind == object.kind }) else {
                return Self.failure(APIError(.badRequest, "unknown kind \(object.kind)"))
            }
            if request.method == .post, get(resource, namespace: object.namespace, name: object.name) != nil {
                return Self.failure(APIError(.alreadyExists, "\(object.name) already exists"))
            }
            put(resource, object)
            return APIResponse(body: (get(resource, namespace: object.namespace, name: object.name) ?? .null).json())
        default: return Self.failure(APIError(.methodNotAllowed, "\(request.method)"))
        }
    }

    func watch(_ request: APIRequest) async throws -> WatchStream {
        let (stream, continuation) = WatchStream.makeStream()
        try await Task.sleep(for: .milliseconds(300))
        let since = Int(request.queryValue("resourceVersion") ?? "") ?? 0
        let id = state.withLock { state in
            for (path, event) in state.history where path == request.path && (Int(event.object.resourceVersion) ?? 0) > since {
                continuation.yield(event)
            }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = (request.path, continuation)
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) } }
        return stream
    }

    private static let collections: [Resource] = [.services, .endpointSlices, .pods, .namespaces, .nodes]

    private static func failure(_ error: APIError) -> APIResponse { APIResponse(status: error.code, body: error.status.json()) }
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Objects for tests.
enum Make {
    static func service(
        _ name: String, namespace: String = "default", clusterIP: String = "10.96.0.10",
        ports: [Value] = [["port": 80, "targetPort": 8080, "protocol": "TCP"]],
        spec more: Value = [:]
    ) -> Value {
        var spec: Value = ["clusterIP": .string(clusterIP), "clusterIPs": [.string(clusterIP)], "ports": .array(ports), "type": "ClusterIP"]
        for (key, value) in more.fields { spec[key] = value }
        return [
            "apiVersion": "v1", "kind": "Service",
            "metadata": [
                "name": .string(name), "namespace": .string(namespace), "creationTimestamp": "2026-01-01T00:00:00Z", "uid": .string("uid-\(name)"),
            ],
            "spec": spec,
        ]
    }

    static func slice(
        _ service: String, namespace: String = "default", suffix: String = "1", family: String = "IPv4", port: Int = 8080, portName: String = "",
        transport: String = "TCP", _ endpoints: [Value]
    ) -> Value {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": .string(family),
            "metadata": [
                "name": .string("\(service)-\(suffix)"), "namespace": .string(namespace), "labels": ["kubernetes.io/service-name": .string(service)],
            ],
            "ports": [["name": .string(portName), "port": Value(port), "protocol": .string(transport)]], "endpoints": .array(endpoints),
        ]
    }

    static func endpoint(
        _ address: String, node: String = "node-a", ready: Bool = true, serving: Bool? = nil, terminating: Bool = false, hostname: String? = nil,
        hints: Value = nil
    ) -> Value {
        var endpoint: Value = [
            "addresses": [.string(address)], "nodeName": .string(node),
            "conditions": ["ready": .bool(ready), "serving": .bool(serving ?? ready), "terminating": .bool(terminating)],
        ]
        if let hostname { endpoint["hostname"] = .string(hostname) }
        endpoint["hints"] = hints
        return endpoint
    }
}
