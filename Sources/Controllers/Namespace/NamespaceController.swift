import ClusterClient
import ObjectModel

/// Ends namespaces: deletes all that is in one that is being deleted, waits for what takes its time, then lets it go.
public struct NamespaceController: Controller {
    private let context: ControllerContext
    private let contents: [Resource]
    private let namespaces: Informer
    private let queue = WorkQueue()

    private static let finalizer = "kubernetes"

    /// How soon to look again at what takes its time.
    private static let lookInterval = Duration.milliseconds(500)

    /// - Parameter contents: every namespaced resource that can be listed and deleted.
    public init(_ context: ControllerContext, contents: [Resource]) {
        self.context = context
        self.contents = contents.filter(\.isNamespaced)
        namespaces = context.informers.informer(.namespaces)
        namespaces.onChange { [queue] change in if change.new?.isBeingDeleted == true { queue.enqueue(change.object.name) } }
    }

    public func run() async {
        await context.loop("namespace-controller", queue: queue, workers: 4, reconcile: reconcile).run(after: [namespaces])
    }

    private func reconcile(_ name: String) async throws -> Duration? {
        guard let namespace = namespaces.get(name), namespace.isBeingDeleted, namespace["spec"]["finalizers"].strings.contains(Self.finalizer) else {
            return nil
        }
        var left: [String: Int] = [:]
        var finalizers: [String: Int] = [:]
        for resource in contents {
            let items = try await deleteAll(resource, in: name)
            guard !items.isEmpty else { continue }
            left["\(resource.plural).\(resource.group)", default: 0] = items.count
            for finalizer in items.flatMap(\.finalizers) { finalizers[finalizer, default: 0] += 1 }
        }
        guard left.isEmpty else {
            try await report(namespace, left, finalizers)
            return Self.lookInterval
        }
        try await finalize(name)
        return nil
    }

    /// Deletes a kind's objects and returns those that are still there afterwards.
    private func deleteAll(_ resource: Resource, in namespace: String) async throws -> [Value] {
        let path = resource.path(namespace: namespace)
        let present = try await context.client.object(APIRequest(.get, path, query: [("limit", "1")]))
        guard !present["items"].array.isEmpty else { return [] }
        _ = try await context.client.object(APIRequest(.delete, path, query: [("propagationPolicy", "Background")]))
        return try await context.client.list(resource, namespace: namespace).items
    }

    /// Says in the namespace's conditions what is still there.
    private func report(_ namespace: Value, _ left: [String: Int], _ finalizers: [String: Int]) async throws {
        var changed = namespace
        var conditions = changed["status"]["conditions"].array
        let remaining = left.sorted { $0.key < $1.key }.map { "\($0.key) has \($0.value) resource instances" }.joined(separator: ", ")
        set(&conditions, "NamespaceContentRemaining", "SomeResourcesRemain", "Some resources are remaining: \(remaining)")
        if !finalizers.isEmpty {
            let held = finalizers.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }.joined(separator: ", ")
            set(
                &conditions, "NamespaceFinalizersRemaining", "SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: \(held)"
            )
        }
        changed["status"]["conditions"] = .array(conditions)
        if changed != namespace { try await context.client.update(.namespaces, changed, subresource: "status") }
    }

    private func set(_ conditions: inout [Value], _ type: String, _ reason: String, _ message: String) {
        let known = conditions.first { $0["type"].string == type }
        if known?["message"].string == message { return }
        conditions.removeAll { $0["type"].string == type }
        conditions.append([
            "type": .string(type), "status": "True", "lastTransitionTime": .string(context.now().rfc3339), "reason": .string(reason),
            "message": .string(message),
        ])
    }

    private func finalize(_ name: String) async throws {
        guard var namespace = try await context.client.find(.namespaces, name: name) else { return }
        namespace["spec"]["finalizers"] = Value(namespace["spec"]["finalizers"].strings.filter { $0 != Self.finalizer })
        do {
            try await context.client.update(.namespaces, namespace, subresource: "finalize")
        } catch let error as APIError where error.reason == .notFound {}
    }
}
