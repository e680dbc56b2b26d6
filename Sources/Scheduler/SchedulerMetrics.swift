import Metrics

/// The scheduler's metrics, under upstream's names.
struct SchedulerMetrics: Sendable {
    private let attempts: Counter
    private let durations: Histogram
    private let waits: Histogram

    private static let profile = "default-scheduler"
    private static let attemptSeconds = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384]
    private static let waitSeconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68]

    init(_ registry: MetricsRegistry) {
        attempts = registry.counter("scheduler_schedule_attempts_total", "Attempts to schedule pods, by result.", labels: ["result", "profile"])
        durations = registry.histogram(
            "scheduler_scheduling_attempt_duration_seconds", "Time of an attempt, binding included.", labels: ["result", "profile"],
            buckets: Self.attemptSeconds)
        waits = registry.histogram(
            "scheduler_pod_scheduling_sli_duration_seconds", "Time from a pod's creation to its binding.", labels: [], buckets: Self.waitSeconds)
    }

    enum Result: String { case scheduled, unschedulable, error }

    func attempted(_ result: Result, took duration: Duration) {
        attempts.increment([result.rawValue, Self.profile])
        durations.observe(duration, [result.rawValue, Self.profile])
    }

    func waited(_ duration: Duration) { waits.observe(duration) }
}
