import ClusterClient
import ObjectModel

/// Deletes Jobs some time after they ended (`spec.ttlSecondsAfterFinished`).
public struct FinishedJobController: Controller {
    private let context: ControllerContext
    private let jobs: Informer
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        jobs = context.informers.informer(.jobs)
        jobs.onChange { [queue] change in
            if let job = change.new, Self.expiry(of: job) != nil { queue.enqueue(job.key) }
        }
    }

    public func run() async {
        await context.loop("ttl-after-finished-controller", queue: queue, workers: 2, reconcile: reconcile).run(after: [jobs])
    }

    /// When a Job is to go; nil where it is not, or goes already.
    private static func expiry(of job: Value) -> Timestamp? {
        guard !job.isBeingDeleted, let seconds = job.spec["ttlSecondsAfterFinished"].int, let end = job.jobEnd else { return nil }
        return end["lastTransitionTime"].timestamp.map { $0 + .seconds(seconds) }
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let copy = jobs.get(key), let time = Self.expiry(of: copy) else { return nil }
        if time > context.now() { return time - context.now() }
        // The copy may be behind: someone may have given the Job more time.
        guard let job = try await context.client.find(.jobs, namespace: copy.namespace, name: copy.name), job.uid == copy.uid,
            let expiry = Self.expiry(of: job)
        else { return nil }
        if expiry > context.now() { return expiry - context.now() }
        try await context.client.delete(
            .jobs, namespace: job.namespace, name: job.name, uid: job.uid, resourceVersion: job.resourceVersion, propagation: .foreground)
        return nil
    }
}
