import Synchronization

/// A container runtime in memory, for tests of what uses one: sandboxes and containers walk through the same states as real ones, in no time.
///
/// Nothing happens by itself: a container runs until it is stopped or the test calls `exit`, and only images that were put there or made
/// pullable can be used. Ids are `sandbox-1`, `container-1`, … in the order of creation.
public final class FakeContainerRuntime: ContainerRuntime {
    /// The calls that can be told to fail, and that are recorded.
    public enum Call: String, Sendable, Hashable, CaseIterable {
        case version, status, updateRuntimeConfig
        case runPodSandbox, stopPodSandbox, removePodSandbox, podSandboxStatus, podSandboxes
        case createContainer, startContainer, stopContainer, removeContainer, containers, containerStatus
        case updateContainerResources, reopenContainerLog
        case execSync, exec, attach, portForward
        case containerStats, podSandboxStats
        case images, imageStatus, pullImage, removeImage, imageFsInfo, events
    }

    let state: Mutex<State>
    let now: @Sendable () -> Int64

    /// - Parameter now: nanoseconds since 1970; by default a counter that goes on by one second with every reading.
    public init(now: (@Sendable () -> Int64)? = nil) {
        state = Mutex(State())
        let ticks = Ticks()
        self.now = now ?? { ticks.next() }
    }

    /// A clock that moves only when it is read.
    private final class Ticks: Sendable {
        private let seconds = Mutex<Int64>(1_700_000_000)

        func next() -> Int64 {
            seconds.withLock {
                $0 += 1
                return $0 * 1_000_000_000
            }
        }
    }

    /// Notes the call, and throws if it was told to fail.
    func begin(_ call: Call, _ subject: String = "") throws(ContainerRuntimeError) {
        let failure = state.withLock { state -> ContainerRuntimeError? in
            state.calls.append((call, subject))
            guard var failures = state.failures[call], !failures.isEmpty else { return nil }
            let failure = failures.removeFirst()
            state.failures[call] = failures
            return failure
        }
        if let failure { throw failure }
    }
}

// MARK: - What a test steers and sees

extension FakeContainerRuntime {
    /// The images on the machine, by reference. The reference is also the image's id unless it says otherwise.
    public var images: [String: CRIImage] {
        get { state.withLock { $0.images } }
        set { state.withLock { $0.images = newValue } }
    }

    /// Puts an image there.
    public func add(image reference: String) {
        state.withLock { $0.images[reference] = Self.image(reference) }
    }

    /// Makes an image pullable; with a user name, only for that user.
    public func publish(image reference: String, for username: String? = nil) {
        state.withLock { $0.registry[reference] = .some(username) }
    }

    /// Lets the next calls of this kind fail, one failure each.
    public func fail(_ call: Call, with errors: ContainerRuntimeError...) {
        state.withLock { $0.failures[call, default: []] += errors }
    }

    /// Answers commands run in containers; without it they succeed and print nothing.
    public func onExec(_ answer: @escaping @Sendable (CRIContainerConfig, [String]) -> CRIExecSyncResponse) {
        state.withLock { $0.execAnswer = answer }
    }

    /// What a container does when it is started: nil lets it run, a number ends it at once with that exit code.
    public func onStart(_ exitCode: @escaping @Sendable (CRIContainerConfig) -> Int32?) {
        state.withLock { $0.startOutcome = exitCode }
    }

    /// The address that the next sandboxes get, one each; without, they count up from 10.0.0.1.
    public func setAddresses(_ addresses: [String]) {
        state.withLock { $0.addresses = addresses }
    }

    public func set(stats: CRIContainerStats, of container: String) {
        state.withLock { $0.stats[container] = stats }
    }

    /// Ends a running container.
    public func exit(container id: String, code: Int32, reason: String? = nil) async {
        let time = now()
        let ended = state.withLock { $0.exit(id, code: code, reason: reason, at: time) }
        if reason == "OOMKilled" { await tell(.outOfMemory(id: id)) }
        if ended { await tell(.stopped(id: id)) }
    }

    /// Kills a sandbox as a crash would: it is not ready any more, and its containers are dead.
    public func kill(sandbox id: String) async {
        let time = now()
        let ended = state.withLock { $0.stop(sandbox: id, at: time) }
        for id in ended + [id] { await tell(.stopped(id: id)) }
    }

    /// Every call made so far with the id or name that it was about, in order.
    public var calls: [(call: Call, subject: String)] {
        state.withLock { $0.calls.map { (call: $0.0, subject: $0.1) } }
    }

    /// How the containers of a pod were configured, in the order of their creation.
    public func containerConfigs(ofPod uid: String) -> [CRIContainerConfig] {
        state.withLock { state in
            state.containers.filter { state.sandbox($0.sandbox)?.config.metadata.uid == uid }.map(\.config)
        }
    }

    /// How the sandboxes were configured, in the order of their creation.
    public var sandboxConfigs: [CRIPodSandboxConfig] {
        state.withLock { $0.sandboxes.map(\.config) }
    }

    static func image(_ reference: String) -> CRIImage {
        .with {
            $0.id = reference
            $0.repoTags = [reference]
            $0.size = 1
        }
    }
}
