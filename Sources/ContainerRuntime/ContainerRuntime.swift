/// What runs pods on this machine: the Container Runtime Interface (CRI v1) without its transport.
///
/// Messages are the interface's own, generated from `protos/container-runtime`; their names begin with `CRI`. Every call throws
/// `ContainerRuntimeError`, ends early with the code `.cancelled` when its task is cancelled, and may be repeated: stopping or removing what is
/// gone already is no failure.
///
/// `CRIRuntime` speaks to a real one; `FakeContainerRuntime` is one in memory for tests.
public protocol ContainerRuntime: Sendable {
    // MARK: The runtime itself

    /// Name and version, as in `status.nodeInfo.containerRuntimeVersion` of a node (`containerd://1.6.20`).
    func version() async throws(ContainerRuntimeError) -> CRIVersionResponse

    /// The conditions `RuntimeReady` and `NetworkReady`, and the runtime's handlers; `verbose` adds its configuration.
    func status(verbose: Bool) async throws(ContainerRuntimeError) -> CRIStatusResponse

    /// Tells the range that addresses of pods come from; empty where there is none.
    func updateRuntimeConfig(podCIDR: String) async throws(ContainerRuntimeError)

    // MARK: Pod sandboxes

    /// Makes a sandbox (namespaces, network) and waits until it is ready. Returns its id. An empty handler selects the default.
    func runPodSandbox(_ config: CRIPodSandboxConfig, handler: String) async throws(ContainerRuntimeError) -> String

    /// Kills what still runs in the sandbox and gives its network back.
    func stopPodSandbox(_ id: String) async throws(ContainerRuntimeError)

    /// Removes the sandbox and every container in it.
    func removePodSandbox(_ id: String) async throws(ContainerRuntimeError)

    /// Throws `.notFound` where there is no such sandbox.
    func podSandboxStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIPodSandboxStatusResponse

    func podSandboxes(_ filter: CRIPodSandboxFilter) async throws(ContainerRuntimeError) -> [CRIPodSandbox]

    // MARK: Containers

    /// Makes a container in a sandbox without starting it, and returns its id. The image must be there already.
    func createContainer(_ config: CRIContainerConfig, in sandbox: String, _ sandboxConfig: CRIPodSandboxConfig) async throws(ContainerRuntimeError)
        -> String

    func startContainer(_ id: String) async throws(ContainerRuntimeError)

    /// Sends the stop signal, waits for the grace period (whole seconds, rounded up) and kills what is left.
    func stopContainer(_ id: String, gracePeriod: Duration) async throws(ContainerRuntimeError)

    func removeContainer(_ id: String) async throws(ContainerRuntimeError)

    func containers(_ filter: CRIContainerFilter) async throws(ContainerRuntimeError) -> [CRIContainer]

    /// Throws `.notFound` where there is no such container. `verbose` adds the process id and the runtime's specification.
    func containerStatus(_ id: String, verbose: Bool) async throws(ContainerRuntimeError) -> CRIContainerStatusResponse

    func updateContainerResources(_ id: String, _ resources: CRILinuxContainerResources) async throws(ContainerRuntimeError)

    /// Asks for a new log file after the old one was renamed.
    func reopenContainerLog(_ id: String) async throws(ContainerRuntimeError)

    // MARK: Into a container

    /// Runs a command and waits for it. Past the timeout it is killed, and `.deadlineExceeded` thrown; nil waits for as long as it takes.
    func execSync(_ id: String, _ command: [String], timeout: Duration?) async throws(ContainerRuntimeError) -> CRIExecSyncResponse

    /// Prepares a command with streams, and returns the URL of the runtime's streaming server to run it through.
    func exec(_ request: CRIExecRequest) async throws(ContainerRuntimeError) -> String

    /// Prepares access to the streams of a container's first process, and returns the URL to reach them.
    func attach(_ request: CRIAttachRequest) async throws(ContainerRuntimeError) -> String

    /// Prepares connections to ports inside a sandbox, and returns the URL to open them through.
    func portForward(sandbox: String, ports: [Int32]) async throws(ContainerRuntimeError) -> String

    // MARK: Figures

    func containerStats(_ id: String) async throws(ContainerRuntimeError) -> CRIContainerStats
    func containerStats(_ filter: CRIContainerStatsFilter) async throws(ContainerRuntimeError) -> [CRIContainerStats]
    func podSandboxStats(_ filter: CRIPodSandboxStatsFilter) async throws(ContainerRuntimeError) -> [CRIPodSandboxStats]

    // MARK: Images

    func images() async throws(ContainerRuntimeError) -> [CRIImage]

    /// nil where the image is not on this machine.
    func imageStatus(_ image: CRIImageSpec) async throws(ContainerRuntimeError) -> CRIImage?

    /// Fetches an image and returns the reference to create containers with. The sandbox's labels and annotations may matter to the runtime.
    func pullImage(_ image: CRIImageSpec, auth: CRIAuthConfig?, sandbox: CRIPodSandboxConfig?) async throws(ContainerRuntimeError) -> String

    func removeImage(_ image: CRIImageSpec) async throws(ContainerRuntimeError)

    /// How much room images (and containers) take up, and where.
    func imageFsInfo() async throws(ContainerRuntimeError) -> CRIImageFsInfoResponse

    // MARK: Events

    /// Tells of containers and sandboxes as they change, until the task is cancelled or the connection breaks (then it throws).
    ///
    /// The first event is `.subscribed`: list after it, and no change can fall between the list and the stream. The next event is read
    /// when `receive` returns. Throws `.unimplemented` where the runtime has no events; only then is there a reason to poll.
    func events(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError)
}

/// Something that happened to a container or to a sandbox; the id may be either's. It is a hint to look: it may be told twice.
public enum ContainerEvent: Sendable, Hashable {
    /// The stream stands: whatever happens from now on is told.
    case subscribed
    case created(id: String)
    case started(id: String)
    /// The first process has ended.
    case stopped(id: String)
    /// The kernel killed a process because memory ran out.
    case outOfMemory(id: String)
    case deleted(id: String)

    /// The container or sandbox that it is about.
    public var id: String? {
        switch self {
        case .subscribed: nil
        case .created(let id), .started(let id), .stopped(let id), .outOfMemory(let id), .deleted(let id): id
        }
    }
}

extension ContainerRuntime {
    public func podSandboxes() async throws(ContainerRuntimeError) -> [CRIPodSandbox] { try await podSandboxes(CRIPodSandboxFilter()) }
    public func containers() async throws(ContainerRuntimeError) -> [CRIContainer] { try await containers(CRIContainerFilter()) }

    /// The status of a container, without extra information.
    public func containerStatus(_ id: String) async throws(ContainerRuntimeError) -> CRIContainerStatus {
        try await containerStatus(id, verbose: false).status
    }

    /// The status of a sandbox, without extra information.
    public func podSandboxStatus(_ id: String) async throws(ContainerRuntimeError) -> CRIPodSandboxStatus {
        try await podSandboxStatus(id, verbose: false).status
    }
}
