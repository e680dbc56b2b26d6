import ContainerRuntime
import Metrics
import ObjectModel

/// The node agent's metrics, under the names of upstream's kubelet.
struct NodeMetrics: Sendable {
    let registry = MetricsRegistry()

    private let runningPods: Gauge
    private let runningContainers: Gauge
    private let desiredPods: Gauge
    private let firstSeen: Histogram
    private let sinceCreation: Histogram
    private let sinceCreationSLI: Histogram
    private let workerPasses: Histogram
    private let workerStarts: Histogram
    private let startedPods: Counter
    private let startedPodErrors: Counter
    private let startedContainers: Counter
    private let startedContainerErrors: Counter
    private let pulls: Histogram
    private let evictions: Counter
    private let collectedImages: Counter
    private let operations: Counter
    private let operationErrors: Counter
    private let operationDurations: Histogram
    let resizes: ResizeMetrics

    private static let podStartSeconds: [Double] = [
        0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
    ]
    private static let standardSeconds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let pullSeconds: [Double] = [1, 5, 10, 20, 30, 60, 180, 300, 600, 900, 1200, 1800, 2700, 3600]

    /// From 5 ms on, each two and a half times the one before.
    private static let operationSeconds: [Double] = (0..<14).reduce(into: []) { bounds, _ in bounds.append((bounds.last ?? 0.002) * 2.5) }

    init(nodeName: String) {
        resizes = ResizeMetrics(registry)
        registry.gauge("kubelet_node_name", "The node's name. The count is always 1.", labels: ["node"]).set(1, [nodeName])
        runningPods = registry.gauge("kubelet_running_pods", "Pods that have a running sandbox.")
        runningContainers = registry.gauge("kubelet_running_containers", "Containers here, by their state.", labels: ["container_state"])
        desiredPods = registry.gauge("kubelet_desired_pods", "Pods that the node is told to run.", labels: ["static"])
        firstSeen = registry.histogram(
            "kubelet_pod_start_duration_seconds", "From the first sight of a pod to all of its containers running.", buckets: Self.podStartSeconds)
        sinceCreation = registry.histogram(
            "kubelet_pod_start_total_duration_seconds",
            "From a pod's creation to all of its containers reported as running, image pulls and init containers included.",
            buckets: Self.podStartSeconds)
        sinceCreationSLI = registry.histogram(
            "kubelet_pod_start_sli_duration_seconds",
            "From a pod's creation to all of its containers reported as running, without the time of image pulls and init containers.",
            buckets: Self.podStartSeconds)
        workerPasses = registry.histogram(
            "kubelet_pod_worker_duration_seconds", "Time of one pass over a pod, by what it was for.", labels: ["operation_type"],
            buckets: Self.standardSeconds)
        workerStarts = registry.histogram(
            "kubelet_pod_worker_start_duration_seconds", "From the first sight of a pod to its worker's first pass.", buckets: Self.standardSeconds)
        startedPods = registry.counter("kubelet_started_pods_total", "Sandboxes that were to be made.")
        startedPodErrors = registry.counter("kubelet_started_pods_errors_total", "Sandboxes that could not be made.")
        startedContainers = registry.counter(
            "kubelet_started_containers_total", "Containers that were to be started, by kind.", labels: ["container_type"])
        startedContainerErrors = registry.counter(
            "kubelet_started_containers_errors_total", "Containers that could not be started, by kind and reason.",
            labels: ["container_type", "code"])
        pulls = registry.histogram(
            "kubelet_image_pull_duration_seconds", "Time to pull an image, by its size.", labels: ["image_size_in_bytes"], buckets: Self.pullSeconds)
        evictions = registry.counter("kubelet_evictions", "Pods that were ended to save the node, by what ran short.", labels: ["eviction_signal"])
        collectedImages = registry.counter(
            "kubelet_image_garbage_collected_total", "Images that were removed to make room.", labels: ["reason"])
        operations = registry.counter("kubelet_runtime_operations_total", "Calls to the container runtime.", labels: ["operation_type"])
        operationErrors = registry.counter(
            "kubelet_runtime_operations_errors_total", "Calls to the container runtime that failed.", labels: ["operation_type"])
        operationDurations = registry.histogram(
            "kubelet_runtime_operations_duration_seconds", "Time of calls to the container runtime.", labels: ["operation_type"],
            buckets: Self.operationSeconds)
        registry.gauge(
            "kubernetes_build_info", "The version that this node stands for. The count is always 1.",
            labels: ["git_version", "major", "minor", "platform"]
        ).set(1, [NodeInfo.kubeletVersion, "1", "36", "linux/\(NodeInfo.architecture)"])
    }

    // MARK: Pods

    func holds(pods: Int, containers: [String: Int], desired: Int) {
        runningPods.set(Double(pods))
        desiredPods.set(Double(desired), ["false"])
        for (state, count) in containers { runningContainers.set(Double(count), [state]) }
    }

    /// All containers of a pod run. `sli` is nil for pods whose start depends on storage.
    func podStarted(sinceSeen: Duration, sinceCreation total: Duration, sli: Duration?) {
        firstSeen.observe(sinceSeen)
        sinceCreation.observe(total)
        if let sli { sinceCreationSLI.observe(sli) }
    }

    func workerStarted(after duration: Duration) { workerStarts.observe(duration) }

    func passed(_ operation: String, took duration: Duration) { workerPasses.observe(duration, [operation]) }

    func startsSandbox() { startedPods.increment() }
    func sandboxFailed() { startedPodErrors.increment() }
    func starts(_ container: ContainerSpec) { startedContainers.increment([container.role.metricLabel]) }
    func failed(_ container: ContainerSpec, _ reason: String) { startedContainerErrors.increment([container.role.metricLabel, reason]) }

    // MARK: The runtime

    func pulled(bytes: UInt64, took duration: Duration) { pulls.observe(duration, [Self.sizeClass(bytes)]) }

    /// Upstream's classes of sizes.
    static func sizeClass(_ bytes: UInt64) -> String {
        let megabyte: UInt64 = 1 << 20
        let gigabyte: UInt64 = 1 << 30
        let classes: [(UInt64, String)] = [
            (10 * megabyte, "0-10MB"), (100 * megabyte, "10MB-100MB"), (500 * megabyte, "100MB-500MB"), (gigabyte, "500MB-1GB"),
            (5 * gigabyte, "1GB-5GB"), (10 * gigabyte, "5GB-10GB"), (20 * gigabyte, "10GB-20GB"), (30 * gigabyte, "20GB-30GB"),
            (40 * gigabyte, "30GB-40GB"), (60 * gigabyte, "40GB-60GB"), (100 * gigabyte, "60GB-100GB"),
        ]
        guard bytes > 0 else { return "N/A" }
        return classes.first { bytes <= $0.0 }?.1 ?? "GT100GB"
    }

    func evicted(_ signal: EvictionSignal) { evictions.increment([signal.rawValue]) }

    func collected(images count: Int) { if count > 0 { collectedImages.increment(["space"], by: Double(count)) } }

    func called(_ operation: String, took duration: Duration, failed: Bool) {
        operations.increment([operation])
        operationDurations.observe(duration, [operation])
        if failed { operationErrors.increment([operation]) }
    }
}

extension ContainerSpec.Role {
    fileprivate var metricLabel: String {
        switch self {
        case .initial: "init_container"
        case .main: "container"
        case .ephemeral: "ephemeral_container"
        }
    }
}
