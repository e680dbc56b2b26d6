extension FakeContainerRuntime {
    /// Everything the fake knows. Sandboxes and containers are kept in the order of their creation.
    struct State: Sendable {
        var sandboxes: [Sandbox] = []
        var containers: [Container] = []
        var images: [String: CRIImage] = [:]
        /// Pullable images, and the user that each is for.
        var registry: [String: String?] = [:]
        var stats: [String: CRIContainerStats] = [:]
        var addresses: [String] = []
        var podCIDR = ""

        var calls: [(Call, String)] = []
        var failures: [Call: [ContainerRuntimeError]] = [:]
        var execAnswer: @Sendable (CRIContainerConfig, [String]) -> CRIExecSyncResponse = { _, _ in CRIExecSyncResponse() }
        var startOutcome: @Sendable (CRIContainerConfig) -> Int32? = { _ in nil }
        var listeners: [Int: @Sendable (ContainerEvent) async -> Void] = [:]

        private var sandboxCount = 0
        private var containerCount = 0
        private var listenerCount = 0
    }

    struct Sandbox: Sendable {
        var id: String
        var config: CRIPodSandboxConfig
        var handler: String
        var state: CRIPodSandboxState
        var createdAt: Int64
        var address: String
    }

    struct Container: Sendable {
        var id: String
        var sandbox: String
        var config: CRIContainerConfig
        var status: CRIContainerStatus
    }
}

extension FakeContainerRuntime.State {
    func sandbox(_ id: String) -> FakeContainerRuntime.Sandbox? { sandboxes.first { $0.id == id } }
    func container(_ id: String) -> FakeContainerRuntime.Container? { containers.first { $0.id == id } }

    mutating func addSandbox(_ config: CRIPodSandboxConfig, handler: String, at time: Int64) -> String {
        sandboxCount += 1
        let usesHostNetwork = config.linux.securityContext.namespaceOptions.network == .node
        let address = usesHostNetwork ? "" : addresses.isEmpty ? "10.0.\(sandboxCount / 256).\(sandboxCount % 256)" : addresses.removeFirst()
        let id = "sandbox-\(sandboxCount)"
        sandboxes.append(.init(id: id, config: config, handler: handler, state: .sandboxReady, createdAt: time, address: address))
        return id
    }

    mutating func addContainer(_ config: CRIContainerConfig, in sandbox: String, at time: Int64) -> String {
        containerCount += 1
        let id = "container-\(containerCount)"
        let image = images[config.image.image]
        let status = CRIContainerStatus.with {
            $0.id = id
            $0.metadata = config.metadata
            $0.state = .containerCreated
            $0.createdAt = time
            $0.image = config.image
            $0.imageRef = image?.id ?? config.image.image
            $0.imageID = image?.id ?? config.image.image
            $0.labels = config.labels
            $0.annotations = config.annotations
            $0.mounts = config.mounts
            $0.logPath = config.logPath
            $0.resources.linux = config.linux.resources
        }
        containers.append(.init(id: id, sandbox: sandbox, config: config, status: status))
        return id
    }

    mutating func update(_ id: String, _ change: (inout FakeContainerRuntime.Container) -> Void) {
        guard let index = containers.firstIndex(where: { $0.id == id }) else { return }
        change(&containers[index])
    }

    /// Ends a container; false if it did not run.
    mutating func exit(_ id: String, code: Int32, reason: String?, at time: Int64) -> Bool {
        guard let container = container(id), container.status.state == .containerRunning || container.status.state == .containerCreated else {
            return false
        }
        update(id) {
            $0.status.state = .containerExited
            $0.status.exitCode = code
            $0.status.finishedAt = time
            $0.status.reason = reason ?? (code == 0 ? "Completed" : "Error")
        }
        return true
    }

    /// Ends a sandbox and what runs in it; returns the containers that it ended.
    mutating func stop(sandbox id: String, at time: Int64) -> [String] {
        guard let index = sandboxes.firstIndex(where: { $0.id == id }) else { return [] }
        sandboxes[index].state = .sandboxNotready
        let members = containers.filter { $0.sandbox == id }.map(\.id)
        return members.filter { exit($0, code: 137, reason: nil, at: time) }
    }

    mutating func listen(_ listener: @escaping @Sendable (ContainerEvent) async -> Void) -> Int {
        listenerCount += 1
        listeners[listenerCount] = listener
        return listenerCount
    }
}
