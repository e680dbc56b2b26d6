import ClusterClient
import ObjectModel

/// Counts what each ResourceQuota's namespace holds. Admission charges what is created; this gives back what went, and counts anew when a quota
/// changes.
public struct ResourceQuotaController: Controller {
    private let context: ControllerContext
    private let quotas: Informer
    private let resources: [Resource]
    private let queue = WorkQueue()

    private static let byNamespace = "namespace"

    /// Deletions come in crowds: they are counted together.
    private static let pause = Duration.milliseconds(100)

    /// - Parameter resources: every resource whose objects may be counted.
    public init(_ context: ControllerContext, resources: [Resource]) {
        self.context = context
        self.resources = resources.filter(\.isNamespaced)
        quotas = context.informers.informer(.resourceQuotas)
        quotas.addIndex(Self.byNamespace) { [$0.namespace] }
        quotas.onChange { [queue] change in
            guard let quota = change.new else { return }
            if change.old == nil || !quota.spec["hard"].means(quota.status["hard"]) || change.old?.spec != quota.spec { queue.enqueue(quota.key) }
        }
        for resource in self.resources { observe(resource) }
    }

    public func run() async {
        await context.loop("resource-quota-controller", queue: queue, workers: 2, reconcile: reconcile).run(after: [quotas])
    }

    private func observe(_ resource: Resource) {
        context.informers.informer(resource).onChange { [queue, quotas] change in
            let present = quotas.indexed(Self.byNamespace, change.object.namespace)
            guard !present.isEmpty, Self.givesBack(resource, change) else { return }
            for quota in present
            where quota.spec["hard"].fields.contains(where: { QuotaUsage.concerns($0.key, resource: resource.plural, group: resource.group) }) {
                queue.enqueue(quota.key, after: Self.pause)
            }
        }
    }

    /// What makes less of an object: that it goes, that a pod ends, that a service or claim shrinks.
    private static func givesBack(_ resource: Resource, _ change: Informer.Change) -> Bool {
        guard let new = change.new, let old = change.old else { return change.new == nil }
        guard resource.group.isEmpty else { return false }
        switch resource.plural {
        case "pods": return new.isTerminalPod && !old.isTerminalPod || old.spec["containers"] != new.spec["containers"]
        case "services", "persistentvolumeclaims": return old.spec != new.spec
        default: return false
        }
    }

    /// Counts what the server has now, on the condition that nobody charges the quota meanwhile: the copies of the world may not show yet what was
    /// charged.
    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        let (namespace, name) = splitKey(key)
        let found = try await context.client.list(.resourceQuotas, namespace: namespace, fieldSelector: "metadata.name=\(name)").items.first
        guard let quota = found, !quota.isBeingDeleted else { return nil }
        let now = context.now()
        let names = quota.spec["hard"].fields.keys
        var used: ResourceList = [:]
        for resource in resources {
            // What nothing counts for, such as events or kinds that there aren't, is not told of.
            let concerned = names.filter { QuotaUsage.concerns($0, resource: resource.plural, group: resource.group) }
            if concerned.isEmpty { continue }
            for name in concerned where used[name] == nil { used[name] = .zero }
            for object in try await context.client.list(resource, namespace: namespace).items
            where QuotaScopes.covers(quota, object, resource: resource.plural, group: resource.group) {
                for (name, amount) in QuotaUsage.usage(of: object, resource: resource.plural, group: resource.group, now: now) {
                    if let total = used[name] { used[name] = total + amount }
                }
            }
        }
        var changed = quota
        changed.status["hard"] = quota.spec["hard"]
        changed.status["used"] = Value(used)
        if changed.status.means(quota.status) { return nil }
        try await context.client.update(.resourceQuotas, changed, subresource: "status")
        return nil
    }
}
