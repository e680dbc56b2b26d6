import Metrics
import ObjectModel

extension NodeSurvey {
    private static let labels = ["container", "id", "image", "name", "namespace", "pod"]

    /// `/metrics/cadvisor`: what dashboards of containers are made from. A pod as a whole has no container, as upstream has it.
    func containerMetrics(capacity: NodeCapacity) -> String {
        var text = MetricsText()
        let now = time.nanoseconds / 1_000_000
        var groups: [(labels: [String], usage: CgroupUsage, start: Timestamp)] = []
        for entry in pods {
            let (namespace, name) = (entry.pod.namespace, entry.pod.name)
            let path = entry.group
            groups.append((["", path, "", "", namespace, name], entry.usage, entry.createdAt))
            for container in entry.containers {
                groups.append(
                    (
                        [container.name, "\(path)/\(container.id)", container.image, container.id, namespace, name], container.usage,
                        container.createdAt
                    ))
            }
        }
        func add(_ kind: MetricsText.Kind, _ name: String, _ help: String, _ number: (CgroupUsage) -> Double?) {
            text.add(
                kind, name, help, labels: Self.labels,
                groups.compactMap { group in number(group.usage).map { .init(group.labels, $0, at: now) } })
        }
        add(.counter, "container_cpu_cfs_periods_total", "Periods of the CPU quota.") { $0.cpuQuota == nil ? nil : Double($0.periods) }
        add(.counter, "container_cpu_cfs_throttled_periods_total", "Periods in which the quota ran out.") {
            $0.cpuQuota == nil ? nil : Double($0.throttledPeriods)
        }
        add(.counter, "container_cpu_cfs_throttled_seconds_total", "Time spent waiting for the quota, in seconds.") {
            $0.cpuQuota == nil ? nil : Double($0.throttledNanoseconds) / 1e9
        }
        text.add(
            .counter, "container_cpu_usage_seconds_total", "CPU time, in seconds.", labels: Self.labels + ["cpu"],
            groups.map { .init($0.labels + ["total"], Double($0.usage.cpuNanoseconds) / 1e9, at: now) })
        add(.gauge, "container_memory_cache", "Page cache, in bytes.") { Double($0.cacheBytes) }
        add(.gauge, "container_memory_rss", "Anonymous memory, in bytes.") { Double($0.rssBytes) }
        add(.gauge, "container_memory_usage_bytes", "Memory in use, page cache included, in bytes.") { Double($0.memoryBytes) }
        add(.gauge, "container_memory_working_set_bytes", "Memory that cannot be taken back at once, in bytes.") { Double($0.workingSetBytes) }
        addNetwork(to: &text, now)
        add(.gauge, "container_processes", "Processes inside.") { Double($0.processes) }
        add(.gauge, "container_spec_cpu_period", "The CPU quota's period, in microseconds.") { $0.cpuPeriod.map(Double.init) }
        add(.gauge, "container_spec_cpu_quota", "The CPU quota of a period, in microseconds.") { $0.cpuQuota.map(Double.init) }
        add(.gauge, "container_spec_cpu_shares", "The share of the CPU.") { $0.cpuShares.map(Double.init) }
        add(.gauge, "container_spec_memory_limit_bytes", "The memory limit, in bytes; 0 for none.") { Double($0.memoryLimitBytes ?? 0) }
        text.add(
            .gauge, "container_start_time_seconds", "Start, in seconds since 1970.", labels: Self.labels,
            groups.map { .init($0.labels, Double($0.start.nanoseconds) / 1e9, at: now) })
        text.add(.gauge, "machine_cpu_cores", "Logical processors.", [.init([], Double(capacity.cpuMillicores) / 1_000)])
        text.add(.gauge, "machine_memory_bytes", "Memory installed, in bytes.", [.init([], Double(capacity.memoryBytes))])
        return text.text
    }

    private func addNetwork(to text: inout MetricsText, _ now: Int64) {
        let families: [(String, String, KeyPath<InterfaceUsage, Int64>)] = [
            ("receive_bytes", "Bytes received.", \.received), ("receive_errors", "Errors while receiving.", \.receiveErrors),
            ("transmit_bytes", "Bytes sent.", \.transmitted), ("transmit_errors", "Errors while sending.", \.transmitErrors),
        ]
        for (name, help, number) in families {
            let samples = pods.flatMap { entry in
                (entry.network ?? []).map { interface in
                    MetricsText.Sample(
                        ["", entry.group, "", entry.sandboxID, entry.pod.namespace, entry.pod.name, interface.name],
                        Double(interface[keyPath: number]), at: now)
                }
            }
            text.add(.counter, "container_network_\(name)_total", help, labels: Self.labels + ["interface"], samples)
        }
    }
}
