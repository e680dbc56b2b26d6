/// The runtime itself and its pod sandboxes.
extension CRIRuntime: ContainerRuntime {
    public func version() async throws(ContainerRuntimeError) -> CRIVersionResponse {
        try await call("Version", deadlines.standard) { try await $0.version(.with { $0.version = "v1" }, options: $1) }
    }

    public func status(verbose: Bool) async throws(ContainerRuntimeError) -> CRIStatusResponse {
        try await call("Status", deadlines.standard) { try await $0.status(.with { $0.verbose = verbose }, options: $1) }
    }

    public func updateRuntimeConfig(podCIDR: String) async throws(ContainerRuntimeError) {
        let request = CRIUpdateRuntimeConfigRequest.with { $0.runtimeConfig.networkConfig.podCidr = podCIDR }
        _ = try await call("UpdateRuntimeConfig", deadlines.standard) { try await $0.updateRuntimeConfig(request, options: $1) }
    }

    public func runPodSandbox(_ config: CRIPodSandboxConfig, handler: String) async throws(ContainerRuntimeError) -> String {
        let request = CRIRunPodSandboxRequest.with {
            $0.config = config
            $0.runtimeHandler = handler
        }
        return try await call("RunPodSandbox", deadlines.sandbox) { try await $0.runPodSandbox(request, options: $1).podSandboxID }
    }

    public func stopPodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        _ = try await call("StopPodSandbox", deadlines.sandbox) { try await $0.stopPodSandbox(.with { $0.podSandboxID = id }, options: $1) }
    }

    public func removePodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        _ = try await call("RemovePodSandbox", deadlines.sandbox) { try await $0.removePodSandbox(.with { $0.podSandboxID = id }, options: $1) }
    }

    public func podSandboxStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIPodSandboxStatusResponse {
        let request = CRIPodSandboxStatusRequest.with {
            $0.podSandboxID = id
            $0.verbose = verbose
        }
        return try await call("PodSandboxStatus", deadlines.standard) { try await $0.podSandboxStatus(request, options: $1) }
    }

    public func podSandboxes(_ filter: CRIPodSandboxFilter) async throws(ContainerRuntimeError) -> [CRIPodSandbox] {
        try await call("ListPodSandbox", deadlines.standard) { try await $0.listPodSandbox(.with { $0.filter = filter }, options: $1).items }
    }

    public func podSandboxStats(_ filter: CRIPodSandboxStatsFilter) async throws(ContainerRuntimeError) -> [CRIPodSandboxStats] {
        try await call("ListPodSandboxStats", deadlines.standard) {
            try await $0.listPodSandboxStats(.with { $0.filter = filter }, options: $1).stats
        }
    }

    public func portForward(sandbox: String, ports: [Int32]) async throws(ContainerRuntimeError) -> String {
        let request = CRIPortForwardRequest.with {
            $0.podSandboxID = sandbox
            $0.port = ports
        }
        return try await call("PortForward", deadlines.standard) { try await $0.portForward(request, options: $1).url }
    }
}
