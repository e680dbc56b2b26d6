import ClusterClient
import Metrics
import Synchronization

/// `workqueue_*` of the controllers, read from their queues when someone asks.
public final class WorkQueueMetrics: Sendable {
    private let queues: Mutex<[(name: String, queue: WorkQueue)]> = Mutex([])

    public init(_ registry: MetricsRegistry) {
        func gauge(_ name: String, _ help: String, _ number: @escaping @Sendable (WorkQueue.Statistics) -> Double) {
            registry.gauge("workqueue_\(name)", help, labels: ["name"]).read { [self] in read { number($0) } }
        }
        func counter(_ name: String, _ help: String, _ number: @escaping @Sendable (WorkQueue.Statistics) -> Int) {
            registry.counter("workqueue_\(name)", help, labels: ["name"]).read { [self] in read { Double(number($0)) } }
        }
        func histogram(_ name: String, _ help: String, _ durations: @escaping @Sendable (WorkQueue.Statistics) -> WorkQueue.Durations) {
            registry.histogram("workqueue_\(name)", help, labels: ["name"], buckets: WorkQueue.Durations.bounds.map { Double($0) * 1e-9 })
                .read { [self] in
                    read {
                        let durations = durations($0)
                        return HistogramReading(counts: durations.counts.map(Double.init), sum: Double(durations.nanoseconds) * 1e-9)
                    }
                }
        }
        gauge("depth", "Keys that wait for a worker.") { Double($0.depth) }
        counter("adds_total", "Keys that were added, each time that it was not there already.") { $0.adds }
        counter("retries_total", "Keys that were to come back later.") { $0.retries }
        gauge("unfinished_work_seconds", "Time that the keys under way have taken so far, together.") { $0.unfinished.seconds }
        gauge("longest_running_processor_seconds", "Time that the key has taken so far that takes longest.") { $0.longest.seconds }
        histogram("queue_duration_seconds", "Time that a key waited for a worker.") { $0.waits }
        histogram("work_duration_seconds", "Time that a worker took for a key.") { $0.works }
    }

    /// Tells of a controller's queue from now on.
    func add(_ controller: String, _ queue: WorkQueue) {
        let name = Self.upstreamNames[controller] ?? controller
        queues.withLock { $0.append((name, queue)) }
    }

    /// What upstream calls the queue of a controller, where it has one.
    private static let upstreamNames = [
        "certificatesigningrequest-controller": "certificate", "clusterrole-aggregation-controller": "ClusterRoleAggregator",
        "cronjob-controller": "cronjob", "daemonset-controller": "daemonset", "deployment-controller": "deployment",
        "endpoints-controller": "endpoint", "endpointslice-controller": "endpoint_slice",
        "garbage-collector-controller": "garbage_collector_attempt_to_delete", "job-controller": "job", "namespace-controller": "namespace",
        "persistentvolume-protection-controller": "pvprotection", "persistentvolumeclaim-protection-controller": "pvcprotection",
        "replicaset-controller": "replicaset", "replication-controller": "replicationmanager",
        "resource-quota-controller": "resourcequota_primary", "root-ca-certificate-publisher": "root_ca_cert_publisher",
        "service-account-controller": "serviceaccount", "stale-pod-disruption": "stale_pod_disruption", "statefulset-controller": "statefulset",
        "token-cleaner": "token_cleaner", "ttl-after-finished-controller": "ttl_jobs_to_delete",
    ]

    private func read<Number>(_ number: (WorkQueue.Statistics) -> Number) -> [([String], Number)] {
        queues.withLock { $0 }.map { ([$0.name], number($0.queue.statistics)) }
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
