import ClusterClient
import ContainerRuntime
import Logging
import ObjectModel

/// Keeps the node alive when it runs short of memory or disk: makes room from what nobody uses, then ends one pod after the other.
struct PodEviction: Sendable {
    let services: NodeServices
    let images: ImageCollector

    /// The pods here, and how one is ended.
    let pods: @Sendable () -> [Value]
    let evict: @Sendable (_ uid: String, PodFailure) -> Bool

    private static let interval = Duration.seconds(10)

    /// Watches until cancelled. After an eviction it looks again soon, for the pod's end takes its time.
    func run() async {
        await findImages()
        while !Task.isCancelled {
            let hasEvicted = await pass()
            try? await Task.sleep(for: hasEvicted ? .seconds(3) : Self.interval, tolerance: .seconds(1))
        }
    }

    /// Where the runtime does not tell, images count as lying with the rest.
    private func findImages() async {
        guard let place = try? await services.runtime.imageFsInfo().imageFilesystems.first?.fsID.mountpoint, File.exists(place) else { return }
        services.pressure.keepsImages(in: place)
    }

    /// Looks once; returns whether a pod was told to go.
    func pass() async -> Bool {
        var readings = services.pressure.readings()
        services.pressure.note(readings)
        guard readings.contains(where: \.isShort) else { return false }
        let isApart = services.pressure.hasImageFilesystem
        if readings.contains(where: { $0.isShort && $0.signal.pressure == .disk && ($0.signal.isOfImages || !isApart) }) {
            _ = try? await images.collectAll()
            readings = services.pressure.readings()
        }
        // Memory first, as upstream.
        guard let reading = readings.first(where: \.isShort) else { return false }
        return await endOne(reading)
    }

    private func endOne(_ reading: EvictionReading) async -> Bool {
        guard let survey = try? await NodeSurvey.take(services, pods: pods()) else { return false }
        // One that is on its way out makes room already.
        if survey.pods.contains(where: { $0.pod.status["reason"].string == "Evicted" }) { return false }
        let layers = reading.signal.pressure == .disk ? await writableLayers() : [:]
        let candidates = survey.pods.filter { !$0.pod.isTerminal && !$0.pod.isBeingDeleted }.map { entry in
            EvictionOrder.Candidate(pod: entry.pod, usage: usage(entry, reading.signal, layers), request: request(entry.pod, reading.signal))
        }
        for candidate in EvictionOrder.ranked(candidates) {
            guard let entry = survey.pods.first(where: { $0.pod.uid == candidate.pod.uid }) else { continue }
            let containers = entry.containers.map { container in
                (
                    name: container.name,
                    usage: reading.signal == .memoryAvailable
                        ? container.usage.workingSetBytes : logs(entry, container) + (layers[container.id]?.bytes ?? 0),
                    request: candidate.pod.container(named: container.name)?.object["resources"]["requests"][reading.signal.resource].quantity?.value
                        ?? 0
                )
            }
            let failure = PodFailure(reason: "Evicted", message: EvictionOrder.message(reading, containers))
            guard evict(candidate.pod.uid, failure) else { continue }
            services.metrics.evicted(reading.signal)
            services.logger.warning("a pod is evicted", metadata: ["pod": "\(candidate.pod.key)", "why": "\(failure.message)"])
            return true
        }
        services.logger.warning("the node runs short, and no pod is left that could be evicted", metadata: ["signal": "\(reading.signal.rawValue)"])
        return false
    }

    // MARK: Figures

    /// What containers have written to their own root filesystems, by id.
    private func writableLayers() async -> [String: DiskUsage] {
        let stats = (try? await services.runtime.containerStats(CRIContainerStatsFilter())) ?? []
        let layers = stats.map { stat in
            let layer = stat.writableLayer
            return (stat.attributes.id, DiskUsage(bytes: Int64(clamping: layer.usedBytes.value), inodes: Int64(clamping: layer.inodesUsed.value)))
        }
        return Dictionary(layers) { first, _ in first }
    }

    private func usage(_ entry: NodeSurvey.PodUsage, _ signal: EvictionSignal, _ layers: [String: DiskUsage]) -> Int64 {
        switch signal {
        case .memoryAvailable: return entry.usage.workingSetBytes
        case .processesAvailable: return entry.usage.processes
        case .diskAvailable, .inodesFree, .imageDiskAvailable, .imageInodesFree: break
        }
        let roots = entry.containers.compactMap { layers[$0.id] }.reduce(DiskUsage(), +)
        // With a filesystem of their own, images and containers' roots lie there, and the rest does not.
        let hasOwn = services.pressure.hasImageFilesystem
        let disk = hasOwn && signal.isOfImages ? roots : hasOwn ? volumes(entry) : volumes(entry) + roots
        return signal.isBytes ? disk.bytes : disk.inodes
    }

    private func volumes(_ entry: NodeSurvey.PodUsage) -> DiskUsage {
        var disk = DiskUsage(of: services.directories.logs(entry.pod))
        for volume in entry.pod.spec["volumes"].array where volume["emptyDir"].isObject && volume["emptyDir"]["medium"].string != "Memory" {
            disk =
                disk
                + DiskUsage(of: services.directories.volume(entry.pod.uid, plugin: "kubernetes.io~empty-dir", name: volume["name"].string ?? ""))
        }
        return disk
    }

    private func logs(_ entry: NodeSurvey.PodUsage, _ container: NodeSurvey.Container) -> Int64 {
        DiskUsage(of: "\(services.directories.logs(entry.pod))/\(container.name)").bytes
    }

    private func request(_ pod: Pod, _ signal: EvictionSignal) -> Int64 {
        signal.isBytes ? PodResources(pod).requests[signal.resource]?.value ?? 0 : 0
    }
}
