import ContainerRuntime
import ObjectModel

/// Moving a pod that is meant to run closer to its spec.
extension PodWorker {
    var events: PodEvents { PodEvents(recorder: services.recorder, pod: pod) }

    /// Plans and carries out, until there is nothing left to do for now.
    func sync() async throws {
        considerResize()
        publish()
        try await refreshVolumes()
        while true {
            try Task.checkCancellation()
            try await resize()
            let plan = PodPlan(
                .init(
                    pod: grantedPod, restarts: restartsForResize, observation: observation, probes: await probes.results, backoff: crashes,
                    now: services.now()))
            note(plan)
            if plan.killsPod {
                if plan.sandboxAttempt != nil { events.sandboxChanged() }
                try await killPod(grace: pod.gracePeriod)
                if plan.sandboxAttempt == nil { return try await finish() }
            }
            try await kill(plan.kills)
            if let attempt = plan.sandboxAttempt {
                guard try await createSandbox(attempt: attempt) else { break }
                continue
            }
            let due = plan.starts.filter { isDue($0.container.name) }
            if due.isEmpty, plan.kills.isEmpty { break }
            if !due.isEmpty { try await start(due) }
        }
        await followProbes()
        publish()
    }

    func isDue(_ name: String) -> Bool { retries[name].map { $0.at <= services.now() } ?? true }

    /// Has the status tell of containers that wait out a pause, and drops what is over.
    private func note(_ plan: PodPlan) {
        wakesAt = plan.wakesAt
        for (name, pause) in plan.backoffs where waiting[name]?.reason != "CrashLoopBackOff" || isNews(name, pause) {
            guard let container = pod.container(named: name) else { continue }
            waiting[name] = WaitingReason(
                reason: "CrashLoopBackOff",
                message: "back-off \(pause.pause.goString) restarting failed container=\(name) pod=\(pod.formatted)")
            events.backOff(container)
        }
    }

    private func isNews(_ name: String, _ pause: PodPlan.Waiting) -> Bool {
        waiting[name]?.message.hasPrefix("back-off \(pause.pause.goString) ") != true
    }

    // MARK: Volumes

    /// Brings the files of a running pod up to date when what they are made from has changed, or a token ages.
    private func refreshVolumes() async throws {
        guard observation.sandbox?.isReady == true else { return }
        let isDue = await volumes.refreshAt.map { $0 <= services.now() } ?? false
        if isDue { volumePaths = nil }
        _ = try await prepareVolumes()
    }

    /// Sets the volumes up; false when they can't be for now.
    func prepareVolumes() async throws -> Bool {
        if volumePaths != nil { return true }
        guard isDue("") else { return false }
        do {
            volumePaths = try await volumes.prepare(pod)
            retries[""] = nil
            return true
        } catch let error as VolumeError {
            events.failedMount(error)
            // As upstream: from half a second up to two minutes.
            retry("", initial: .milliseconds(500), max: .seconds(122))
            return false
        }
    }

    /// Notes a failure: the next try waits twice as long as the last.
    func retry(_ name: String, initial: Duration, max: Duration) {
        let count = retries[name]?.count ?? 0
        retries[name] = Retry(at: services.now() + min(initial * (1 << min(count, 16)), max), count: count + 1)
    }

    // MARK: Sandbox

    var sandboxConfig: CRIPodSandboxConfig {
        let (hostname, domain) = pod.hostname(clusterDomain: services.configuration.clusterDomain)
        let isFull = pod.spec["setHostnameAsFQDN"].bool == true && !domain.isEmpty
        return PodSandboxConfig(
            pod: pod, attempt: observation.sandbox?.attempt ?? 0, dns: PodDNS(pod, cluster: services.dns),
            hostname: isFull ? "\(hostname).\(domain)" : hostname, logDirectory: services.directories.logs(pod),
            cgroupParent: services.cgroups?.path(pod) ?? ""
        ).value
    }

    /// False when it can't be made for now.
    private func createSandbox(attempt: Int) async throws -> Bool {
        guard try await prepareVolumes(), isDue("/sandbox") else { return false }
        do {
            try File.makeDirectory(services.directories.pod(uid), mode: 0o750)
            try File.makeDirectory(services.directories.logs(pod), mode: 0o755)
            try services.cgroups?.create(grantedPod)
            services.metrics.startsSandbox()
            var config = sandboxConfig
            config.metadata.attempt = UInt32(attempt)
            let id = try await services.runtime.runPodSandbox(config, handler: try await runtimeHandler())
            services.index.register(id, to: self)
            guard let record = try await services.observer.sandbox(id) else { return false }
            observation.put(record)
            try writeHosts(record)
            retries["/sandbox"] = nil
            publish()
            return true
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            services.metrics.sandboxFailed()
            events.failedSandbox((error as? ContainerRuntimeError)?.rpcDescription ?? "\(error)")
            retry("/sandbox", initial: .seconds(1), max: .seconds(30))
            return false
        }
    }

    /// What the pod's RuntimeClass stands for; empty for the default.
    private func runtimeHandler() async throws -> String {
        guard let name = pod.spec["runtimeClassName"].string, !name.isEmpty else { return "" }
        guard let found = try await services.client.find(.runtimeClasses, name: name) else {
            throw ContainerConfigError("failed to get sandbox runtime: RuntimeClass \"\(name)\" not found")
        }
        return found["handler"].string ?? ""
    }

    func writeHosts(_ sandbox: SandboxRecord) throws {
        let (hostname, domain) = pod.hostname(clusterDomain: services.configuration.clusterDomain)
        let machine = pod.usesHostNetwork ? ((try? File.read("/etc/hosts")) ?? []) : []
        let text = HostsFile.text(
            pod, podIPs: sandbox.ips, hostname: hostname, domain: domain, machine: String(decoding: machine, as: UTF8.self))
        try File.write(Array(text.utf8), to: services.directories.hosts(uid))
    }
}
