import ObjectModel

/// Follows one pod from its creation until its containers run, to tell how long that took.
struct PodStartup: Sendable {
    let firstSeen: Timestamp
    private var isOver: Bool
    private var pullsBegan: Timestamp?
    private var pullsEnded: Timestamp?

    /// A pod of which something is reported already was started by an earlier run, which counted it.
    init(_ pod: Pod, seen: Timestamp) {
        firstSeen = seen
        isOver = !pod.status["containerStatuses"].array.isEmpty || !pod.status["initContainerStatuses"].array.isEmpty
    }

    /// An image was asked for from `start` to `end`, be it that it came or not.
    mutating func pulled(from start: Timestamp, to end: Timestamp) {
        pullsBegan = min(pullsBegan ?? start, start)
        pullsEnded = max(pullsEnded ?? end, end)
    }

    struct Durations: Equatable {
        var sinceSeen: Duration
        var sinceCreation: Duration

        /// Without pulls and init containers; nil for pods that wait for storage.
        var sli: Duration?
    }

    /// Once, when every main container is reported as running: how long it took.
    mutating func finish(_ pod: Pod, now: Timestamp) -> Durations? {
        guard !isOver, let created = pod.object.metadata["creationTimestamp"].string.flatMap(Timestamp.init(rfc3339:)) else { return nil }
        let statuses = pod.status["containerStatuses"].array
        guard statuses.count == pod.containers.count, statuses.allSatisfy({ $0["state"]["running"]["startedAt"].string != nil }) else { return nil }
        isOver = true
        let total = max(.zero, now - created)
        let isStateful = pod.spec["volumes"].array.contains { $0["persistentVolumeClaim"].isObject || $0["ephemeral"].isObject }
        return Durations(
            sinceSeen: max(.zero, now - firstSeen), sinceCreation: total, sli: isStateful ? nil : max(.zero, total - excluded(pod)))
    }

    /// The time of pulls and of init containers, counted once where they overlap.
    private func excluded(_ pod: Pod) -> Duration {
        var spans: [(Timestamp, Timestamp)] = []
        if let pullsBegan, let pullsEnded { spans.append((pullsBegan, pullsEnded)) }
        for status in pod.status["initContainerStatuses"].array {
            let ended = status["state"]["terminated"]
            guard let start = ended["startedAt"].string.flatMap(Timestamp.init(rfc3339:)),
                let end = ended["finishedAt"].string.flatMap(Timestamp.init(rfc3339:))
            else { continue }
            spans.append((start, end))
        }
        var sum = Duration.zero
        var covered: Timestamp?
        for (start, end) in spans.sorted(by: { $0.0 < $1.0 }) {
            let from = max(start, covered ?? start)
            if end > from { sum += end - from }
            covered = max(covered ?? end, end)
        }
        return sum
    }
}
