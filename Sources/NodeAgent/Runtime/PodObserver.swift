import ContainerRuntime
import ObjectModel

/// Reads what the container runtime knows of pods into `PodObservation`s.
struct PodObserver: Sendable {
    let runtime: any ContainerRuntime
    let kills = OutOfMemoryKills()

    /// Everything about one pod.
    func observe(podUID: String) async throws -> PodObservation {
        let labels = [RuntimeLabels.podUID: podUID]
        let sandboxes = try await runtime.podSandboxes(.with { $0.labelSelector = labels })
        let containers = try await runtime.containers(.with { $0.labelSelector = labels })
        return try await observation(sandboxes: sandboxes, containers: containers)
    }

    /// The identities of all pods that the runtime holds something of, in two calls.
    func pods() async throws -> [String: (namespace: String, name: String)] {
        var result: [String: (namespace: String, name: String)] = [:]
        for sandbox in try await runtime.podSandboxes() {
            guard let uid = sandbox.labels[RuntimeLabels.podUID] else { continue }
            result[uid] = (sandbox.labels[RuntimeLabels.podNamespace] ?? "", sandbox.labels[RuntimeLabels.podName] ?? "")
        }
        for container in try await runtime.containers() {
            guard let uid = container.labels[RuntimeLabels.podUID] else { continue }
            result[uid] = (container.labels[RuntimeLabels.podNamespace] ?? "", container.labels[RuntimeLabels.podName] ?? "")
        }
        return result
    }

    private func observation(sandboxes: [CRIPodSandbox], containers: [CRIContainer]) async throws -> PodObservation {
        var observation = PodObservation()
        for sandbox in sandboxes {
            if let record = try await self.sandbox(sandbox.id) { observation.put(record) }
        }
        for container in containers {
            if var record = try await self.container(container.id) {
                record.sandboxID = container.podSandboxID
                observation.put(record)
            }
        }
        return observation
    }

    /// One sandbox, or nil if it is gone.
    func sandbox(_ id: String) async throws -> SandboxRecord? {
        guard let status = try await unlessGone({ try await runtime.podSandboxStatus(id) }) else { return nil }
        var ips = status.network.ip.isEmpty ? [] : [status.network.ip]
        ips += status.network.additionalIps.map(\.ip)
        return SandboxRecord(
            id: status.id, attempt: Int(status.metadata.attempt), isReady: status.state == .sandboxReady,
            createdAt: Timestamp(nanoseconds: status.createdAt), ips: ips,
            usesHostNetwork: status.linux.namespaces.options.network == .node)
    }

    /// One container, or nil if it is gone. Its sandbox is not told here.
    func container(_ id: String) async throws -> ContainerRecord? {
        guard let status = try await unlessGone({ try await runtime.containerStatus(id) }) else { return nil }
        var record = ContainerRecord(status)
        if record.state == .exited, kills.contains(id) { record.reason = "OOMKilled" }
        return record
    }

    private func unlessGone<Answer>(_ body: () async throws -> Answer) async throws -> Answer? {
        do {
            return try await body()
        } catch let error as ContainerRuntimeError where error.isNotFound {
            return nil
        }
    }
}

extension ContainerRecord {
    init(_ status: CRIContainerStatus) {
        let state: State =
            switch status.state {
            case .containerCreated: .created
            case .containerRunning: .running
            case .containerExited: .exited
            default: .unknown
            }
        self.init(
            id: status.id, name: status.labels[RuntimeLabels.containerName] ?? status.metadata.name,
            attempt: status.annotations[RuntimeLabels.restartCount].flatMap { Int($0) } ?? Int(status.metadata.attempt), state: state,
            createdAt: Timestamp(nanoseconds: status.createdAt))
        if status.startedAt > 0 { startedAt = Timestamp(nanoseconds: status.startedAt) }
        if status.finishedAt > 0 { finishedAt = Timestamp(nanoseconds: status.finishedAt) }
        exitCode = Int(status.exitCode)
        reason = status.reason
        image = status.image.image
        imageID = status.imageRef
        hash = status.annotations[RuntimeLabels.containerHash] ?? ""
        logPath = status.logPath
        if status.user.hasLinux { user = Self.user(status.user.linux) }
        message = state == .exited ? TerminationMessage(status).text : ""
    }

    private static func user(_ linux: CRILinuxContainerUser) -> Value {
        [
            "linux": [
                "uid": .integer(linux.uid), "gid": .integer(linux.gid), "supplementalGroups": .array(linux.supplementalGroups.map(Value.integer)),
            ]
        ]
    }
}
