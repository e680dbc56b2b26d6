import Metrics
import Synchronization

/// Resizes of pods in place, under upstream's names.
struct ResizeMetrics: Sendable {
    private let requested: Counter
    private let infeasible: Counter
    private let accepted: Counter
    private let durations: Histogram
    private let stages = Stages()

    /// What has the node look at a resize again for which there was no room.
    enum Trigger: String, Sendable {
        case podUpdated = "pod_updated"
        case podResized = "pod_resized"
        case podsRemoved = "pods_removed"
    }

    /// Where the resize of a pod stands.
    struct Stage: Sendable, Equatable {
        var pending: PodAllocation.Pending.Reason?
        var isInProgress = false
    }

    /// By pod.
    private final class Stages: Sendable {
        let all: Mutex<[String: Stage]> = Mutex([:])

        func count(_ isCounted: (Stage) -> Bool) -> Double { Double(all.withLock { $0.values.count(where: isCounted) }) }
    }

    /// From 10 ms on, each twice the one before.
    private static let milliseconds = (0..<19).map { 10 * Double(1 << $0) }

    init(_ registry: MetricsRegistry) {
        requested = registry.counter(
            "kubelet_container_requested_resizes_total", "Requests and limits of containers that were asked to change, one by one.",
            labels: ["resource", "requirement", "operation"])
        infeasible = registry.counter(
            "kubelet_pod_infeasible_resizes_total", "Resizes that the node will never grant, by why.", labels: ["reason_detail"])
        accepted = registry.counter(
            "kubelet_pod_deferred_accepted_resizes_total", "Resizes that were granted after there was no room for them, by what made some.",
            labels: ["retry_trigger"])
        durations = registry.histogram(
            "kubelet_pod_resize_duration_milliseconds", "Time to carry out a resize that was granted.", labels: ["success"],
            buckets: Self.milliseconds)
        registry.gauge("kubelet_pod_pending_resizes", "Resizes that the node does not grant, or not now.", labels: ["reason"]).read { [stages] in
            [PodAllocation.Pending.Reason.deferred, .infeasible].map { reason in
                ([reason.rawValue.lowercased()], stages.count { $0.pending == reason })
            }
        }
        registry.gauge("kubelet_pod_in_progress_resizes", "Resizes that are granted and not through.").read { [stages] in
            [([], stages.count(\.isInProgress))]
        }
    }

    func asked(_ steps: [ResourceChange.Step]) {
        for step in steps { requested.increment([step.resource, step.requirement, step.operation.rawValue]) }
    }

    /// There is less on the node than the pod wants.
    func isInfeasible() { infeasible.increment(["insufficient_node_allocatable"]) }

    func granted(after trigger: Trigger) { accepted.increment([trigger.rawValue]) }

    func carriedOut(in duration: Duration, isSuccess: Bool) {
        let milliseconds = Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
        durations.observe(milliseconds.rounded(.down), [isSuccess ? "true" : "false"])
    }

    /// Where a pod's resize stands now; nil once there is none, or no pod.
    func note(_ stage: Stage?, of uid: String) { stages.all.withLock { $0[uid] = stage == Stage() ? nil : stage } }
}
