import ClusterClient
import ObjectModel

/// One reconcile of one Job: makes or deletes pods, counts those that ended, and ends the Job.
struct JobRun {
    let controller: JobController
    private let original: Value
    private var job: Value
    private let sync: JobSync
    private let mayAct: Bool
    private let now: Timestamp

    /// Pods after what this reconcile did.
    private var active: Int
    private var ready: Int
    private var terminating: Int

    init(controller: JobController, job: Value, pods: [Value], mayAct: Bool) {
        self.controller = controller
        self.mayAct = mayAct
        original = job
        now = controller.context.now()
        var job = job
        if job.status["startTime"].isNull, !job.isSuspendedJob { job.status["startTime"] = .string(now.rfc3339) }
        if job.status["uncountedTerminatedPods"].isNull { job.status["uncountedTerminatedPods"] = [:] }
        self.job = job
        sync = JobSync(job, pods: pods, released: controller.released.among(pods), now: now)
        active = sync.active.count
        ready = sync.ready
        terminating = sync.terminating
    }

    /// Returns when to look again.
    mutating func step() async throws -> Duration? {
        var end = sync.end
        var failure: (any Error)?
        var pause: Duration?
        if end != nil {
            let (deleted, error) = await controller.delete(sync.active, of: job)
            count(deleted)
            failure = error
            // Not over while there are pods that could not be deleted, or that the copy may not show yet.
            if deleted.count != sync.active.count || !mayAct { end = nil }
        } else {
            let acts = mayAct && !job.isBeingDeleted
            if acts { (pause, failure) = await change() }
            if sync.isComplete(active: active) {
                end = JobSync.complete
            } else if acts {
                noteSuspension()
            }
        }
        job.status.setCount("active", active)
        job.status["ready"] = Value(ready)
        job.status["terminating"] = Value(terminating)
        try await track(end)
        if let failure, !isNamespaceTerminating(failure) { throw failure }
        return [pause, job.jobEnd == nil ? sync.timeToDeadline : nil].compactMap(\.self).filter { $0 > .zero }.min()
    }

    private mutating func count(_ deleted: [Value]) {
        active -= deleted.count
        terminating += deleted.count
        ready -= deleted.count(where: \.isReadyPod)
    }

    // MARK: Pods

    private mutating func change() async -> (Duration?, (any Error)?) {
        switch sync.change(burst: JobController.burst) {
        case .none: return (nil, nil)
        case .wait(let pause): return (pause, nil)
        case .delete(let victims):
            // A pod that the job takes away itself is no failure.
            do { try await controller.release(victims) } catch { return (nil, error) }
            let (deleted, failure) = await controller.delete(victims, of: job)
            count(deleted)
            return (nil, failure)
        case .create(let indexes): return (nil, await create(indexes))
        }
    }

    private mutating func create(_ indexes: [Int?]) async -> (any Error)? {
        let (key, job, sync, control) = (job.key, job, sync, controller.control)
        controller.expectations.expectCreations(key, indexes.count)
        let (succeeded, failure) = await slowStart(indexes.count) { position in
            let index = indexes[position]
            let last = index.flatMap { sync.lastFailures[$0] }
            try await control.create(JobPods.pod(of: job, index: index, after: last, countsFailure: sync.isCounted(last)), for: job)
        }
        if succeeded < indexes.count { controller.expectations.creationObserved(key, indexes.count - succeeded) }
        active += succeeded
        return failure
    }

    // MARK: Suspension

    private mutating func noteSuspension() {
        if job.isSuspendedJob {
            if set("Suspended", "True", "JobSuspended", "Job suspended") {
                controller.recorder.event(job, .normal, "Suspended", "Job suspended")
                job.status["startTime"] = .null
            }
        } else if job.hasCondition("Suspended"), set("Suspended", "False", "JobResumed", "Job resumed") {
            controller.recorder.event(job, .normal, "Resumed", "Job resumed")
            // The deadline counts from here.
            job.status["startTime"] = .string(now.rfc3339)
        }
    }

    /// Sets a condition; true if that changed something.
    private mutating func set(_ type: String, _ status: String, _ reason: String, _ message: String) -> Bool {
        if let current = job.condition(type), current["status"].string == status, current["reason"].string == reason,
            current["message"].string == message
        {
            return false
        }
        var conditions = job.status["conditions"].array.filter { $0["type"].string != type }
        conditions.append([
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
            "lastProbeTime": .string(now.rfc3339), "lastTransitionTime": .string(now.rfc3339),
        ])
        job.status["conditions"] = .array(conditions)
        return true
    }

    // MARK: Counting

    /// Counts pods that ended, each exactly once whatever happens in between: first the status names them, then they lose their finalizer, then the
    /// counts take their names' place.
    private mutating func track(_ end: JobSync.End?) async throws {
        var held = Set(sync.tracked.map(\.uid))
        countReleased(held)
        let (ended, isCutShort) = nameEnded(end)
        if let end { _ = set(end.isSuccess ? "SuccessCriteriaMet" : "FailureTarget", "True", end.reason, end.message) }
        try await write()
        var failure: (any Error)?
        do { held.subtract(try await controller.release(ended)) } catch { failure = error }
        if failure == nil { countReleased(held) }
        let uncounted = job.status["uncountedTerminatedPods"]
        let isOver = !isCutShort && uncounted["succeeded"].isEmpty && uncounted["failed"].isEmpty && terminating == 0
        let finished = failure == nil && isOver ? end : nil
        if let finished { finish(finished) }
        try await write()
        if let finished { tell(finished) }
        if let failure { throw failure }
    }

    /// Counts those that are named and have lost their finalizer.
    private mutating func countReleased(_ held: Set<String>) {
        for (list, total) in [("succeeded", "succeeded"), ("failed", "failed")] {
            let names = job.status["uncountedTerminatedPods"][list].strings
            let left = names.filter(held.contains)
            if left.count == names.count { continue }
            job.status["uncountedTerminatedPods"][list] = left.isEmpty ? .null : Value(left)
            job.status.setCount(total, (job.status[total].int ?? 0) + names.count - left.count)
        }
        if job.status["uncountedTerminatedPods"].isNull { job.status["uncountedTerminatedPods"] = [:] }
    }

    /// Pods named in one write, at most.
    private static let uncountedMax = 500

    /// Names in the status the pods that ended; returns those to let go of, and whether there are more.
    private mutating func nameEnded(_ end: JobSync.End?) -> (ended: [Value], isCutShort: Bool) {
        var ended: [Value] = []
        var indexes = sync.countedIndexes
        var names = ["succeeded", "failed"].reduce(into: [:]) { $0[$1] = job.status["uncountedTerminatedPods"][$1].strings }
        var fresh = 0
        for pod in sync.tracked where isOver(pod, end) {
            if fresh >= Self.uncountedMax { break }
            ended.append(pod)
            let index = job.isIndexedJob ? pod.completionIndex.flatMap { $0 < sync.completions ?? 0 ? $0 : nil } : nil
            if pod.phase == "Succeeded", names["failed"]?.contains(pod.uid) != true {
                if job.isIndexedJob {
                    if let index, indexes.insert(index) { fresh += 1 }
                } else if names["succeeded"]?.contains(pod.uid) != true {
                    names["succeeded", default: []].append(pod.uid)
                    fresh += 1
                }
            } else if pod.phase != "Succeeded", job.isFailedJobPod(pod) || end?.isSuccess == false, names["failed"]?.contains(pod.uid) != true,
                !job.isIndexedJob || index != nil, sync.counts(pod)
            {
                names["failed", default: []].append(pod.uid)
                fresh += 1
            }
        }
        for (list, uids) in names where !uids.isEmpty { job.status["uncountedTerminatedPods"][list] = Value(uids) }
        if job.isIndexedJob {
            job.status.setCount("succeeded", indexes.count)
            job.status["completedIndexes"] = indexes.count == 0 ? .null : .string(indexes.text)
            if job.hasBackoffLimitPerIndex { job.status["failedIndexes"] = .string(sync.failedIndexes.text) }
        }
        return (ended, fresh >= Self.uncountedMax)
    }

    /// Whether the Job has no more to do with a pod.
    private func isOver(_ pod: Value, _ end: JobSync.End?) -> Bool {
        if job.isBeingDeleted || end != nil { return true }
        if let index = pod.completionIndex, sync.lastFailures[index]?.uid == pod.uid { return false }
        return pod.phase == "Succeeded" || job.isFailedJobPod(pod)
    }

    // MARK: The end

    private mutating func finish(_ end: JobSync.End) {
        _ = set(end.isSuccess ? "Complete" : "Failed", "True", end.reason, end.message)
        // One that ends while it is suspended.
        if job.status["startTime"].isNull { job.status["startTime"] = .string(now.rfc3339) }
        if end.isSuccess { job.status["completionTime"] = .string(now.rfc3339) }
    }

    private func tell(_ end: JobSync.End) {
        if end.isSuccess {
            controller.recorder.event(job, .normal, "Completed", "Job completed")
        } else {
            controller.recorder.event(job, .warning, end.reason, end.message)
        }
    }

    private mutating func write() async throws {
        let current = controller.latest.latest(original)
        if job.status == current.status { return }
        do {
            job = try await controller.context.client.update(.jobs, job, subresource: "status")
            controller.latest.note(job)
        } catch let error as APIError where error.reason == .notFound {
            // Deleted meanwhile: its pods are let go of when that shows.
        }
    }
}
