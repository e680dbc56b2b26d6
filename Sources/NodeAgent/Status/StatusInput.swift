import ObjectModel

/// Everything that a pod's status is made from.
struct StatusInput: Sendable {
    var pod: Pod

    /// The status that stands: what is in the API, or what was written to it last.
    var previous: Value
    var observation: PodObservation
    var probes = ProbeResults()

    /// Why containers do not run, by name: the last failure to start each.
    var waiting: [String: WaitingReason] = [:]
    var hostIPs: [String] = []

    /// True once nothing of the pod will run again: it was deleted, evicted, or is past its deadline.
    var isEnding = false

    /// Why the node ended the pod against its will, such as an eviction or a deadline: decides the phase.
    var failure: PodFailure?

    /// What the containers were granted and run with; what the spec asks for where nil.
    var allocation: PodAllocation?

    /// What the pod's cgroup gives it; nil where there is none, or nothing that the spec says of the pod as a whole.
    var cgroup: CgroupUsage?
    var now: Timestamp
}

/// `state.waiting` of a container.
struct WaitingReason: Sendable, Equatable {
    var reason: String
    var message: String

    var value: Value {
        var value: Value = ["reason": .string(reason)]
        if !message.isEmpty { value["message"] = .string(message) }
        return value
    }
}

/// `status.reason` and `status.message` of a pod that the node failed.
struct PodFailure: Sendable, Equatable {
    var reason: String
    var message: String

    /// Whether a running pod was ended to save the node, which its conditions tell.
    var isEviction = true

    static let deadlineExceeded = PodFailure(
        reason: "DeadlineExceeded", message: "Pod was active on the node longer than the specified deadline", isEviction: false)
}
