import ContainerRuntime
import Synchronization
import Testing

final class Heard: Sendable {
    let events = Mutex<[ContainerEvent]>([])
}

@Suite struct `A fake container runtime` {
    let runtime = FakeContainerRuntime()

    func pod(_ name: String) -> CRIPodSandboxConfig {
        .with {
            $0.metadata.name = name
            $0.metadata.uid = "uid-\(name)"
            $0.labels = ["app": name]
        }
    }

    func container(_ name: String, image: String) -> CRIContainerConfig {
        .with {
            $0.metadata.name = name
            $0.image.image = image
        }
    }

    @Test func `walks a container through its states`() async throws {
        runtime.add(image: "hello:1")
        let sandbox = try await runtime.runPodSandbox(pod("a"), handler: "")
        let id = try await runtime.createContainer(container("main", image: "hello:1"), in: sandbox, pod("a"))
        #expect(try await runtime.containerStatus(id).state == .containerCreated)
        try await runtime.startContainer(id)
        #expect(try await runtime.containerStatus(id).state == .containerRunning)
        await runtime.exit(container: id, code: 3)
        let status = try await runtime.containerStatus(id)
        #expect(status.state == .containerExited)
        #expect(status.exitCode == 3)
        #expect(status.reason == "Error")
        #expect(status.finishedAt > status.startedAt)
    }

    @Test func `stops and removes what is gone without complaint`() async throws {
        try await runtime.stopPodSandbox("nothing")
        try await runtime.removePodSandbox("nothing")
        try await runtime.stopContainer("nothing", gracePeriod: .zero)
        try await runtime.removeContainer("nothing")
        await #expect { try await runtime.containerStatus("nothing") } throws: { ($0 as? ContainerRuntimeError)?.isNotFound == true }
    }

    @Test func `pulls what was published, for whom it was published`() async throws {
        runtime.publish(image: "open:1")
        runtime.publish(image: "closed:1", for: "ada")
        _ = try await runtime.pullImage(.with { $0.image = "open:1" }, auth: nil, sandbox: nil)
        #expect(try await runtime.imageStatus(.with { $0.image = "open:1" }) != nil)
        await #expect(throws: ContainerRuntimeError.self) { try await runtime.pullImage(.with { $0.image = "closed:1" }, auth: nil, sandbox: nil) }
        await #expect(throws: ContainerRuntimeError.self) { try await runtime.pullImage(.with { $0.image = "absent:1" }, auth: nil, sandbox: nil) }
        _ = try await runtime.pullImage(.with { $0.image = "closed:1" }, auth: .with { $0.username = "ada" }, sandbox: nil)
    }

    @Test func `lists by label and state`() async throws {
        let first = try await runtime.runPodSandbox(pod("a"), handler: "")
        _ = try await runtime.runPodSandbox(pod("b"), handler: "")
        #expect(try await runtime.podSandboxes(.with { $0.labelSelector = ["app": "a"] }).map(\.id) == [first])
        try await runtime.stopPodSandbox(first)
        #expect(try await runtime.podSandboxes(.with { $0.state.state = .sandboxReady }).map(\.metadata.name) == ["b"])
    }

    @Test func `tells listeners of a container's end`() async throws {
        runtime.add(image: "hello:1")
        let heard = Heard()
        let (subscribed, ready) = AsyncStream<Void>.makeStream()
        let listening = Task {
            try await runtime.events { event in
                heard.events.withLock { $0.append(event) }
                if event == .subscribed { ready.finish() }
            }
        }
        for await _ in subscribed {}
        let sandbox = try await runtime.runPodSandbox(pod("a"), handler: "")
        let id = try await runtime.createContainer(container("main", image: "hello:1"), in: sandbox, pod("a"))
        try await runtime.startContainer(id)
        await runtime.exit(container: id, code: 0)
        listening.cancel()
        await #expect(throws: ContainerRuntimeError.self) { try await listening.value }
        #expect(
            heard.events.withLock { $0 } == [
                .subscribed, .started(id: "sandbox-1"), .created(id: "container-1"), .started(id: "container-1"), .stopped(id: "container-1"),
            ])
    }

    @Test func `fails as it is told to, and only that often`() async throws {
        runtime.fail(.runPodSandbox, with: ContainerRuntimeError(.unknown, "no network"))
        await #expect(throws: ContainerRuntimeError.self) { try await runtime.runPodSandbox(pod("a"), handler: "") }
        _ = try await runtime.runPodSandbox(pod("a"), handler: "")
    }
}
