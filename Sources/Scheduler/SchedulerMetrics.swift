import Metrics

/// The scheduler's metrics, under upstream's names.
struct SchedulerMetrics: Sendable {
    private let attempts: Counter
    private let durations: Histogram
    private let decisions: Histogram
    private let attemptsNeeded: Histogram
    private let waits: Histogram
    private let pending: Gauge
    private let cache: Gauge
    private let preemptions: Counter
    private let victims: Histogram

    private static let profile = "default-scheduler"

    /// From 1 ms, and from 10 ms, each twice the one before.
    private static let attemptSeconds: [Double] = (0..<15).map { 0.001 * Double(1 << $0) }
    private static let waitSeconds: [Double] = (0..<20).map { 0.01 * Double(1 << $0) }

    init(_ registry: MetricsRegistry) {
        attempts = registry.counter("scheduler_schedule_attempts_total", "Attempts to schedule pods, by result.", labels: ["profile", "result"])
        durations = registry.histogram(
            "scheduler_scheduling_attempt_duration_seconds", "Time of an attempt: decision and binding.", labels: ["profile", "result"],
            buckets: Self.attemptSeconds)
        decisions = registry.histogram(
            "scheduler_scheduling_algorithm_duration_seconds", "Time to decide about a pod.", buckets: Self.attemptSeconds)
        attemptsNeeded = registry.histogram(
            "scheduler_pod_scheduling_attempts", "Attempts that it took to place a pod.", buckets: [1, 2, 4, 8, 16])
        waits = registry.histogram(
            "scheduler_pod_scheduling_sli_duration_seconds", "Time from a pod's arrival in the queue to its binding, by attempts that it took.",
            labels: ["attempts"], buckets: Self.waitSeconds)
        pending = registry.gauge("scheduler_pending_pods", "Pods that wait for a node, by the queue they are in.", labels: ["queue"])
        cache = registry.gauge("scheduler_cache_size", "What the scheduler knows: nodes, pods, and pods assumed to be bound.", labels: ["type"])
        preemptions = registry.counter("scheduler_preemption_attempts_total", "Times that room was made for a pod by taking others away.")
        victims = registry.histogram(
            "scheduler_preemption_victims", "Pods that were taken away at a time.", buckets: (0..<7).map { Double(1 << $0) })
    }

    enum Result: String { case scheduled, unschedulable, error }

    /// One attempt to schedule a pod, up to the decision.
    struct Attempt: Sendable {
        /// The first is 1.
        var number: Int

        /// Since the pod came to the queue.
        var waited: Duration
        var deciding: Duration
    }

    func attempted(_ result: Result, _ attempt: Attempt, carryingOut duration: Duration) {
        attempts.increment([Self.profile, result.rawValue])
        durations.observe(attempt.deciding + duration, [Self.profile, result.rawValue])
        decisions.observe(attempt.deciding)
        guard result == .scheduled else { return }
        attemptsNeeded.observe(Double(attempt.number))
        waits.observe(attempt.waited + duration, [attempt.number > 15 ? "16+" : String(attempt.number)])
    }

    func preempts(victims count: Int) {
        preemptions.increment()
        victims.observe(Double(count))
    }

    func holds(_ counts: (queue: [String: Int], nodes: Int, pods: Int, assumed: Int)) {
        for (name, count) in counts.queue { pending.set(Double(count), [name]) }
        cache.set(Double(counts.nodes), ["nodes"])
        cache.set(Double(counts.pods), ["pods"])
        cache.set(Double(counts.assumed), ["assumed_pods"])
    }
}
