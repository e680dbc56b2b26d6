extension FakeContainerRuntime {
    public func version() async throws(ContainerRuntimeError) -> CRIVersionResponse {
        try begin(.version)
        return .with {
            $0.version = "0.1.0"
            $0.runtimeName = "fake"
            $0.runtimeVersion = "1.0.0"
            $0.runtimeApiVersion = "v1"
        }
    }

    public func status(verbose: Bool) async throws(ContainerRuntimeError) -> CRIStatusResponse {
        try begin(.status)
        return .with {
            $0.status.conditions = ["RuntimeReady", "NetworkReady"].map { type in
                .with {
                    $0.type = type
                    $0.status = true
                }
            }
        }
    }

    public func updateRuntimeConfig(podCIDR: String) async throws(ContainerRuntimeError) {
        try begin(.updateRuntimeConfig, podCIDR)
        state.withLock { $0.podCIDR = podCIDR }
    }

    public func runPodSandbox(_ config: CRIPodSandboxConfig, handler: String) async throws(ContainerRuntimeError) -> String {
        try begin(.runPodSandbox, config.metadata.name)
        let time = now()
        let id = state.withLock { $0.addSandbox(config, handler: handler, at: time) }
        await tell(.started(id: id))
        return id
    }

    public func stopPodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        try begin(.stopPodSandbox, id)
        let time = now()
        let (wasReady, ended) = state.withLock { state in
            (state.sandbox(id)?.state == .sandboxReady, state.stop(sandbox: id, at: time))
        }
        for id in ended { await tell(.stopped(id: id)) }
        if wasReady { await tell(.stopped(id: id)) }
    }

    public func removePodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        try begin(.removePodSandbox, id)
        let wasThere = state.withLock { state in
            let wasThere = state.sandbox(id) != nil
            state.containers.removeAll { $0.sandbox == id }
            state.sandboxes.removeAll { $0.id == id }
            return wasThere
        }
        if wasThere { await tell(.deleted(id: id)) }
    }

    public func podSandboxStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIPodSandboxStatusResponse {
        try begin(.podSandboxStatus, id)
        let sandbox = try existingSandbox(id)
        return .with {
            $0.status.id = id
            $0.status.metadata = sandbox.config.metadata
            $0.status.state = sandbox.state
            $0.status.createdAt = sandbox.createdAt
            $0.status.network.ip = sandbox.address
            $0.status.linux.namespaces.options = sandbox.config.linux.securityContext.namespaceOptions
            $0.status.labels = sandbox.config.labels
            $0.status.annotations = sandbox.config.annotations
            $0.status.runtimeHandler = sandbox.handler
        }
    }

    public func podSandboxes(_ filter: CRIPodSandboxFilter) async throws(ContainerRuntimeError) -> [CRIPodSandbox] {
        try begin(.podSandboxes)
        return state.withLock(\.sandboxes).reversed().compactMap { sandbox in
            guard filter.id.isEmpty || sandbox.id.hasPrefix(filter.id), !filter.hasState || filter.state.state == sandbox.state,
                filter.labelSelector.allSatisfy({ sandbox.config.labels[$0.key] == $0.value })
            else { return nil }
            return .with {
                $0.id = sandbox.id
                $0.metadata = sandbox.config.metadata
                $0.state = sandbox.state
                $0.createdAt = sandbox.createdAt
                $0.labels = sandbox.config.labels
                $0.annotations = sandbox.config.annotations
                $0.runtimeHandler = sandbox.handler
            }
        }
    }

    public func podSandboxStats(_ filter: CRIPodSandboxStatsFilter) async throws(ContainerRuntimeError) -> [CRIPodSandboxStats] {
        try begin(.podSandboxStats)
        return state.withLock { state in
            state.sandboxes.filter { sandbox in
                (filter.id.isEmpty || filter.id == sandbox.id) && filter.labelSelector.allSatisfy { sandbox.config.labels[$0.key] == $0.value }
            }.map { sandbox in
                .with {
                    $0.attributes.id = sandbox.id
                    $0.attributes.metadata = sandbox.config.metadata
                    $0.attributes.labels = sandbox.config.labels
                    $0.linux.containers = state.containers.filter { $0.sandbox == sandbox.id }.compactMap { state.stats[$0.id] }
                }
            }
        }
    }

    public func portForward(sandbox: String, ports: [Int32]) async throws(ContainerRuntimeError) -> String {
        try begin(.portForward, sandbox)
        _ = try existingSandbox(sandbox)
        return "http://127.0.0.1:0/portforward/\(sandbox)"
    }

    func existingSandbox(_ id: String) throws(ContainerRuntimeError) -> Sandbox {
        guard let sandbox = state.withLock({ $0.sandbox(id) }) else {
            throw ContainerRuntimeError(.notFound, "an error occurred when try to find sandbox \"\(id)\": not found")
        }
        return sandbox
    }
}
