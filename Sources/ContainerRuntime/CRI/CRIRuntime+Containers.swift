/// Containers, and what runs inside them.
extension CRIRuntime {
    public func createContainer(
        _ config: CRIContainerConfig, in sandbox: String, _ sandboxConfig: CRIPodSandboxConfig
    ) async throws(ContainerRuntimeError) -> String {
        let request = CRICreateContainerRequest.with {
            $0.podSandboxID = sandbox
            $0.config = config
            $0.sandboxConfig = sandboxConfig
        }
        return try await call("CreateContainer", deadlines.standard) { try await $0.createContainer(request, options: $1).containerID }
    }

    public func startContainer(_ id: String) async throws(ContainerRuntimeError) {
        _ = try await call("StartContainer", deadlines.standard) { try await $0.startContainer(.with { $0.containerID = id }, options: $1) }
    }

    public func stopContainer(_ id: String, gracePeriod: Duration) async throws(ContainerRuntimeError) {
        let request = CRIStopContainerRequest.with {
            $0.containerID = id
            $0.timeout = gracePeriod.secondsRoundedUp
        }
        _ = try await call("StopContainer", deadlines.standard + gracePeriod) { try await $0.stopContainer(request, options: $1) }
    }

    public func removeContainer(_ id: String) async throws(ContainerRuntimeError) {
        _ = try await call("RemoveContainer", deadlines.standard) { try await $0.removeContainer(.with { $0.containerID = id }, options: $1) }
    }

    public func containers(_ filter: CRIContainerFilter) async throws(ContainerRuntimeError) -> [CRIContainer] {
        try await call("ListContainers", deadlines.standard) {
            try await $0.listContainers(.with { $0.filter = filter }, options: $1).containers
        }
    }

    public func containerStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIContainerStatusResponse {
        let request = CRIContainerStatusRequest.with {
            $0.containerID = id
            $0.verbose = verbose
        }
        return try await call("ContainerStatus", deadlines.standard) { try await $0.containerStatus(request, options: $1) }
    }

    public func updateContainerResources(_ id: String, _ resources: CRILinuxContainerResources) async throws(ContainerRuntimeError) {
        let request = CRIUpdateContainerResourcesRequest.with {
            $0.containerID = id
            $0.linux = resources
        }
        _ = try await call("UpdateContainerResources", deadlines.standard) { try await $0.updateContainerResources(request, options: $1) }
    }

    public func reopenContainerLog(_ id: String) async throws(ContainerRuntimeError) {
        _ = try await call("ReopenContainerLog", deadlines.standard) {
            try await $0.reopenContainerLog(.with { $0.containerID = id }, options: $1)
        }
    }

    public func execSync(_ id: String, _ command: [String], timeout: Duration?) async throws(ContainerRuntimeError) -> CRIExecSyncResponse {
        let request = CRIExecSyncRequest.with {
            $0.containerID = id
            $0.cmd = command
            $0.timeout = timeout?.secondsRoundedUp ?? 0
        }
        // The runtime kills the command at the timeout and says so; our own deadline is for a runtime that hangs.
        return try await call("ExecSync", timeout.map { $0 + deadlines.standard }) { try await $0.execSync(request, options: $1) }
    }

    public func exec(_ request: CRIExecRequest) async throws(ContainerRuntimeError) -> String {
        try await call("Exec", deadlines.standard) { try await $0.exec(request, options: $1).url }
    }

    public func attach(_ request: CRIAttachRequest) async throws(ContainerRuntimeError) -> String {
        try await call("Attach", deadlines.standard) { try await $0.attach(request, options: $1).url }
    }

    public func containerStats(_ id: String) async throws(ContainerRuntimeError) -> CRIContainerStats {
        try await call("ContainerStats", deadlines.standard) { try await $0.containerStats(.with { $0.containerID = id }, options: $1).stats }
    }

    public func containerStats(_ filter: CRIContainerStatsFilter) async throws(ContainerRuntimeError) -> [CRIContainerStats] {
        try await call("ListContainerStats", deadlines.standard) {
            try await $0.listContainerStats(.with { $0.filter = filter }, options: $1).stats
        }
    }
}

extension Duration {
    /// Whole seconds, none of them cut short.
    var secondsRoundedUp: Int64 { components.seconds + (components.attoseconds > 0 ? 1 : 0) }
}
