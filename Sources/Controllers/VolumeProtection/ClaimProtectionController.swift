import ClusterClient
import ObjectModel

/// Lets a PersistentVolumeClaim that is being deleted go once no pod on a node uses it.
public struct ClaimProtectionController: Controller {
    private let context: ControllerContext
    private let claims: Informer
    private let pods: Informer
    private let queue = WorkQueue()

    private static let finalizer = "kubernetes.io/pvc-protection"
    private static let byClaim = "claim"

    public init(_ context: ControllerContext) {
        self.context = context
        claims = context.informers.informer(.persistentVolumeClaims)
        pods = context.informers.informer(.pods)
        pods.addIndex(Self.byClaim, Self.claims)
        claims.onChange { [queue] change in
            if let claim = change.new, Self.isHeld(claim) { queue.enqueue(claim.key) }
        }
        pods.onChange { [queue, claims] change in
            guard change.new == nil else { return }
            for key in Self.claims(change.object) { if claims.get(key).map(Self.isHeld) ?? false { queue.enqueue(key) } }
        }
    }

    public func run() async {
        await context.loop("persistentvolumeclaim-protection-controller", queue: queue, workers: 2, reconcile: reconcile).run(after: [claims, pods])
    }

    private static func isHeld(_ claim: Value) -> Bool { claim.isBeingDeleted && claim.finalizers.contains(finalizer) }

    /// The keys of the claims that a pod on a node uses. (A pod that has no node yet gets none while its claim is being deleted.)
    @Sendable private static func claims(_ pod: Value) -> [String] {
        if pod.nodeName.isEmpty { return [] }
        return pod.spec["volumes"].array.compactMap { volume in
            let name = volume["persistentVolumeClaim"]["claimName"].string ?? (volume["ephemeral"].isNull ? nil : "\(pod.name)-\(volume.name)")
            return name.map { "\(pod.namespace)/\($0)" }
        }
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let claim = claims.get(key), Self.isHeld(claim), pods.indexed(Self.byClaim, key).isEmpty else { return nil }
        // The copy may be behind.
        let live = try await context.client.list(.pods, namespace: claim.namespace).items
        if live.contains(where: { Self.claims($0).contains(key) }) { return nil }
        var freed = claim
        let kept = claim.finalizers.filter { $0 != Self.finalizer }
        freed.metadata["finalizers"] = kept.isEmpty ? .null : Value(kept)
        do {
            try await context.client.update(.persistentVolumeClaims, freed)
        } catch let error as APIError where error.reason == .notFound {}
        return nil
    }
}
