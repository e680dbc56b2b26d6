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
        let contents = await deleteContents(of: name)
        guard contents.isEmpty else {
            try await report(contents, name)
            return Self.lookInterval
        }
        try await finalize(name)
        return nil
    }

    /// Pods go first: what they need while they end, such as their configuration, goes after them.
    private func deleteContents(of name: String) async -> NamespaceContents {
        var contents = NamespaceContents()
        for resource in self.contents where resource == .pods { await delete(resource, in: name, &contents) }
        guard contents.isEmpty else { return contents }
        for resource in self.contents where resource != .pods { await delete(resource, in: name, &contents) }
        return contents
    }

    private func delete(_ resource: Resource, in namespace: String, _ contents: inout NamespaceContents) async {
        do {
            contents.add(try await deleteAll(resource, in: namespace), plural: resource.plural, group: resource.group)
        } catch {
            contents.failures.append("\(error)")
        }
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
    private func report(_ contents: NamespaceContents, _ name: String) async throws {
        guard let namespace = try await context.client.find(.namespaces, name: name) else { return }
        var changed = namespace
        changed["status"]["conditions"] = contents.conditions(of: namespace, now: context.now())
        if changed != namespace { try await context.client.update(.namespaces, changed, subresource: "status") }
    }

    private func finalize(_ name: String) async throws {
        guard var namespace = try await context.client.find(.namespaces, name: name) else { return }
        namespace["spec"]["finalizers"] = Value(namespace["spec"]["finalizers"].strings.filter { $0 != Self.finalizer })
        do {
            try await context.client.update(.namespaces, namespace, subresource: "finalize")
        } catch let error as APIError where error.reason == .notFound {}
    }
}
