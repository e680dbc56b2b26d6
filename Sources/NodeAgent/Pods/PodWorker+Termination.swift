import ClusterClient
import ContainerRuntime
import ObjectModel

/// Ending containers, and the pod.
extension PodWorker {
    /// Even a container without any time left gets this much, so that a clean exit stays possible.
    private static let graceMin: Duration = .seconds(2)

    // MARK: One container

    func kill(_ kills: [PodPlan.Kill]) async throws {
        guard !kills.isEmpty else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for kill in kills {
                group.addTask { try await self.kill(kill.record, message: kill.message, grace: await self.grace(of: kill)) }
            }
            try await group.waitForAll()
        }
    }

    /// A probe may have its own.
    private func grace(of kill: PodPlan.Kill) -> Duration {
        let container = pod.container(named: kill.record.name)?.object
        let probe: Value =
            switch kill.reason {
            case .livenessProbe: container?["livenessProbe"] ?? .null
            case .startupProbe: container?["startupProbe"] ?? .null
            default: .null
            }
        return probe["terminationGracePeriodSeconds"].integer.map { .seconds($0) } ?? pod.gracePeriod
    }

    func kill(_ record: ContainerRecord, message: String?, grace: Duration) async throws {
        let container = pod.container(named: record.name)
        if record.state == .running, let container { events.killing(container, message) }
        let clock = ContinuousClock()
        let start = clock.now
        if record.state == .running, let container { await preStop(container, record.id, grace: grace) }
        try Task.checkCancellation()
        let left = max(grace - (clock.now - start), Self.graceMin)
        try await services.runtime.stopContainer(record.id, gracePeriod: left)
        try await refresh(record.id)
    }

    /// Runs once for each container, whatever becomes of it; its time counts against the container's.
    private func preStop(_ container: ContainerSpec, _ id: String, grace: Duration) async {
        let hook = container.object["lifecycle"]["preStop"]
        guard hook.isObject, grace > .zero, ending.hooked.insert(id).inserted else { return }
        do {
            try await LifecycleHook(services: services, pod: pod, container: container, containerID: id, podIPs: podIPs).run(hook, timeout: grace)
        } catch let error as LifecycleHook.Failure {
            events.warning("FailedPreStopHook", error.message, container)
        } catch {
            services.logger.debug("preStop ended early", metadata: ["pod": "\(pod.key)", "container": "\(container.name)", "error": "\(error)"])
        }
    }

    // MARK: The whole pod

    /// Ends every container, main ones first, then the sidecars from last to first, and stops the sandboxes.
    func killPod(grace: Duration) async throws {
        let deadline = services.now() + grace
        let alive = observation.containers.filter { $0.state == .running || $0.state == .unknown || $0.state == .created }
        let sidecars = pod.initContainers.filter(\.isSidecar).map(\.name)
        let first = alive.filter { !sidecars.contains($0.name) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for record in first { group.addTask { try await self.kill(record, message: nil, grace: grace) } }
            try await group.waitForAll()
        }
        for name in sidecars.reversed() {
            for record in alive where record.name == name {
                try await kill(record, message: nil, grace: max(deadline - services.now(), .zero))
            }
        }
        for sandbox in observation.sandboxes where sandbox.isReady {
            try await services.runtime.stopPodSandbox(sandbox.id)
            try await refresh(sandbox.id)
        }
    }

    /// The pod came to its own end: its status says so, and what it held is given back. Containers stay for their logs.
    func finish() async throws {
        await followProbes()
        publish()
        await flush()
        try await cleanUp()
    }

    /// Ends a pod that was deleted, failed or is over, and has the API drop it if it was deleted.
    func end() async throws {
        if !ending.isCleanedUp || observation.hasRunningContainer || observation.sandboxes.contains(where: \.isReady) {
            publish()
            try await killPod(grace: remainingGrace)
            publish()
            await flush()
            await probes.shutDown()
            try await cleanUp()
        }
        guard pod.isBeingDeleted, !ending.isReported else { return }
        publish()
        await flush()
        do {
            try await services.client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: uid, gracePeriod: .zero)
        } catch let error as APIError where error.reason == .conflict {
            // Another pod has the name now.
            isGone = true
            wake()
        }
        ending.isReported = true
    }

    /// What is left of the grace period. A later delete may shorten it, and never gives more.
    private var remainingGrace: Duration {
        let now = services.now()
        let deadline = min(ending.deadline ?? now + pod.gracePeriod, now + pod.gracePeriod)
        ending.deadline = deadline
        return max(deadline - now, .zero)
    }

    /// Gives volumes and cgroups back.
    private func cleanUp() async throws {
        try await volumes.tearDown()
        volumePaths = nil
        services.cgroups?.remove(pod)
        services.allocations.forget(uid)
        services.metrics.resizes.note(nil, of: uid)
        ending.isCleanedUp = true
    }

    /// The pod is gone from the API: nothing of it stays.
    func remove() async throws {
        if observation.hasRunningContainer || observation.sandboxes.contains(where: \.isReady) { try await killPod(grace: remainingGrace) }
        await probes.shutDown()
        try await cleanUp()
        for container in observation.containers { try await services.runtime.removeContainer(container.id) }
        for sandbox in observation.sandboxes { try await services.runtime.removePodSandbox(sandbox.id) }
        services.cgroups?.remove(pod)
        try File.removeTree(services.directories.pod(uid))
        try File.removeTree(services.directories.logs(pod))
        services.index.forget(observation.containers.map(\.id) + observation.sandboxes.map(\.id))
        isFinished = true
    }
}
