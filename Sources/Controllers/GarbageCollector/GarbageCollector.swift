import ClusterClient
import ObjectModel

/// Deletes what is owned by what is gone (`metadata.ownerReferences`), in the way that the owner's deletion asked for: in the background, in the
/// foreground (`foregroundDeletion`: the owner goes last), or not at all (`orphan`).
public struct GarbageCollector: Controller {
    private let context: ControllerContext
    private let graph: OwnershipGraph
    private let queue = WorkQueue()

    private static let foreground = "foregroundDeletion"
    private static let orphan = "orphan"

    /// - Parameter resources: every resource that can be listed and deleted.
    public init(_ context: ControllerContext, resources: [Resource]) {
        self.context = context
        let graph = OwnershipGraph(context.informers, resources)
        self.graph = graph
        let queue = queue
        graph.onChange { resource, change in
            let object = change.object
            if change.new != nil {
                let concerns = !object.ownerReferences.isEmpty || object.isBeingDeleted
                if concerns { queue.enqueue(OwnershipGraph.id(resource, object)) }
                // An owner may be waiting for this one not to be its, or not to block it, any more.
                guard let old = change.old, old.ownerReferences != object.ownerReferences else { return }
                for reference in old.ownerReferences {
                    if let (resource, owner) = graph.find(reference, namespace: object.namespace), owner.isBeingDeleted {
                        queue.enqueue(OwnershipGraph.id(resource, owner))
                    }
                }
            } else {
                for (resource, dependent) in graph.dependents(of: object.uid) { queue.enqueue(OwnershipGraph.id(resource, dependent)) }
                // An owner may be waiting for this one to go.
                for reference in object.ownerReferences {
                    if let (resource, owner) = graph.find(reference, namespace: object.namespace) {
                        queue.enqueue(OwnershipGraph.id(resource, owner))
                    }
                }
            }
        }
    }

    public func run() async {
        await context.loop("garbage-collector-controller", queue: queue, workers: 16, reconcile: reconcile).run(after: graph.informers)
    }

    private func reconcile(_ id: String) async throws -> Duration? {
        guard let (resource, object) = graph.object(id) else { return nil }
        if object.isBeingDeleted {
            if object.finalizers.contains(Self.orphan) { return try await orphanDependents(resource, object) }
            if object.finalizers.contains(Self.foreground) { return try await deleteDependents(resource, object) }
            return nil
        }
        return try await collect(resource, object)
    }

    // MARK: Owners that go

    /// Takes the owner out of its dependents, then lets it go.
    private func orphanDependents(_ resource: Resource, _ owner: Value) async throws -> Duration? {
        for (kind, dependent) in graph.dependents(of: owner.uid) { try await drop([owner.uid], from: dependent, kind) }
        try await remove(Self.orphan, from: owner, resource)
        return nil
    }

    /// Deletes the dependents; once none is left that blocks the owner, lets it go.
    private func deleteDependents(_ resource: Resource, _ owner: Value) async throws -> Duration? {
        let dependents = graph.dependents(of: owner.uid)
        let blocking = dependents.filter { _, dependent in
            dependent.ownerReferences.contains { $0["uid"].string == owner.uid && $0["blockOwnerDeletion"].bool == true }
        }
        guard !blocking.isEmpty else {
            try await remove(Self.foreground, from: owner, resource)
            return nil
        }
        for (kind, dependent) in dependents where !dependent.isBeingDeleted { await queue.add(OwnershipGraph.id(kind, dependent)) }
        return nil
    }

    private func remove(_ finalizer: String, from object: Value, _ resource: Resource) async throws {
        let kept = object.finalizers.filter { $0 != finalizer }
        let metadata: Value = .object(
            Fields([("resourceVersion", .string(object.resourceVersion)), ("finalizers", kept.isEmpty ? .null : Value(kept))]))
        let patch = Value.object(Fields([("metadata", metadata)]))
        try await unlessGone { try await context.client.patch(resource, namespace: object.namespace, name: object.name, .merge, patch) }
    }

    // MARK: Dependents

    /// What an owner is to its dependent.
    private enum Standing { case solid, gone, waiting, unknown }

    private func collect(_ resource: Resource, _ object: Value) async throws -> Duration? {
        var standings: [Standing: [String]] = [:]
        for reference in object.ownerReferences {
            standings[try await standing(of: reference, namespace: object.namespace), default: []].append(reference["uid"].string ?? "")
        }
        if standings.isEmpty || standings[.unknown] != nil { return nil }
        let lost = (standings[.gone] ?? []) + (standings[.waiting] ?? [])
        if standings[.solid] != nil {
            if !lost.isEmpty { try await drop(lost, from: object, resource) }
            return nil
        }
        let dependents = graph.dependents(of: object.uid)
        let hasDependents = !dependents.isEmpty
        if standings[.waiting] != nil, dependents.contains(where: { Self.standing($0.1) == .waiting }), Self.blocksOwners(object) {
            // One that waits for this owns, by whatever way, what this waits for: somebody must go first. The change brings the object back here.
            try await unblockOwners(of: object, resource)
            return nil
        }
        let propagation: Client.PropagationPolicy =
            object.finalizers.contains(Self.orphan)
            ? .orphan : standings[.waiting] != nil && hasDependents || object.finalizers.contains(Self.foreground) ? .foreground : .background
        do {
            try await context.client.delete(
                resource, namespace: object.namespace, name: object.name, uid: object.uid, resourceVersion: object.resourceVersion,
                propagation: propagation)
        } catch let error as APIError where error.reason == .conflict {
            // It changed meanwhile: its change brings it back here.
        }
        return nil
    }

    /// The copy may be behind: an owner counts as gone only once the server says so.
    private func standing(of reference: Value, namespace: String) async throws -> Standing {
        if let (_, owner) = graph.find(reference, namespace: namespace) { return Self.standing(owner) }
        guard let resource = graph.resource(reference) else { return .unknown }
        let live = try await context.client.find(
            resource, namespace: resource.isNamespaced ? namespace : "", name: reference["name"].string ?? "")
        guard let live, live.uid == reference["uid"].string else { return .gone }
        return Self.standing(live)
    }

    private static func standing(_ owner: Value) -> Standing { owner.isBeingDeleted && owner.finalizers.contains(foreground) ? .waiting : .solid }

    private static func blocksOwners(_ object: Value) -> Bool { object.ownerReferences.contains { $0["blockOwnerDeletion"].bool == true } }

    private func unblockOwners(of object: Value, _ resource: Resource) async throws {
        let references = object.ownerReferences.map { reference -> Value in
            var reference = reference
            if reference["blockOwnerDeletion"].bool == true { reference["blockOwnerDeletion"] = false }
            return reference
        }
        let patch: Value = ["metadata": ["resourceVersion": .string(object.resourceVersion), "ownerReferences": .array(references)]]
        try await unlessGone { try await context.client.patch(resource, namespace: object.namespace, name: object.name, .merge, patch) }
    }

    /// Takes owners out of an object's references.
    private func drop(_ owners: [String], from object: Value, _ resource: Resource) async throws {
        let kept = object.ownerReferences.filter { !owners.contains($0["uid"].string ?? "") }
        let metadata: Value = .object(
            Fields([("resourceVersion", .string(object.resourceVersion)), ("ownerReferences", kept.isEmpty ? .null : .array(kept))]))
        let patch = Value.object(Fields([("metadata", metadata)]))
        try await unlessGone { try await context.client.patch(resource, namespace: object.namespace, name: object.name, .merge, patch) }
    }

    private func unlessGone(_ write: () async throws -> Value) async throws {
        do {
            _ = try await write()
        } catch let error as APIError where error.reason == .notFound {}
    }
}
