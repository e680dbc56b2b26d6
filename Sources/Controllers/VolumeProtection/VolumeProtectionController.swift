import ClusterClient
import ObjectModel

/// Lets a PersistentVolume that is being deleted go once no claim is bound to it.
public struct VolumeProtectionController: Controller {
    private let context: ControllerContext
    private let volumes: Informer
    private let queue = WorkQueue()

    private static let finalizer = "kubernetes.io/pv-protection"

    public init(_ context: ControllerContext) {
        self.context = context
        volumes = context.informers.informer(.persistentVolumes)
        volumes.onChange { [queue] change in
            if let volume = change.new, Self.isFree(volume) { queue.enqueue(volume.key) }
        }
    }

    public func run() async {
        await context.loop("persistentvolume-protection-controller", queue: queue, workers: 1, reconcile: reconcile).run(after: [volumes])
    }

    private static func isFree(_ volume: Value) -> Bool {
        volume.isBeingDeleted && volume.finalizers.contains(finalizer) && volume.phase != "Bound"
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let volume = volumes.get(key), Self.isFree(volume) else { return nil }
        var freed = volume
        let kept = volume.finalizers.filter { $0 != Self.finalizer }
        freed.metadata["finalizers"] = kept.isEmpty ? .null : Value(kept)
        do {
            try await context.client.update(.persistentVolumes, freed)
        } catch let error as APIError where error.reason == .notFound {}
        return nil
    }
}
