import ClusterClient
import ObjectModel

/// Sees to it that every active namespace has the service account `default`.
public struct ServiceAccountController: Controller {
    private let context: ControllerContext
    private let namespaces: Informer
    private let accounts: Informer
    private let queue = WorkQueue()

    private static let accountName = "default"

    public init(_ context: ControllerContext) {
        self.context = context
        namespaces = context.informers.informer(.namespaces)
        accounts = context.informers.informer(.serviceAccounts)
        namespaces.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.name) } }
        accounts.onChange { [queue] change in
            if change.new == nil, change.object.name == Self.accountName { queue.enqueue(change.object.namespace) }
        }
    }

    public func run() async {
        await context.loop("service-account-controller", queue: queue, workers: 2, reconcile: reconcile).run(after: [namespaces, accounts])
    }

    private func reconcile(_ name: String) async throws -> Duration? {
        guard let namespace = namespaces.get(name), namespace["status"]["phase"].string == "Active", !namespace.isBeingDeleted,
            accounts.get(namespace: name, name: Self.accountName) == nil
        else { return nil }
        let account: Value = [
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(Self.accountName), "namespace": .string(name)],
        ]
        try await context.client.createUnlessTerminating(.serviceAccounts, account)
        return nil
    }
}

extension Client {
    /// Creates an object that may have come to be meanwhile, in a namespace that may have begun to end.
    func createUnlessTerminating(_ resource: Resource, _ object: Value) async throws {
        do {
            try await create(resource, object)
        } catch let error as APIError where error.reason == .alreadyExists || error.isNamespaceTerminating {}
    }
}

extension APIError {
    /// Whether the write was refused because its namespace is going away.
    var isNamespaceTerminating: Bool { details?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false }
}
