import ObjectModel

/// The typed way to the API, under one identity.
public struct Client: Sendable {
    public let transport: any Transport
    public let userAgent: String

    public init(_ transport: any Transport, userAgent: String) {
        self.transport = transport
        self.userAgent = userAgent
    }

    public enum PatchType: String, Sendable {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategicMerge = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    public enum PropagationPolicy: String, Sendable { case background = "Background", foreground = "Foreground", orphan = "Orphan" }

    // MARK: Reading

    public func get(_ resource: Resource, namespace: String = "", name: String) async throws -> Value {
        try await object(APIRequest(.get, resource.path(namespace: namespace, name: name)))
    }

    /// The object, or nil where there is none.
    public func find(_ resource: Resource, namespace: String = "", name: String) async throws -> Value? {
        do {
            return try await get(resource, namespace: namespace, name: name)
        } catch let error as APIError where error.reason == .notFound {
            return nil
        }
    }

    /// All objects of a collection with the list's resource version. An empty namespace means all namespaces. Who manages which field is left out, here
    /// and by `watch`: it is a third of many objects, and nobody asks.
    public func list(
        _ resource: Resource, namespace: String = "", labelSelector: String = "", fieldSelector: String = ""
    ) async throws -> (items: [Value], resourceVersion: String) {
        let query = Self.selectors(labelSelector, fieldSelector)
        do {
            return try await list(resource, namespace, query, limit: Self.pageLimit)
        } catch let error as APIError where error.reason == .expired {
            // The revision that the first page was of has gone meanwhile: then all at once.
            return try await list(resource, namespace, query, limit: 0)
        }
    }

    /// Objects that are asked for at once, so that neither side ever holds a whole collection as one text.
    private static let pageLimit = 500

    private func list(
        _ resource: Resource, _ namespace: String, _ query: [(name: String, value: String)], limit: Int
    ) async throws -> (items: [Value], resourceVersion: String) {
        var items: [Value] = []
        var next = ""
        while true {
            var query = query
            if limit > 0 { query.append(("limit", String(limit))) }
            if !next.isEmpty { query.append(("continue", next)) }
            let page = try await answer(APIRequest(.get, resource.path(namespace: namespace), query: query)) { body throws(JSONError) in
                try Value(leanJSON: body, depth: 2)
            }
            items += page["items"].array.lazy.map { Self.completed($0, resource) }
            next = page.metadata["continue"].string ?? ""
            if next.isEmpty { return (items, page.resourceVersion) }
        }
    }

    /// Changes after `resourceVersion`, with bookmarks.
    public func watch(
        _ resource: Resource, namespace: String = "", labelSelector: String = "", fieldSelector: String = "", resourceVersion: String
    ) async throws -> WatchStream {
        var query = Self.selectors(labelSelector, fieldSelector)
        query += [("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion)]
        return try await transport.watch(request(APIRequest(.get, resource.path(namespace: namespace), query: query)))
    }

    // MARK: Writing

    /// Creates `object` in its own namespace, or creates a subresource such as `pods/binding` where `name` and `subresource` are given.
    @discardableResult public func create(_ resource: Resource, _ object: Value, name: String = "", subresource: String = "") async throws -> Value {
        let path = resource.path(namespace: object.namespace, name: name, subresource: subresource)
        return try await self.object(APIRequest(.post, path, body: object.canonicalJSON()))
    }

    /// Replaces an object, or its `status` or `scale`. Fails with `Conflict` if it changed since it was read.
    @discardableResult public func update(_ resource: Resource, _ object: Value, subresource: String = "") async throws -> Value {
        let path = resource.path(namespace: object.namespace, name: object.name, subresource: subresource)
        return try await self.object(APIRequest(.put, path, body: object.canonicalJSON()))
    }

    @discardableResult public func patch(
        _ resource: Resource, namespace: String = "", name: String, subresource: String = "", _ type: PatchType, _ patch: Value
    ) async throws -> Value {
        let path = resource.path(namespace: namespace, name: name, subresource: subresource)
        return try await object(APIRequest(.patch, path, contentType: type.rawValue, body: patch.json()))
    }

    /// Deletes an object; one that is gone already counts as deleted. `uid` and `resourceVersion` are preconditions.
    public func delete(
        _ resource: Resource, namespace: String = "", name: String, uid: String? = nil, resourceVersion: String? = nil,
        gracePeriod: Duration? = nil, propagation: PropagationPolicy? = nil
    ) async throws {
        var options: Value = ["kind": "DeleteOptions", "apiVersion": "v1"]
        if let uid { options["preconditions"]["uid"] = .string(uid) }
        if let resourceVersion { options["preconditions"]["resourceVersion"] = .string(resourceVersion) }
        if let gracePeriod { options["gracePeriodSeconds"] = .integer(gracePeriod.components.seconds) }
        if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
        do {
            _ = try await object(APIRequest(.delete, resource.path(namespace: namespace, name: name), body: options.json()))
        } catch let error as APIError where error.reason == .notFound {}
    }

    /// Any request; throws the `APIError` that a failure's `Status` tells of.
    public func object(_ request: APIRequest) async throws -> Value {
        try await answer(request) { body throws(JSONError) in try Value(json: body) }
    }

    // MARK: Parts

    private func answer(_ request: APIRequest, _ read: ([UInt8]) throws(JSONError) -> Value) async throws -> Value {
        let response = try await transport.send(self.request(request))
        guard response.status < 400 else { throw Self.failure(response) }
        return try read(response.body)
    }

    private func request(_ request: APIRequest) -> APIRequest {
        var request = request
        request.userAgent = userAgent
        return request
    }

    private static func failure(_ response: APIResponse) -> APIError {
        if let status = try? Value(json: response.body), let error = APIError(status: status) { return error }
        let text = String(decoding: response.body.prefix(1024), as: UTF8.self)
        return APIError(.unknown, text.isEmpty ? "the server answered with status \(response.status)" : text, code: response.status)
    }

    private static func selectors(_ labels: String, _ fields: String) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        if !labels.isEmpty { query.append(("labelSelector", labels)) }
        if !fields.isEmpty { query.append(("fieldSelector", fields)) }
        return query
    }

    /// Items of a list come without `apiVersion` and `kind` from some servers; everything in Apus counts on them.
    private static func completed(_ item: Value, _ resource: Resource) -> Value {
        guard item["kind"].isNull else { return item }
        var item = item
        item["apiVersion"] = .string(resource.apiVersion)
        item["kind"] = .string(resource.kind)
        return item
    }
}
