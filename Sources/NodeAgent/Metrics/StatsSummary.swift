import ContainerRuntime
import Glibc
import ObjectModel
import Synchronization

/// `/stats/summary`: what the node, its pods and their containers use, as one object.
final class StatsSummary: Sendable {
    private let services: NodeServices

    /// The last CPU reading of each group, for the rate since then.
    private let last = Mutex<[String: Reading]>([:])

    private struct Reading {
        var time: Timestamp
        var nanoseconds: Int64
    }

    private let startTime: Timestamp

    init(_ services: NodeServices) {
        self.services = services
        startTime = services.now()
    }

    func object(_ survey: NodeSurvey) async -> Value {
        let layers = ((try? await services.runtime.containerStats(CRIContainerStatsFilter())) ?? []).map { ($0.attributes.id, $0.writableLayer) }
        let layer = Dictionary(layers) { first, _ in first }
        var seen: Set<String> = ["/"]
        let pods = survey.pods.map { entry -> Value in
            seen.insert(entry.pod.uid)
            seen.formUnion(entry.containers.map(\.id))
            return pod(entry, layer, survey.time)
        }
        let result: Value = ["node": node(survey), "pods": .array(pods)]
        last.withLock { last in last = last.filter { seen.contains($0.key) } }
        return result
    }

    // MARK: The node

    private func node(_ survey: NodeSurvey) -> Value {
        let machine = survey.machine
        let time: Value = .string(survey.time.rfc3339)
        let network = InterfaceUsage.read(process: getpid())
        let disk = filesystem(services.configuration.dataDirectory, time)
        return [
            "nodeName": .string(services.configuration.nodeName), "startTime": .string(startTime.rfc3339),
            "cpu": cpu("/", machine.cpuNanoseconds, survey.time),
            "memory": [
                "time": time, "availableBytes": .integer(machine.memoryAvailableBytes), "usageBytes": .integer(machine.memoryUsedBytes),
                "workingSetBytes": .integer(machine.workingSetBytes), "rssBytes": .integer(machine.rssBytes),
                "pageFaults": .integer(machine.pageFaults), "majorPageFaults": .integer(machine.majorPageFaults),
            ],
            "network": interfaces(network, time), "fs": disk, "runtime": ["imageFs": disk, "containerFs": disk],
            "rlimit": ["time": time, "maxpid": .integer(machine.processesMax), "curproc": .integer(machine.processes)],
            "swap": [
                "time": time, "swapAvailableBytes": .integer(machine.swapTotalBytes - machine.swapUsedBytes),
                "swapUsageBytes": .integer(machine.swapUsedBytes),
            ],
        ]
    }

    private func filesystem(_ path: String, _ time: Value, used: DiskUsage? = nil) -> Value {
        guard let disk = FilesystemUsage(path: path) else { return .null }
        return [
            "time": time, "availableBytes": .integer(disk.availableBytes), "capacityBytes": .integer(disk.totalBytes),
            "usedBytes": .integer(used?.bytes ?? disk.totalBytes - disk.availableBytes), "inodesFree": .integer(disk.inodesFree),
            "inodes": .integer(disk.inodes), "inodesUsed": .integer(used?.inodes ?? disk.inodes - disk.inodesFree),
        ]
    }

    private func interfaces(_ all: [InterfaceUsage], _ time: Value) -> Value {
        let values = all.map { interface -> Value in
            [
                "name": .string(interface.name), "rxBytes": .integer(interface.received), "rxErrors": .integer(interface.receiveErrors),
                "txBytes": .integer(interface.transmitted), "txErrors": .integer(interface.transmitErrors),
            ]
        }
        guard let first = all.firstIndex(where: { $0.name == "eth0" }) ?? all.indices.first else { return .null }
        var result = values[first]
        result["time"] = time
        result["interfaces"] = .array(values)
        return result
    }

    // MARK: Pods

    private func pod(_ entry: NodeSurvey.PodUsage, _ layers: [String: CRIFilesystemUsage], _ now: Timestamp) -> Value {
        let time: Value = .string(now.rfc3339)
        let uid = entry.pod.uid
        let directories = services.directories
        var ephemeral = DiskUsage()
        let containers = entry.containers.map { container -> Value in
            let logs = DiskUsage(of: "\(directories.logs(entry.pod))/\(container.name)")
            let layer = layers[container.id].map {
                DiskUsage(bytes: Int64(clamping: $0.usedBytes.value), inodes: Int64(clamping: $0.inodesUsed.value))
            }
            ephemeral = ephemeral + logs + (layer ?? DiskUsage())
            return [
                "name": .string(container.name), "startTime": .string(container.createdAt.rfc3339),
                "cpu": cpu(container.id, container.usage.cpuNanoseconds, now), "memory": memory(container.usage, time),
                "rootfs": filesystem(services.configuration.dataDirectory, time, used: layer ?? DiskUsage()),
                "logs": filesystem(directories.logs, time, used: logs),
            ]
        }
        var volumes: [Value] = []
        for volume in entry.pod.spec["volumes"].array where volume["emptyDir"].isObject {
            let path = directories.volume(uid, plugin: "kubernetes.io~empty-dir", name: volume["name"].string ?? "")
            let used = DiskUsage(of: path)
            if volume["emptyDir"]["medium"].string != "Memory" { ephemeral = ephemeral + used }
            var value = filesystem(path, time, used: used)
            value["name"] = volume["name"]
            volumes.append(value)
        }
        var result: Value = [
            "podRef": ["name": .string(entry.pod.name), "namespace": .string(entry.pod.namespace), "uid": .string(uid)],
            "startTime": .string(entry.createdAt.rfc3339), "containers": .array(containers), "cpu": cpu(uid, entry.usage.cpuNanoseconds, now),
            "memory": memory(entry.usage, time),
            "ephemeral-storage": filesystem(services.configuration.dataDirectory, time, used: ephemeral),
            "process_stats": ["process_count": .integer(entry.usage.processes)],
        ]
        if let network = entry.network { result["network"] = interfaces(network, time) }
        if !volumes.isEmpty { result["volume"] = .array(volumes) }
        return result
    }

    private func memory(_ usage: CgroupUsage, _ time: Value) -> Value {
        var result: Value = [
            "time": time, "usageBytes": .integer(usage.memoryBytes), "workingSetBytes": .integer(usage.workingSetBytes),
            "rssBytes": .integer(usage.rssBytes), "pageFaults": .integer(usage.pageFaults), "majorPageFaults": .integer(usage.majorPageFaults),
        ]
        if let limit = usage.memoryLimitBytes { result["availableBytes"] = .integer(max(0, limit - usage.workingSetBytes)) }
        return result
    }

    /// The whole time, and the rate since somebody last asked (nobody counts in between).
    private func cpu(_ key: String, _ nanoseconds: Int64, _ now: Timestamp) -> Value {
        var result: Value = ["time": .string(now.rfc3339), "usageCoreNanoSeconds": .integer(nanoseconds)]
        let previous = last.withLock { last in
            defer { last[key] = Reading(time: now, nanoseconds: nanoseconds) }
            return last[key]
        }
        if let previous, now.nanoseconds > previous.time.nanoseconds, nanoseconds >= previous.nanoseconds {
            let rate = Double(nanoseconds - previous.nanoseconds) / Double(now.nanoseconds - previous.time.nanoseconds)
            result["usageNanoCores"] = .integer(Int64(rate * 1e9))
        }
        return result
    }
}
