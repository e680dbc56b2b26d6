import ObjectModel

/// Which pods go first when there are too many: upstream's `ActivePodsWithRanks`.
struct PodDeletionOrder {
    let now: Timestamp

    /// Pods of the same group on each node: a node that holds more loses first.
    let crowd: [String: Int]

    /// `related` are the pods that count as crowding a node, `pods` themselves included.
    init(related: [Value], now: Timestamp) {
        self.now = now
        crowd = related.reduce(into: [:]) { crowd, pod in
            if pod.isActivePod { crowd[pod.nodeName, default: 0] += 1 }
        }
    }

    /// The first `count` to be deleted.
    func first(_ count: Int, of pods: [Value]) -> [Value] {
        if count >= pods.count { return pods }
        return Array(pods.map { (Rank($0, self), $0) }.sorted { $0.0.precedes($1.0, now: now) }.prefix(count).map(\.1))
    }

    private struct Rank {
        let isAssigned: Bool
        let phase: Int
        let isReady: Bool
        let deletionCost: Int
        let crowd: Int
        let readySince: Timestamp?
        let restarts: Int
        let initRestarts: Int
        let creation: Timestamp?
        let uid: String

        init(_ pod: Value, _ order: PodDeletionOrder) {
            isAssigned = !pod.nodeName.isEmpty
            phase = ["Pending": 0, "Unknown": 1, "Running": 2][pod.phase] ?? 0
            isReady = pod.isReadyPod
            deletionCost = Int(Int32(pod.metadata["annotations"]["controller.kubernetes.io/pod-deletion-cost"].string ?? "") ?? 0)
            crowd = order.crowd[pod.nodeName] ?? 0
            readySince = pod.readySince
            restarts = pod.maxRestarts("containerStatuses")
            initRestarts = pod.maxRestarts("initContainerStatuses")
            creation = pod.creationTime
            uid = pod.uid
        }

        func precedes(_ other: Rank, now: Timestamp) -> Bool {
            if isAssigned != other.isAssigned { return !isAssigned }
            if phase != other.phase { return phase < other.phase }
            if isReady != other.isReady { return !isReady }
            if deletionCost != other.deletionCost { return deletionCost < other.deletionCost }
            if crowd != other.crowd { return crowd > other.crowd }
            if isReady, let decided = Self.younger(readySince, other.readySince, uid, other.uid, now) { return decided }
            if restarts != other.restarts { return restarts > other.restarts }
            if initRestarts != other.initRestarts { return initRestarts > other.initRestarts }
            return Self.younger(creation, other.creation, uid, other.uid, now) ?? (uid < other.uid)
        }

        /// Ages are compared by their magnitude, so that pods of about the same age go in random order; nil where the times are the same.
        private static func younger(_ left: Timestamp?, _ right: Timestamp?, _ leftUID: String, _ rightUID: String, _ now: Timestamp) -> Bool? {
            if left == right { return nil }
            guard let left, let right else { return left == nil }
            let difference = magnitude(now - left) - magnitude(now - right)
            return difference == 0 ? leftUID < rightUID : difference < 0
        }

        /// The binary logarithm of an age in nanoseconds, rounded down.
        private static func magnitude(_ age: Duration) -> Int {
            let (seconds, attoseconds) = age.components
            let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
            return nanoseconds > 0 ? 63 - nanoseconds.leadingZeroBitCount : -1
        }
    }
}
