import Metrics
import ObjectModel

extension NodeSurvey {
    private static let containerLabels = ["container", "namespace", "pod"]
    private static let podLabels = ["namespace", "pod"]

    /// `/metrics/resource`: CPU and memory of the node, its pods and their containers, with the moment of each. Autoscaling lives on these.
    var resourceMetrics: String {
        var text = MetricsText()
        let now = time.nanoseconds / 1_000_000
        let containers = pods.flatMap { pod in pod.containers.map { ([$0.name, pod.pod.namespace, pod.pod.name], $0) } }
        text.add(
            .counter, "container_cpu_usage_seconds_total", "CPU time of a container, in seconds.", labels: Self.containerLabels,
            containers.map { .init($0.0, Double($0.1.usage.cpuNanoseconds) / 1e9, at: now) })
        text.add(
            .gauge, "container_memory_working_set_bytes", "Working set of a container, in bytes.", labels: Self.containerLabels,
            containers.map { .init($0.0, Double($0.1.usage.workingSetBytes), at: now) })
        text.add(
            .gauge, "container_start_time_seconds", "Start of a container, in seconds since 1970.", labels: Self.containerLabels,
            containers.map { .init($0.0, Double($0.1.createdAt.nanoseconds) / 1e9) })
        text.add(
            .counter, "node_cpu_usage_seconds_total", "CPU time of the node, in seconds.", [.init([], Double(machine.cpuNanoseconds) / 1e9, at: now)])
        text.add(
            .gauge, "node_memory_working_set_bytes", "Working set of the node, in bytes.", [.init([], Double(machine.workingSetBytes), at: now)])
        text.add(.gauge, "node_swap_usage_bytes", "Swap in use on the node, in bytes.", [.init([], Double(machine.swapUsedBytes), at: now)])
        text.add(
            .counter, "pod_cpu_usage_seconds_total", "CPU time of a pod, in seconds.", labels: Self.podLabels,
            pods.map { .init([$0.pod.namespace, $0.pod.name], Double($0.usage.cpuNanoseconds) / 1e9, at: now) })
        text.add(
            .gauge, "pod_memory_working_set_bytes", "Working set of a pod, in bytes.", labels: Self.podLabels,
            pods.map { .init([$0.pod.namespace, $0.pod.name], Double($0.usage.workingSetBytes), at: now) })
        text.add(.gauge, "resource_scrape_error", "1 where there was an error while these were read, 0 otherwise.", [.init([], 0)])
        text.add(.gauge, "scrape_error", "1 where there was an error while these were read, 0 otherwise.", [.init([], 0)])
        return text.text
    }
}
