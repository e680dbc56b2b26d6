import ClusterClient
import ObjectModel

/// Keeps the rules of ClusterRoles that are the sum of others (`aggregationRule`).
public struct ClusterRoleAggregationController: Controller {
    private let context: ControllerContext
    private let roles: Informer
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        roles = context.informers.informer(.clusterRoles)
        roles.onChange { [queue, roles] change in
            if let old = change.old, let new = change.new, old["rules"] == new["rules"], old.metadata["labels"] == new.metadata["labels"],
                old["aggregationRule"] == new["aggregationRule"]
            {
                return
            }
            // There are few that aggregate, and what they select may be anything.
            for role in roles.list() where !role["aggregationRule"].isNull { queue.enqueue(role.name) }
        }
    }

    public func run() async {
        await context.loop("clusterrole-aggregation-controller", queue: queue, workers: 1, reconcile: reconcile).run(after: [roles])
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let role = roles.get(key), !role.isBeingDeleted, let rules = RoleAggregation.rules(for: role, among: roles.list()),
            !rules.means(role["rules"])
        else { return nil }
        var changed = role
        changed["rules"] = rules
        try await context.client.update(.clusterRoles, changed)
        return nil
    }
}
