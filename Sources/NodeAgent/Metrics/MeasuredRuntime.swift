import ContainerRuntime

/// A container runtime whose calls are counted and timed.
struct MeasuredRuntime: ContainerRuntime {
    let runtime: any ContainerRuntime
    let metrics: NodeMetrics

    /// What keeps the machine busy waits its turn; the time that it waits is not the call's.
    let turns: RuntimeTurns

    private func measure<Result: Sendable>(
        _ operation: String, after urgency: RuntimeTurns.Urgency, _ body: () async throws(ContainerRuntimeError) -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        try await turns.take(urgency) { () async throws(ContainerRuntimeError) in try await measure(operation, body) }
    }

    private func measure<Result: Sendable>(
        _ operation: String, _ body: () async throws(ContainerRuntimeError) -> Result
    ) async throws(ContainerRuntimeError) -> Result {
        let start = ContinuousClock.now
        do throws(ContainerRuntimeError) {
            let result = try await body()
            metrics.called(operation, took: ContinuousClock.now - start, failed: false)
            return result
        } catch {
            metrics.called(operation, took: ContinuousClock.now - start, failed: error.code != .cancelled)
            throw error
        }
    }

    func version() async throws(ContainerRuntimeError) -> CRIVersionResponse {
        try await measure("version") { () async throws(ContainerRuntimeError) in try await runtime.version() }
    }

    func status(verbose: Bool) async throws(ContainerRuntimeError) -> CRIStatusResponse {
        try await measure("status") { () async throws(ContainerRuntimeError) in try await runtime.status(verbose: verbose) }
    }

    func updateRuntimeConfig(podCIDR: String) async throws(ContainerRuntimeError) {
        try await measure("update_runtime_config") { () async throws(ContainerRuntimeError) in
            try await runtime.updateRuntimeConfig(podCIDR: podCIDR)
        }
    }

    func runPodSandbox(_ config: CRIPodSandboxConfig, handler: String) async throws(ContainerRuntimeError) -> String {
        try await measure("run_podsandbox", after: .sandbox) { () async throws(ContainerRuntimeError) in
            try await runtime.runPodSandbox(config, handler: handler)
        }
    }

    func stopPodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        try await measure("stop_podsandbox", after: .container) { () async throws(ContainerRuntimeError) in try await runtime.stopPodSandbox(id) }
    }

    func removePodSandbox(_ id: String) async throws(ContainerRuntimeError) {
        try await measure("remove_podsandbox", after: .container) { () async throws(ContainerRuntimeError) in try await runtime.removePodSandbox(id) }
    }

    func podSandboxStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIPodSandboxStatusResponse {
        try await measure("podsandbox_status") { () async throws(ContainerRuntimeError) in try await runtime.podSandboxStatus(id, verbose: verbose) }
    }

    func podSandboxes(_ filter: CRIPodSandboxFilter) async throws(ContainerRuntimeError) -> [CRIPodSandbox] {
        try await measure("list_podsandbox") { () async throws(ContainerRuntimeError) in try await runtime.podSandboxes(filter) }
    }

    func createContainer(_ config: CRIContainerConfig, in sandbox: String, _ sandboxConfig: CRIPodSandboxConfig) async throws(ContainerRuntimeError)
        -> String
    {
        try await measure("create_container", after: .container) { () async throws(ContainerRuntimeError) in
            try await runtime.createContainer(config, in: sandbox, sandboxConfig)
        }
    }

    func startContainer(_ id: String) async throws(ContainerRuntimeError) {
        try await measure("start_container", after: .container) { () async throws(ContainerRuntimeError) in try await runtime.startContainer(id) }
    }

    func stopContainer(_ id: String, gracePeriod: Duration) async throws(ContainerRuntimeError) {
        try await measure("stop_container") { () async throws(ContainerRuntimeError) in try await runtime.stopContainer(id, gracePeriod: gracePeriod)
        }
    }

    func removeContainer(_ id: String) async throws(ContainerRuntimeError) {
        try await measure("remove_container", after: .container) { () async throws(ContainerRuntimeError) in try await runtime.removeContainer(id) }
    }

    func containers(_ filter: CRIContainerFilter) async throws(ContainerRuntimeError) -> [CRIContainer] {
        try await measure("list_containers") { () async throws(ContainerRuntimeError) in try await runtime.containers(filter) }
    }

    func containerStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIContainerStatusResponse {
        try await measure("container_status") { () async throws(ContainerRuntimeError) in try await runtime.containerStatus(id, verbose: verbose) }
    }

    func updateContainerResources(_ id: String, _ resources: CRILinuxContainerResources) async throws(ContainerRuntimeError) {
        try await measure("update_container") { () async throws(ContainerRuntimeError) in try await runtime.updateContainerResources(id, resources) }
    }

    func reopenContainerLog(_ id: String) async throws(ContainerRuntimeError) {
        try await measure("reopen_container_log") { () async throws(ContainerRuntimeError) in try await runtime.reopenContainerLog(id) }
    }

    func execSync(_ id: String, _ command: [String], timeout: Duration?) async throws(ContainerRuntimeError) -> CRIExecSyncResponse {
        try await measure("exec_sync") { () async throws(ContainerRuntimeError) in try await runtime.execSync(id, command, timeout: timeout) }
    }

    func exec(_ request: CRIExecRequest) async throws(ContainerRuntimeError) -> String {
        try await measure("exec") { () async throws(ContainerRuntimeError) in try await runtime.exec(request) }
    }

    func attach(_ request: CRIAttachRequest) async throws(ContainerRuntimeError) -> String {
        try await measure("attach") { () async throws(ContainerRuntimeError) in try await runtime.attach(request) }
    }

    func portForward(sandbox: String, ports: [Int32]) async throws(ContainerRuntimeError) -> String {
        try await measure("port_forward") { () async throws(ContainerRuntimeError) in try await runtime.portForward(sandbox: sandbox, ports: ports) }
    }

    func containerStats(_ id: String) async throws(ContainerRuntimeError) -> CRIContainerStats {
        try await measure("container_stats") { () async throws(ContainerRuntimeError) in try await runtime.containerStats(id) }
    }

    func containerStats(_ filter: CRIContainerStatsFilter) async throws(ContainerRuntimeError) -> [CRIContainerStats] {
        try await measure("list_container_stats") { () async throws(ContainerRuntimeError) in try await runtime.containerStats(filter) }
    }

    func podSandboxStats(_ filter: CRIPodSandboxStatsFilter) async throws(ContainerRuntimeError) -> [CRIPodSandboxStats] {
        try await measure("list_podsandbox_stats") { () async throws(ContainerRuntimeError) in try await runtime.podSandboxStats(filter) }
    }

    func images() async throws(ContainerRuntimeError) -> [CRIImage] {
        try await measure("list_images") { () async throws(ContainerRuntimeError) in try await runtime.images() }
    }

    func imageStatus(_ image: CRIImageSpec) async throws(ContainerRuntimeError) -> CRIImage? {
        try await measure("image_status") { () async throws(ContainerRuntimeError) in try await runtime.imageStatus(image) }
    }

    func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandbox: CRIPodSandboxConfig?) async throws(ContainerRuntimeError) -> String {
        try await measure("pull_image") { () async throws(ContainerRuntimeError) in try await runtime.pullImage(image, auth: auth, sandbox: sandbox) }
    }

    func removeImage(_ image: CRIImageSpec) async throws(ContainerRuntimeError) {
        try await measure("remove_image") { () async throws(ContainerRuntimeError) in try await runtime.removeImage(image) }
    }

    func imageFsInfo() async throws(ContainerRuntimeError) -> CRIImageFsInfoResponse {
        try await measure("image_fs_info") { () async throws(ContainerRuntimeError) in try await runtime.imageFsInfo() }
    }

    func events(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        try await runtime.events(receive)
    }
}
