import GRPCCore
import Synchronization

/// Events: containerd's own, which every version of it has, else those of CRI.
///
/// Neither answers a subscription before the first event. To know that the subscription stands, containerd is asked to publish an event of
/// ours until we hear it; another runtime gets a call behind the subscription, which it answers after it.
extension CRIRuntime {
    public func events(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        do {
            try await containerdEvents(receive)
        } catch  where error.code == .unimplemented {
            try await containerEvents(receive)
        }
    }

    /// Runs a stream on a connection of its own: it outlives many others.
    private func withStream(
        _ name: String, _ body: (GRPCClient<Transport>) async throws -> Void
    ) async throws(ContainerRuntimeError) {
        try await Self.translatingErrors(name) { try await connections.withOwnClient(body) }
    }

    private static let subscribedTopic = "/apus/subscribed"
    private static let topics = ["/tasks/start", "/tasks/exit", "/tasks/oom", "/tasks/delete", subscribedTopic]

    private func containerdEvents(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        let request = ContainerdSubscribeRequest.with {
            $0.filters = Self.topics.map { "namespace==k8s.io,topic==\"\($0)\"" }
        }
        let isHeard = Flag()
        let options = Self.options(nil)
        try await withStream("Subscribe") { client in
            let service = ContainerdEvents.Client(wrapping: client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await service.subscribe(request, options: options) { response in
                        for try await envelope in response.messages {
                            if isHeard.set() { await receive(.subscribed) }
                            if let event = try ContainerEvent(envelope) { await receive(event) }
                        }
                    }
                    throw RPCError(code: .unavailable, message: "containerd ended its stream of events")
                }
                group.addTask {
                    while !isHeard.isSet {
                        let publish = ContainerdPublishRequest.with {
                            $0.topic = Self.subscribedTopic
                            $0.event.typeURL = "containerd.events.TaskStart"  // one without a type makes containerd panic
                        }
                        _ = try await service.publish(publish, metadata: ["containerd-namespace": "k8s.io"], options: options)
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                defer { group.cancelAll() }
                try await group.waitForAll()
            }
        }
    }

    /// `GetContainerEvents`, which CRI-O has, and containerd from 1.7 on.
    private func containerEvents(_ receive: @escaping @Sendable (ContainerEvent) async -> Void) async throws(ContainerRuntimeError) {
        let isTold = Flag()
        let options = Self.options(nil)
        try await withStream("GetContainerEvents") { client in
            let service = CRIRuntimeService.Client(wrapping: client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await service.getContainerEvents(CRIGetEventsRequest(), options: options) { response in
                        for try await message in response.messages {
                            if isTold.set() { await receive(.subscribed) }
                            if let event = ContainerEvent(message) { await receive(event) }
                        }
                    }
                    throw RPCError(code: .unavailable, message: "the runtime ended its stream of events")
                }
                group.addTask {
                    _ = try await service.version(.with { $0.version = "v1" }, options: options)
                    if isTold.set() { await receive(.subscribed) }
                }
                defer { group.cancelAll() }
                try await group.waitForAll()
            }
        }
    }
}

/// Something that happens once.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    /// Whether this was the first time.
    func set() -> Bool { !value.exchange(true, ordering: .acquiringAndReleasing) }
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
