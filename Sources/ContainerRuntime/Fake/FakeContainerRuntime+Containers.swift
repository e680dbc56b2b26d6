extension FakeContainerRuntime {
    public func createContainer(
        _ config: CRIContainerConfig, in sandbox: String, _ sandboxConfig: CRIPodSandboxConfig
    ) async throws(ContainerRuntimeError) -> String {
        try begin(.createContainer, config.metadata.name)
        guard try existingSandbox(sandbox).state == .sandboxReady else {
            throw ContainerRuntimeError(.unknown, "failed to create containerd container: sandbox \(sandbox) is not running")
        }
        guard images[config.image.image] != nil else {
            throw ContainerRuntimeError(.notFound, "failed to resolve image \"\(config.image.image)\": not found")
        }
        let time = now()
        let id = state.withLock { $0.addContainer(config, in: sandbox, at: time) }
        await tell(.created(id: id))
        return id
    }

    public func startContainer(_ id: String) async throws(ContainerRuntimeError) {
        try begin(.startContainer, id)
        let container = try existingContainer(id)
        guard container.status.state == .containerCreated else {
            throw ContainerRuntimeError(.unknown, "container \(id) is not in the created state")
        }
        let (startedAt, outcome) = (now(), state.withLock(\.startOutcome)(container.config))
        state.withLock {
            $0.update(id) {
                $0.status.state = .containerRunning
                $0.status.startedAt = startedAt
            }
        }
        await tell(.started(id: id))
        if let outcome { await exit(container: id, code: outcome) }
    }

    public func stopContainer(_ id: String, gracePeriod: Duration) async throws(ContainerRuntimeError) {
        try begin(.stopContainer, id)
        await exit(container: id, code: gracePeriod > .zero ? 143 : 137)
    }

    public func removeContainer(_ id: String) async throws(ContainerRuntimeError) {
        try begin(.removeContainer, id)
        let wasThere = state.withLock { state in
            let count = state.containers.count
            state.containers.removeAll { $0.id == id }
            return state.containers.count < count
        }
        if wasThere { await tell(.deleted(id: id)) }
    }

    public func containers(_ filter: CRIContainerFilter) async throws(ContainerRuntimeError) -> [CRIContainer] {
        try begin(.containers)
        return state.withLock(\.containers).reversed().compactMap { container in
            guard filter.id.isEmpty || container.id.hasPrefix(filter.id), filter.podSandboxID.isEmpty || filter.podSandboxID == container.sandbox,
                !filter.hasState || filter.state.state == container.status.state,
                filter.labelSelector.allSatisfy({ container.config.labels[$0.key] == $0.value })
            else { return nil }
            return .with {
                $0.id = container.id
                $0.podSandboxID = container.sandbox
                $0.metadata = container.config.metadata
                $0.image = container.config.image
                $0.imageRef = container.status.imageRef
                $0.imageID = container.status.imageID
                $0.state = container.status.state
                $0.createdAt = container.status.createdAt
                $0.labels = container.config.labels
                $0.annotations = container.config.annotations
            }
        }
    }

    public func containerStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIContainerStatusResponse {
        try begin(.containerStatus, id)
        let container = try existingContainer(id)
        return .with { $0.status = container.status }
    }

    public func updateContainerResources(_ id: String, _ resources: CRILinuxContainerResources) async throws(ContainerRuntimeError) {
        try begin(.updateContainerResources, id)
        _ = try existingContainer(id)
        state.withLock { $0.update(id) { $0.status.resources.linux = resources } }
    }

    public func reopenContainerLog(_ id: String) async throws(ContainerRuntimeError) {
        try begin(.reopenContainerLog, id)
        _ = try existingContainer(id)
    }

    public func containerStats(_ id: String) async throws(ContainerRuntimeError) -> CRIContainerStats {
        try begin(.containerStats, id)
        let container = try existingContainer(id)
        return state.withLock { $0.stats[id] } ?? Self.noStats(of: container)
    }

    public func containerStats(_ filter: CRIContainerStatsFilter) async throws(ContainerRuntimeError) -> [CRIContainerStats] {
        try begin(.containerStats)
        return state.withLock { state in
            state.containers.filter { container in
                (filter.id.isEmpty || filter.id == container.id) && (filter.podSandboxID.isEmpty || filter.podSandboxID == container.sandbox)
                    && filter.labelSelector.allSatisfy { container.config.labels[$0.key] == $0.value }
            }.map { state.stats[$0.id] ?? Self.noStats(of: $0) }
        }
    }

    private static func noStats(of container: Container) -> CRIContainerStats {
        .with {
            $0.attributes.id = container.id
            $0.attributes.metadata = container.config.metadata
            $0.attributes.labels = container.config.labels
            $0.attributes.annotations = container.config.annotations
        }
    }

    func existingContainer(_ id: String) throws(ContainerRuntimeError) -> Container {
        guard let container = state.withLock({ $0.container(id) }) else {
            throw ContainerRuntimeError(.notFound, "an error occurred when try to find container \"\(id)\": not found")
        }
        return container
    }

    func runningContainer(_ id: String) throws(ContainerRuntimeError) -> Container {
        let container = try existingContainer(id)
        guard container.status.state == .containerRunning else {
            throw ContainerRuntimeError(.unknown, "container is in state \(container.status.state)")
        }
        return container
    }
}
