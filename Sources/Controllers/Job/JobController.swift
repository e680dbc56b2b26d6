import ClusterClient
import ObjectModel

/// Runs pods until enough of them have succeeded.
public struct JobController: Controller {
    let context: ControllerContext
    let recorder: EventRecorder
    let control: PodControl
    let expectations = Expectations()
    let latest = LatestWritten()
    let released = ReleasedPods()
    private let jobs: Informer
    private let pods: Informer
    private let claims: Claims
    private let queue = WorkQueue()

    /// Pods made or deleted in one reconcile, at most.
    static let burst = 500

    /// Pods of a job end in crowds: they are counted together.
    private static let pause = Duration.milliseconds(50)
    private static let name = "kubernetes.io/job-controller"
    private static let byJob = "job of a tracked pod"
    private static let orphan = "pod:"

    public init(_ context: ControllerContext) {
        self.context = context
        jobs = context.informers.informer(.jobs)
        pods = context.informers.informer(.pods)
        recorder = context.recorder("job-controller")
        control = PodControl(client: context.client, recorder: recorder)
        claims = Claims(client: context.client, owners: .jobs, owned: .pods, finalizers: [JobPods.finalizer])
        pods.addControllerIndex()
        pods.addIndex(Self.byJob) { pod in pod.hasJobFinalizer ? [Self.owner(of: pod)].compactMap(\.self) : [] }
        observe()
    }

    public func run() async {
        await context.loop("job-controller", queue: queue, workers: 8, reconcile: reconcile).run(after: [jobs, pods])
    }

    // MARK: Events

    private func observe() {
        jobs.onChange { [queue, expectations] change in
            if change.new == nil { expectations.forget(change.object.key) }
            queue.enqueue(change.object.key)
        }
        pods.onChange { change in podChanged(change) }
    }

    private func podChanged(_ change: Informer.Change) {
        let pod = change.object
        if change.new == nil || !pod.hasJobFinalizer { released.sawRelease(of: pod) }
        if let old = change.old, let owner = Self.owner(of: old), owner != Self.owner(of: pod) { queue.enqueue(owner) }
        if let owner = Self.owner(of: pod) {
            if change.old == nil { expectations.creationObserved(owner) }
            if change.new == nil || pod.isBeingDeleted { expectations.deletionObserved(owner, pod.uid) }
            queue.enqueue(owner, after: Self.pause)
        } else if change.new != nil, pod.controllerReference == nil {
            if pod.hasJobFinalizer { queue.enqueue(Self.orphan + pod.key) }
            guard change.isNewOrphan else { return }
            for job in jobs.list() where job.namespace == pod.namespace && (try? LabelSelector(job.spec["selector"]).matches(pod)) == true {
                queue.enqueue(job.key)
            }
        }
    }

    private static func owner(of pod: Value) -> String? {
        guard pod.controllerReference?["apiVersion"].string?.hasPrefix("batch/") == true else { return nil }
        return pod.controllerKey(kind: "Job")
    }

    // MARK: Reconciling

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        if key.hasPrefix(Self.orphan) {
            if let pod = pods.get(String(key.dropFirst(Self.orphan.count))), pod.controllerReference == nil { try await release([pod]) }
            return nil
        }
        guard let copy = jobs.get(key) else {
            latest.forget(key)
            try await release(pods.indexed(Self.byJob, key))
            return nil
        }
        let job = latest.latest(copy)
        // Those of a job of the same name that is gone.
        try await release(pods.indexed(Self.byJob, key).filter { $0.controllerUID != job.uid })
        if let manager = job.spec["managedBy"].string, manager != Self.name { return nil }
        if job.jobEnd != nil {
            try await release(pods.indexed(Self.byJob, key))
            return nil
        }
        let mayAct = expectations.isSatisfied(key)
        let owned = try await claims.claim(for: job, selector: LabelSelector(job.spec["selector"]), from: pods)
        var run = JobRun(controller: self, job: job, pods: owned, mayAct: mayAct)
        return try await run.step()
    }

    // MARK: Pods

    /// Lets go of pods: takes the finalizer off. Returns the uids of those that have none any more.
    @discardableResult func release(_ pods: [Value]) async throws -> Set<String> {
        let held = pods.filter { $0.hasJobFinalizer && !released.contains($0) }
        let failures = await concurrently(0..<held.count) { index in
            let pod = held[index]
            released.willRelease(pod)
            let patch: Value = [
                "metadata": ["uid": .string(pod.uid), "$deleteFromPrimitiveList/finalizers": [.string(JobPods.finalizer)]]
            ]
            do {
                try await context.client.patch(.pods, namespace: pod.namespace, name: pod.name, .strategicMerge, patch)
            } catch let error as APIError where error.reason == .notFound || error.reason == .conflict && error.message.contains("UID") {
                // Gone already.
            } catch {
                released.sawRelease(of: pod)
                throw error
            }
        }
        if let failure = failures.first { throw failure }
        return Set(held.map(\.uid))
    }

    /// Deletes pods for a job; returns those that were.
    func delete(_ victims: [Value], of job: Value) async -> (deleted: [Value], failure: (any Error)?) {
        let key = job.key
        expectations.expectDeletions(key, victims.map(\.uid))
        let outcome = Outcome()
        let failures = await concurrently(0..<victims.count) { index in
            do {
                try await control.delete(victims[index], for: job)
                outcome.add(victims[index])
            } catch {
                expectations.deletionObserved(key, victims[index].uid)
                throw error
            }
        }
        return (outcome.all, failures.first)
    }
}
