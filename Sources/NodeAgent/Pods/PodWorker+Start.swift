import ContainerRuntime
import ObjectModel

/// Starting containers, in order.
extension PodWorker {
    func start(_ starts: [PodPlan.Start]) async throws {
        // Somebody may have removed the pod's files while it was down.
        if !File.exists(services.directories.pod(uid)) {
            volumePaths = nil
            try File.makeDirectory(services.directories.pod(uid), mode: 0o750)
        }
        guard let sandbox = observation.sandbox, try await prepareVolumes() else {
            // Come back when the volumes can be set up.
            for start in starts { retries[start.container.name] = retries[""] }
            return
        }
        if !File.exists(services.directories.hosts(uid)) { try writeHosts(sandbox) }
        let launcher = ContainerLauncher(
            services: services, pod: grantedPod, sandbox: sandbox, sandboxConfig: sandboxConfig, volumes: volumePaths ?? [:], podVolumes: volumes,
            hostIPs: services.configuration.internalIPs)
        for start in starts {
            try Task.checkCancellation()
            try await self.start(start, launcher)
            publish()
        }
    }

    private func start(_ start: PodPlan.Start, _ launcher: ContainerLauncher) async throws {
        let container = start.container
        let name = container.name
        let asked = services.now()
        do {
            let image = try await launcher.image(container, backoff: pulls.verdict(container.image, now: services.now()))
            pulls.succeeded(container.image)
            if case .fetched(let took, _, let bytes) = image.pulled {
                startup.pulled(from: asked, to: services.now())
                services.metrics.pulled(bytes: bytes, took: took)
            }
            services.metrics.starts(container)
            if let previous = start.previous, previous.state == .exited, !restartsForResize.contains(previous.id) {
                crashes.restarted(name, finishedAt: previous.finishedAt ?? services.now(), now: services.now())
            }
            let target = container.object["targetContainerName"].string.flatMap { observation.latest($0) }?.id
            let sandboxID = launcher.sandbox.id
            let attempt = restartCount(start)
            let id = try await launcher.start(container, attempt: attempt, image: image, target: target) { id in
                await self.noteCreated(id, name, attempt: attempt, sandbox: sandboxID)
            }
            allocation?.actuate(name)
            if let previous = start.previous { restartsForResize.remove(previous.id) }
            waiting[name] = nil
            retries[name] = nil
            try await refresh(id)
            await removeOld(name)
            try await afterStart(container, id)
        } catch let failure as ImagePuller.Failure {
            startup.pulled(from: asked, to: services.now())
            services.metrics.failed(container, failure.reason)
            imageFailed(container, failure)
        } catch let failure as ContainerLauncher.Failure {
            waiting[name] = failure.waiting
            services.metrics.failed(container, failure.waiting.reason)
            retry(name, initial: .seconds(2), max: .seconds(30))
            if let record = observation.latest(name) { try await refresh(record.id) }
        }
    }

    /// From now on events about it find their way here.
    private func noteCreated(_ id: String, _ name: String, attempt: Int, sandbox: String) {
        services.index.register(id, to: self)
        observation.put(
            ContainerRecord(id: id, name: name, attempt: attempt, state: .created, createdAt: services.now(), sandboxID: sandbox))
    }

    /// How often a container of this name ran before, also where the runtime forgot: the status and the logs know.
    private func restartCount(_ start: PodPlan.Start) -> Int {
        if start.previous != nil || start.container.role == .ephemeral { return start.attempt }
        let name = start.container.name
        let field = start.container.role == .initial ? "initContainerStatuses" : "containerStatuses"
        let old = pod.status[field].array.first { $0["name"].string == name }
        let hasRun = old.map { !$0["containerID"].isEmpty } ?? false
        let logs = (try? File.names(in: "\(services.directories.logs(pod))/\(name)")) ?? []
        let last = logs.compactMap { $0.hasSuffix(".log") ? Int($0.dropLast(4)) : nil }.max()
        return max(start.attempt, hasRun ? (old?["restartCount"].int ?? 0) + 1 : 0, last.map { $0 + 1 } ?? 0)
    }

    private func imageFailed(_ container: ContainerSpec, _ failure: ImagePuller.Failure) {
        let name = container.name
        let now = services.now()
        if waiting[name]?.reason != failure.reason || failure.reason == "ErrImagePull" { events.failedToPull(container, failure) }
        waiting[name] = WaitingReason(reason: failure.reason, message: failure.message)
        switch failure.reason {
        case "ErrImagePull":
            pulls.failed(container.image, error: "ErrImagePull: \(failure.cause)", now: now)
            // Shortly shown as it is, then as a pause.
            retries[name] = Retry(at: now + .seconds(3), count: 0)
        case "ImagePullBackOff":
            retries[name] = Retry(at: pulls.until(container.image) ?? now + .seconds(10), count: 0)
        default:
            retry(name, initial: .seconds(5), max: .seconds(60))
        }
    }

    /// Of the containers of a name that ended, only the last is kept.
    private func removeOld(_ name: String) async {
        let old = observation.containers.filter { $0.name == name && $0.state != .running }
        let keeps = observation.latest(name)?.state == .running ? 1 : 2
        for record in old.dropFirst(keeps) {
            guard (try? await services.runtime.removeContainer(record.id)) != nil else { continue }
            observation.containers.removeAll { $0.id == record.id }
            services.index.forget([record.id])
            try? File.removeFile(services.directories.log(pod, container: name, attempt: record.attempt))
            try? File.removeFile(services.directories.terminationLog(uid, container: name, attempt: record.attempt))
        }
    }

    /// The `postStart` hook: the next container waits for it, and its failure ends this one.
    private func afterStart(_ container: ContainerSpec, _ id: String) async throws {
        let hook = container.object["lifecycle"]["postStart"]
        guard hook.isObject else { return }
        publish()
        do {
            try await LifecycleHook(services: services, pod: pod, container: container, containerID: id, podIPs: podIPs).run(hook, timeout: nil)
        } catch let error as LifecycleHook.Failure {
            events.warning("FailedPostStartHook", error.message, container)
            if let record = observation.containers.first(where: { $0.id == id }) {
                try await kill(record, message: "FailedPostStartHook", grace: pod.gracePeriod)
            }
            waiting[container.name] = WaitingReason(reason: "PostStartHookError", message: error.message)
        }
    }

    var podIPs: [String] { pod.usesHostNetwork ? services.configuration.internalIPs : observation.sandbox?.ips ?? [] }

    /// Probes what runs.
    func followProbes() async {
        await probes.follow(pod, running: observation.containers.filter { $0.state == .running }, podIPs: podIPs)
    }
}
