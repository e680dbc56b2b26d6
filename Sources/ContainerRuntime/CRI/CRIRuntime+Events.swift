import GRPCCore

/// Events: CRI's own where the runtime has them, else those of containerd.
extension CRIRuntime {
    public func events(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        do {
            try await containerEvents(receive)
        } catch  where error.code == .unimplemented {
            try await containerdEvents(receive)
        }
    }

    /// `GetContainerEvents`, which containerd has from 1.7 on.
    private func containerEvents(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        try await call("GetContainerEvents", nil) { options in
            try await service.getContainerEvents(CRIGetEventsRequest(), options: options) { response in
                guard case .success(let contents) = response.accepted else { throw response.acceptanceFailure }
                var isSubscribed = false
                for try await part in contents.bodyParts {
                    guard case .message(let message) = part else { continue }
                    if !isSubscribed {
                        isSubscribed = true
                        await receive(.subscribed)
                    }
                    if let event = ContainerEvent(message) { await receive(event) }
                }
            }
        }
    }

    /// The event stream of containerd itself.
    private func containerdEvents(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        let request = ContainerdSubscribeRequest.with {
            $0.filters = ["/tasks/start", "/tasks/exit", "/tasks/oom", "/tasks/delete"].map { "namespace==k8s.io,topic==\"\($0)\"" }
        }
        try await call("Subscribe", nil) { options in
            try await ContainerdEvents.Client(wrapping: client).subscribe(request, options: options) { response in
                guard case .success(let contents) = response.accepted else { throw response.acceptanceFailure }
                await receive(.subscribed)
                for try await part in contents.bodyParts {
                    guard case .message(let envelope) = part else { continue }
                    if let event = try ContainerEvent(envelope) { await receive(event) }
                }
            }
        }
    }
}

extension StreamingClientResponse {
    fileprivate var acceptanceFailure: RPCError {
        if case .failure(let error) = accepted { error } else { RPCError(code: .unknown, message: "the call was refused") }
    }
}

extension ContainerEvent {
    init?(_ event: CRIContainerEventResponse) {
        switch event.containerEventType {
        case .containerCreatedEvent: self = .created(id: event.containerID)
        case .containerStartedEvent: self = .started(id: event.containerID)
        case .containerStoppedEvent: self = .stopped(id: event.containerID)
        case .containerDeletedEvent: self = .deleted(id: event.containerID)
        case .UNRECOGNIZED: return nil
        }
    }

    /// nil for what concerns an exec and not the container.
    init?(_ envelope: ContainerdEnvelope) throws {
        switch envelope.topic {
        case "/tasks/start":
            self = .started(id: try ContainerdTaskStart(serializedBytes: envelope.event.value).containerID)
        case "/tasks/exit":
            let exit = try ContainerdTaskExit(serializedBytes: envelope.event.value)
            guard exit.id == exit.containerID || exit.id.isEmpty else { return nil }
            self = .stopped(id: exit.containerID)
        case "/tasks/oom":
            self = .outOfMemory(id: try ContainerdTaskOOM(serializedBytes: envelope.event.value).containerID)
        case "/tasks/delete":
            let delete = try ContainerdTaskDelete(serializedBytes: envelope.event.value)
            guard delete.id == delete.containerID || delete.id.isEmpty else { return nil }
            self = .deleted(id: delete.containerID)
        default:
            return nil
        }
    }
}
