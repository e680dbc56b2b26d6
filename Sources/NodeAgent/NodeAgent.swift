import ClusterClient
import ContainerRuntime
import Logging
import ObjectModel
import Synchronization

/// Runs the pods that are bound to one machine, and tells the cluster of the machine: upstream's kubelet.
///
/// Everything that matters is in the API and in the container runtime. The agent may be killed at any moment and started again: what runs goes on
/// running and is taken over.
public final class NodeAgent: Sendable {
    /// Index of services by namespace.
    static let namespaceIndex = "namespace"

    /// Sandboxes and containers that are made at the same time, for each core: one of two waits for the disk.
    private static let callsPerCore = 2

    public let configuration: NodeAgentConfiguration
    private let services: NodeServices
    private let pods: Informer
    private let imageCollector: ImageCollector
    private let workers = Mutex<[String: PodWorker]>([:])
    private let fresh: AsyncStream<PodWorker>
    private let hire: AsyncStream<PodWorker>.Continuation
    private let logger: Logger

    /// - Parameters:
    ///   - client: with the node's own identity (`system:node:NAME`).
    ///   - runtime: connected, or about to be; calls wait for it.
    public init(
        _ configuration: NodeAgentConfiguration, client: Client, runtime: any ContainerRuntime, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        self.configuration = configuration
        self.logger = logger
        let capacity = NodeCapacity.read(dataDirectory: configuration.dataDirectory, pods: configuration.maxPods)
        let reserved = NodeCapacity(
            cpuMillicores: configuration.systemReserved["cpu"].quantity?.milliValue ?? 0,
            memoryBytes: configuration.systemReserved["memory"].quantity?.value ?? 0, ephemeralStorageBytes: 0, pods: 0)
        let metrics = NodeMetrics(nodeName: configuration.nodeName)
        let runtime = MeasuredRuntime(
            runtime: runtime, metrics: metrics, turns: RuntimeTurns(count: Self.callsPerCore * Int(max(capacity.cpuMillicores / 1_000, 1))))
        let serviceInformer = Informer(client, .services, logger: logger)
        serviceInformer.addIndex(Self.namespaceIndex) { [$0.namespace] }
        let resolver = (try? File.read(configuration.resolverConfig)) ?? []
        services = NodeServices(
            configuration: configuration, client: client, runtime: runtime, observer: PodObserver(runtime: runtime),
            recorder: EventRecorder(client, component: "kubelet", host: configuration.nodeName, now: now), images: ImagePuller(runtime),
            objects: ReferencedObjects(client, logger: logger), services: serviceInformer,
            directories: PodDirectories(dataDirectory: configuration.dataDirectory, logs: configuration.podLogsDirectory),
            cgroups: configuration.managesCgroups ? PodCgroups(root: configuration.cgroupRoot) : nil,
            dns: PodDNS.Cluster(
                servers: configuration.clusterDNS, domain: configuration.clusterDomain,
                host: PodDNS(parsing: String(decoding: resolver, as: UTF8.self))),
            capacity: capacity, allocatable: capacity.allocatable(reserved: reserved),
            allocations: NodeAllocations(allocatable: capacity.allocatable(reserved: reserved)), index: RuntimeIndex(), metrics: metrics,
            pressure: PressureMonitor(
                configuration.evictionHard, directory: configuration.dataDirectory, transition: configuration.evictionPressureTransition, now: now),
            logger: logger, now: now)
        let pressure = services.pressure
        imageCollector = ImageCollector(runtime, disk: { pressure.imageFilesystem }, now: now)
        pods = Informer(client, .pods, fieldSelector: "spec.nodeName=\(configuration.nodeName)", logger: logger)
        (fresh, hire) = AsyncStream.makeStream()
        pods.onChange { [weak self] change in self?.podChanged(change) }
    }

    /// Runs the node until cancelled. Returns in order: pods go on unless the configuration has them stopped.
    public func run() async throws {
        try File.makeDirectory(configuration.dataDirectory, mode: 0o755)
        try File.makeDirectory(services.directories.pods, mode: 0o750)
        try File.makeDirectory(services.directories.logs, mode: 0o755)
        let registration = NodeRegistration(services)
        do { try services.cgroups?.prepare(allocatable: services.allocatable) } catch {
            logger.warning("pods get no limits as a whole: cgroups can't be made", metadata: ["error": "\(error)"])
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await registration.run() }
            group.addTask { await self.services.services.run() }
            group.addTask { await self.pods.run() }
            group.addTask { await self.runWorkers() }
            group.addTask { await self.followRuntime() }
            group.addTask { await self.followKernel(registration) }
            group.addTask { await self.sweep() }
            group.addTask { await self.collectImages(registration) }
            group.addTask { await self.watchPressure() }
        }
        if configuration.stopsPods { await stopPods() }
        await services.images.shutDown()
        await services.objects.shutDown()
    }

    // MARK: Pods

    /// The pods of this node, as the API has them.
    var podObjects: [Value] { pods.list() }

    func pod(namespace: String, name: String) -> Pod? { pods.get(namespace: namespace, name: name).map(Pod.init) }

    var shared: NodeServices { services }

    private func podChanged(_ change: Informer.Change) {
        if let old = change.old, old.uid != change.new?.uid ?? "" { workers.withLock { $0[old.uid] }?.update(nil) }
        guard let object = change.new else { return }
        let (worker, isNew) = workers.withLock { workers -> (PodWorker, Bool) in
            if let worker = workers[object.uid] { return (worker, false) }
            let worker = PodWorker(Pod(object), services: services)
            workers[object.uid] = worker
            return (worker, true)
        }
        if isNew { hire.yield(worker) } else { worker.update(object) }
    }

    /// Gives each worker a task of its own.
    private func runWorkers() async {
        await services.services.waitUntilSynced()
        await withDiscardingTaskGroup { group in
            for await worker in fresh {
                group.addTask {
                    await worker.run()
                    self.workers.withLock { $0[worker.uid] = nil }
                }
            }
            group.cancelAll()
        }
    }

    /// Has each pod's worker look when the runtime tells of something.
    private func followRuntime() async {
        var backoff = Backoff(initial: .milliseconds(100), max: .seconds(5))
        let index = services.index
        while !Task.isCancelled {
            do {
                try await services.runtime.events { event in
                    guard let id = event.id else {
                        // What happened while nobody listened is found by looking.
                        for worker in self.workers.withLock({ Array($0.values) }) { worker.runtimeChanged(nil) }
                        return
                    }
                    switch event {
                    // Whoever made or started it knows.
                    case .subscribed, .created, .started: break
                    case .stopped, .outOfMemory, .deleted: index.owner(of: id)?.runtimeChanged(id)
                    }
                }
                backoff.reset()
            } catch {
                if Task.isCancelled { return }
                logger.debug("the runtime's events ended", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: backoff.next())
        }
    }

    /// Has a pod's worker look when the kernel killed one of its processes for want of memory, and tells the cluster when the machine had none left.
    private func followKernel(_ registration: NodeRegistration) async {
        let start = KernelLog.now
        let (index, kills, recorder) = (services.index, services.observer.kills, services.recorder)
        while !Task.isCancelled {
            do {
                try await KernelLog(path: configuration.kernelLog).follow { record in
                    guard let kill = OutOfMemoryKill(record: record) else { return }
                    for id in kill.containerIDs {
                        kills.insert(id)
                        index.owner(of: id)?.runtimeChanged(id)
                    }
                    if kill.isSystemWide, kill.time > start {
                        let message = "System OOM encountered, victim process: \(kill.process), pid: \(kill.pid)"
                        recorder.event(registration.reference, .warning, "SystemOOM", message)
                    }
                }
            } catch {
                logger.info("the runtime alone tells of containers that are out of memory", metadata: ["error": "\(error)"])
                return
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    // MARK: What nobody owns

    /// Removes what is left of pods that the API no longer knows, once at start and then now and again.
    private func sweep() async {
        await pods.waitUntilSynced()
        while !Task.isCancelled {
            do {
                try await OrphanSweep(services: services).run(known: { self.knownUIDs }) { [weak self] pod in self?.adopt(pod) }
            } catch {
                logger.debug("looking for orphaned pods failed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(300), tolerance: .seconds(10))
        }
    }

    /// How often upstream looks for images to remove.
    private static let imageCollectionInterval = Duration.seconds(300)

    private func collectImages(_ registration: NodeRegistration) async {
        while !Task.isCancelled {
            do {
                if let outcome = try await imageCollector.collect() {
                    services.metrics.collected(images: outcome.removed.count)
                    logger.warning(
                        "the disk is full: images were removed", metadata: ["images": "\(outcome.removed)", "bytes": "\(outcome.freedBytes)"])
                    if let shortfall = outcome.shortfall {
                        services.recorder.event(registration.reference, .warning, "FreeDiskSpaceFailed", shortfall)
                    }
                }
            } catch {
                logger.debug("looking for unused images failed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.imageCollectionInterval, tolerance: .seconds(10))
        }
    }

    private func watchPressure() async {
        await pods.waitUntilSynced()
        let eviction = PodEviction(services: services, images: imageCollector, pods: { self.podObjects }) { uid, failure in
            guard let worker = self.workers.withLock({ $0[uid] }) else { return false }
            worker.fail(failure)
            return true
        }
        await eviction.run()
    }

    private var knownUIDs: Set<String> {
        Set(pods.list().map(\.uid)).union(workers.withLock { Set($0.keys) })
    }

    /// A pod without an object gets a worker that ends it.
    private func adopt(_ pod: Pod) {
        let worker = PodWorker(pod, services: services)
        let isNew = workers.withLock { workers -> Bool in
            guard workers[pod.uid] == nil else { return false }
            workers[pod.uid] = worker
            return true
        }
        guard isNew else { return }
        worker.update(nil)
        hire.yield(worker)
    }

    /// Ends every pod's containers, as a machine does that is being shut down.
    private func stopPods() async {
        let runtime = services.runtime
        await withTaskGroup(of: Void.self) { group in
            for object in pods.list() {
                group.addTask { [services] in
                    let pod = Pod(object)
                    guard let seen = try? await services.observer.observe(podUID: pod.uid) else { return }
                    for container in seen.containers where container.state == .running {
                        try? await runtime.stopContainer(container.id, gracePeriod: min(pod.gracePeriod, .seconds(10)))
                    }
                    for sandbox in seen.sandboxes where sandbox.isReady { try? await runtime.stopPodSandbox(sandbox.id) }
                }
            }
        }
        services.cgroups?.removeAll()
    }
}
