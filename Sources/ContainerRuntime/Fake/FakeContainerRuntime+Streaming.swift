extension FakeContainerRuntime {
    public func execSync(_ id: String, _ command: [String], timeout: Duration?) async throws(ContainerRuntimeError) -> CRIExecSyncResponse {
        try begin(.execSync, id)
        let container = try runningContainer(id)
        return state.withLock(\.execAnswer)(container.config, command)
    }

    public func exec(_ request: CRIExecRequest) async throws(ContainerRuntimeError) -> String {
        try begin(.exec, request.containerID)
        _ = try runningContainer(request.containerID)
        return "http://127.0.0.1:0/exec/\(request.containerID)"
    }

    public func attach(_ request: CRIAttachRequest) async throws(ContainerRuntimeError) -> String {
        try begin(.attach, request.containerID)
        _ = try runningContainer(request.containerID)
        return "http://127.0.0.1:0/attach/\(request.containerID)"
    }

    /// Stands until its task is cancelled.
    public func events(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        try begin(.events)
        let listener = state.withLock { $0.listen(receive) }
        await receive(.subscribed)
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        for await _ in stream {}
        continuation.finish()
        state.withLock { $0.listeners[listener] = nil }
        throw ContainerRuntimeError(.cancelled, "the call was cancelled")
    }

    /// Tells whoever listens, one after the other, and returns when all have heard it.
    func tell(_ event: ContainerEvent) async {
        for (_, listener) in state.withLock({ $0.listeners.sorted { $0.key < $1.key } }) { await listener(event) }
    }
}
