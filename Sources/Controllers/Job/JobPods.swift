import ClusterClient
import ObjectModel

/// The labels, annotations and finalizer of a Job's pods, and the pods that it makes.
enum JobPods {
    /// On every pod that its Job has not counted yet.
    static let finalizer = "batch.kubernetes.io/job-tracking"
    static let index = "batch.kubernetes.io/job-completion-index"

    /// How often pods of the same index failed before this one, and failed in ways that do not count.
    static let failures = "batch.kubernetes.io/job-index-failure-count"
    static let ignoredFailures = "batch.kubernetes.io/job-index-ignored-failure-count"
    private static let indexVariable = "JOB_COMPLETION_INDEX"

    /// Generated names are cut to leave room for their suffix.
    private static let generatedBaseMax = 58

    /// The pod of a Job; of an Indexed one the pod of an index. `failed` is the pod of that index that failed last.
    static func pod(of job: Value, index: Int?, after failed: Value? = nil, countsFailure: Bool = true) -> Value {
        var pod = PodControl.pod(from: job.spec["template"], owner: job, as: .jobs)
        if !pod.finalizers.contains(finalizer) { pod.metadata["finalizers"] = Value(pod.finalizers + [finalizer]) }
        pod.metadata["generateName"] = .string("\(job.name)-")
        guard let index else { return pod }
        pod.metadata["generateName"] = .string(generateName(job.name, index))
        pod.metadata["annotations"][Self.index] = .string("\(index)")
        pod.metadata["labels"][Self.index] = .string("\(index)")
        if (pod.spec["hostname"].string ?? "").isEmpty { pod.spec["hostname"] = .string("\(job.name)-\(index)") }
        for list in ["containers", "initContainers"] where !pod.spec[list].isNull {
            pod.spec[list] = .array(pod.spec[list].array.map(withIndexVariable))
        }
        if !job.spec["backoffLimitPerIndex"].isNull {
            let counted = (failed?.indexFailures ?? 0) + (failed != nil && countsFailure ? 1 : 0)
            let ignored = (failed?.ignoredIndexFailures ?? 0) + (failed != nil && !countsFailure ? 1 : 0)
            pod.metadata["annotations"][failures] = .string("\(counted)")
            if ignored > 0 { pod.metadata["annotations"][ignoredFailures] = .string("\(ignored)") }
        }
        return pod
    }

    private static func generateName(_ job: String, _ index: Int) -> String {
        let end = "-\(index)-"
        return String(job.prefix(generatedBaseMax - end.utf8.count)) + end
    }

    private static func withIndexVariable(_ container: Value) -> Value {
        if container["env"].array.contains(where: { $0["name"].string == indexVariable }) { return container }
        var container = container
        container["env"].append([
            "name": .string(indexVariable), "valueFrom": ["fieldRef": ["fieldPath": .string("metadata.labels['\(index)']")]],
        ])
        return container
    }
}

/// What a Job's controller asks of its pods.
extension Value {
    var hasJobFinalizer: Bool { finalizers.contains(JobPods.finalizer) }

    /// The completion index of a pod; nil where it has none that can be read.
    var completionIndex: Int? { annotation(JobPods.index).flatMap { Int($0) } }

    var indexFailures: Int { annotation(JobPods.failures).flatMap { Int($0) } ?? 0 }
    var ignoredIndexFailures: Int { annotation(JobPods.ignoredFailures).flatMap { Int($0) } ?? 0 }

    /// When a pod's containers ended; failing that, when it stopped to be ready, or was deleted.
    var finishTime: Timestamp? {
        let ended = status["containerStatuses"].array.compactMap { $0["state"]["terminated"]["finishedAt"].timestamp }.max()
        if let ended { return ended }
        if let ready = condition("Ready"), ready["status"].string == "False", let since = ready["lastTransitionTime"].timestamp { return since }
        let grace = Duration.seconds(metadata["deletionGracePeriodSeconds"].int ?? 0)
        return deletionTime.map { $0 + (.zero - grace) } ?? creationTime
    }
}

/// What a Job asks for.
extension Value {
    var isIndexedJob: Bool { spec["completionMode"].string == "Indexed" }
    var isSuspendedJob: Bool { spec["suspend"].bool == true }
    var hasBackoffLimitPerIndex: Bool { !spec["backoffLimitPerIndex"].isNull && isIndexedJob }

    /// Pods are replaced once they have failed, not when they begin to end.
    var replacesFailedOnly: Bool { spec["podReplacementPolicy"].string == "Failed" }

    /// `Complete` or `Failed`, if the Job has come to its end.
    var jobEnd: Value? { ["Complete", "Failed"].lazy.compactMap { hasCondition($0) ? condition($0) : nil }.first }

    /// Whether a pod counts as a failure of this Job: where terminating pods are replaced at once, they do.
    func isFailedJobPod(_ pod: Value) -> Bool {
        if pod.phase == "Failed" { return true }
        return !replacesFailedOnly && pod.isBeingDeleted && pod.phase != "Succeeded"
    }
}
