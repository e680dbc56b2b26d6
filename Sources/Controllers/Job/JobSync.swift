import ObjectModel

/// What a Job and its pods amount to, as a pure function: who counts, who failed, and whether the Job has come to an end.
struct JobSync {
    /// Why a Job ends. It ends once its pods have; until then its condition is `SuccessCriteriaMet` or `FailureTarget`.
    struct End: Equatable {
        var isSuccess: Bool
        var reason: String
        var message: String
    }

    let job: Value
    let pods: [Value]
    let now: Timestamp

    /// Pods that the Job has not let go of.
    let tracked: [Value]
    private(set) var active: [Value]
    private(set) var terminating: Int
    private(set) var ready: Int
    private(set) var succeeded: Int
    private(set) var failed: Int

    /// Those that the status holds already, and those with the pods that just succeeded.
    private(set) var countedIndexes = CompletionIndexes()
    private(set) var succeededIndexes = CompletionIndexes()
    private(set) var failedIndexes = CompletionIndexes()
    private(set) var end: End?

    /// The pods that failed last of each index that goes on: kept until there is another pod of the index, for they say how often it failed.
    private(set) var lastFailures: [Int: Value] = [:]
    private let policy: PodFailurePolicy

    var completions: Int? { job.spec["completions"].int }
    var parallelism: Int { job.spec["parallelism"].int ?? 1 }

    /// - Parameters:
    ///   - job: with `startTime` set, unless it is suspended.
    ///   - released: uids of pods that the Job has let go of, though the copy does not show it yet.
    init(_ job: Value, pods: [Value], released: Set<String>, now: Timestamp) {
        self.job = job
        self.pods = pods
        self.now = now
        policy = PodFailurePolicy(job)
        tracked = pods.filter { $0.hasJobFinalizer && !released.contains($0.uid) }
        active = pods.filter(\.isActivePod)
        terminating = pods.count(where: \.isTerminatingPod)
        ready = active.count(where: \.isReadyPod)
        let uncounted = job.status["uncountedTerminatedPods"]
        let counting = Set(uncounted["succeeded"].strings + uncounted["failed"].strings)
        let completions = job.spec["completions"].int
        let fresh = tracked.filter { pod in
            guard !counting.contains(pod.uid) else { return false }
            guard job.isIndexedJob else { return true }
            return pod.completionIndex.map { $0 < completions ?? 0 } ?? false
        }
        let freshFailures = fresh.filter(job.isFailedJobPod)
        succeeded = (job.status["succeeded"].int ?? 0) + uncounted["succeeded"].array.count + fresh.count { $0.phase == "Succeeded" }
        failed = (job.status["failed"].int ?? 0) + uncounted["failed"].array.count + freshFailures.count(where: policy.counts)
        if job.isIndexedJob { countIndexes() }
        end = decide()
    }

    // MARK: Indexes

    private mutating func countIndexes() {
        let completions = completions ?? 0
        func indexes(_ pods: some Sequence<Value>) -> [Int] { pods.compactMap(\.completionIndex).filter { $0 >= 0 && $0 < completions } }
        countedIndexes = CompletionIndexes(job.status["completedIndexes"].string ?? "", completions: completions)
        succeededIndexes = countedIndexes.union(indexes(tracked.lazy.filter { $0.phase == "Succeeded" }))
        succeeded = succeededIndexes.count
        guard job.hasBackoffLimitPerIndex else { return }
        let limit = job.spec["backoffLimitPerIndex"].int ?? 0
        let failures = tracked.filter(job.isFailedJobPod)
        let known = CompletionIndexes(job.status["failedIndexes"].string ?? "", completions: completions)
        failedIndexes = known.union(
            indexes(
                failures.filter { pod in
                    let verdict = policy.verdict(on: pod)?.action
                    return verdict == .failIndex || verdict != .ignore && pod.indexFailures >= limit
                }))
        for pod in failures {
            guard let index = pod.completionIndex, !succeededIndexes.contains(index), !failedIndexes.contains(index) else { continue }
            if let last = lastFailures[index], Self.attempt(last) >= Self.attempt(pod) { continue }
            lastFailures[index] = pod
        }
        // A pod that came after the failure knows of it.
        for pod in pods {
            guard let index = pod.completionIndex, let last = lastFailures[index], Self.attempt(pod) > Self.attempt(last) else { continue }
            lastFailures[index] = nil
        }
    }

    private static func attempt(_ pod: Value) -> Int { pod.indexFailures + pod.ignoredIndexFailures }

    // MARK: The end

    private func decide() -> End? {
        if let met = job.condition("SuccessCriteriaMet"), met["status"].string == "True" { return Self.end(met, isSuccess: true) }
        if let target = job.condition("FailureTarget"), target["status"].string == "True" { return Self.end(target, isSuccess: false) }
        let verdict = pods.lazy.filter { $0.phase == "Failed" }.compactMap { pod in policy.verdict(on: pod) }.first { $0.action == .failJob }
        if let verdict { return End(isSuccess: false, reason: "PodFailurePolicy", message: verdict.message) }
        if failed > job.spec["backoffLimit"].int ?? 6 || restartsTooOften {
            return End(isSuccess: false, reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit")
        }
        if let left = timeToDeadline, left <= .zero {
            return End(isSuccess: false, reason: "DeadlineExceeded", message: "Job was active longer than specified deadline")
        }
        return job.isIndexedJob ? endByIndexes() : nil
    }

    private static func end(_ condition: Value, isSuccess: Bool) -> End {
        End(isSuccess: isSuccess, reason: condition["reason"].string ?? "", message: condition["message"].string ?? "")
    }

    private func endByIndexes() -> End? {
        if let limit = job.spec["maxFailedIndexes"].int, failedIndexes.count > limit {
            let message = "Job has exceeded the specified maximal number of failed indexes"
            return End(isSuccess: false, reason: "MaxFailedIndexesExceeded", message: message)
        }
        if failedIndexes.count > 0, failedIndexes.count + succeededIndexes.count >= completions ?? 0 {
            return End(isSuccess: false, reason: "FailedIndexes", message: "Job has failed indexes")
        }
        return SuccessPolicy.met(job, succeeded: succeededIndexes).map { End(isSuccess: true, reason: "SuccessPolicy", message: $0) }
    }

    /// Where containers are restarted in place, their restarts count against the limit.
    private var restartsTooOften: Bool {
        guard job.spec["template"]["spec"]["restartPolicy"].string == "OnFailure" else { return false }
        let limit = job.spec["backoffLimit"].int ?? 6
        let restarts = pods.filter { $0.phase == "Running" || $0.phase == "Pending" }.reduce(0) { count, pod in
            (pod.status["containerStatuses"].array + pod.status["initContainerStatuses"].array).reduce(count) { $0 + ($1["restartCount"].int ?? 0) }
        }
        return limit == 0 ? restarts > 0 : restarts >= limit
    }

    /// How long the Job may still take; nil where it may take for ever, or is suspended.
    var timeToDeadline: Duration? {
        guard let deadline = job.spec["activeDeadlineSeconds"].int, !job.isSuspendedJob, let start = job.status["startTime"].timestamp else {
            return nil
        }
        return start + .seconds(deadline) - now
    }

    /// Whether enough pods succeeded. Without a number of completions one success is enough, once the others have ended.
    func isComplete(active: Int) -> Bool {
        guard active == 0 else { return false }
        return completions.map { succeeded >= $0 } ?? (succeeded > 0)
    }

    static let complete = End(isSuccess: true, reason: "CompletionsReached", message: "Reached expected number of succeeded pods")

    func counts(_ pod: Value) -> Bool { policy.counts(pod) }

    // MARK: Pods to make and to delete

    /// What brings the number of active pods to what it should be: deletions or creations, never both at once.
    enum Change {
        case none
        case delete([Value])

        /// Of indexes, where there are such.
        case create([Int?])

        /// Nothing before this time is over.
        case wait(Duration)
    }

    private var wanted: Int {
        if job.isSuspendedJob { return 0 }
        guard let completions else { return succeeded > 0 ? active.count : parallelism }
        return max(0, min(parallelism, completions - succeeded))
    }

    func change(burst: Int) -> Change {
        let surplus = Array(removals(atLeast: max(0, active.count - wanted)).prefix(burst))
        if !surplus.isEmpty { return .delete(surplus) }
        let missing = min(burst, wanted - active.count - (job.replacesFailedOnly ? terminating : 0))
        if missing <= 0 || job.isSuspendedJob { return .none }
        if job.hasBackoffLimitPerIndex { return indexedChange(missing) }
        let pause = pause
        if pause > .zero { return .wait(pause) }
        return .create(job.isIndexedJob ? pendingIndexes.prefix(missing).map { $0 } : Array(repeating: nil, count: missing))
    }

    /// Every index waits for itself.
    private func indexedChange(_ missing: Int) -> Change {
        let candidates = pendingIndexes.prefix(missing).map { index in (index, lastFailures[index].map(pause) ?? .zero) }
        let due = candidates.filter { $0.1 <= .zero }.map(\.0)
        if !due.isEmpty { return .create(due) }
        return candidates.map(\.1).min().map(Change.wait) ?? .none
    }

    /// Lowest first, without those that run, succeeded or failed.
    private var pendingIndexes: [Int] {
        let running = job.replacesFailedOnly ? pods.filter { !$0.isTerminalPod } : active
        let taken = Set(running.compactMap(\.completionIndex))
        return (0..<(completions ?? 0)).filter { !taken.contains($0) && !succeededIndexes.contains($0) && !failedIndexes.contains($0) }
    }

    private func removals(atLeast count: Int) -> [Value] {
        var removals: [Value] = []
        var left = active
        if job.isIndexedJob {
            // Of two with the same index one is too many, and so is one without a valid index.
            var seen: Set<Int> = []
            left = []
            for pod in active.sorted(by: DeploymentModel.isOlder) {
                let isValid = pod.completionIndex.map { $0 >= 0 && $0 < completions ?? 0 && seen.insert($0).inserted } ?? false
                if isValid { left.append(pod) } else { removals.append(pod) }
            }
        }
        if removals.count < count { removals += PodDeletionOrder(related: active, now: now).first(count - removals.count, of: left) }
        return removals
    }

    // MARK: Back-off

    /// How long to wait after failures in a row.
    private var pause: Duration {
        var failures = 0
        var last: Timestamp?
        let finished = pods.filter { $0.phase == "Succeeded" || job.isFailedJobPod($0) }
        for (time, pod) in finished.map({ ($0.finishTime, $0) }).sorted(by: { ($0.0?.nanoseconds ?? 0) < ($1.0?.nanoseconds ?? 0) }) {
            failures = pod.phase == "Succeeded" ? 0 : failures + 1
            last = time
        }
        return JobBackoff.left(failures: failures, last: last, now: now)
    }

    private func pause(after pod: Value) -> Duration {
        JobBackoff.left(failures: Self.attempt(pod) + 1, last: pod.finishTime, now: now)
    }

    /// Failures that a new pod of an index takes over from the last one.
    func isCounted(_ failure: Value?) -> Bool { failure.map(policy.counts) ?? true }
}
