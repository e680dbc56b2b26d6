import ObjectModel

/// The probes of one pod: a task for each probe of each running container, asleep between rounds.
actor PodProbes {
    private struct Key: Hashable {
        var containerID: String
        var kind: ProbeKind
    }

    private let services: NodeServices

    /// Called when a verdict changed.
    private let onChange: @Sendable () -> Void
    private(set) var results = ProbeResults()
    private var tasks: [Key: Task<Void, Never>] = [:]
    private var isShutDown = false

    init(services: NodeServices, onChange: @escaping @Sendable () -> Void) {
        self.services = services
        self.onChange = onChange
    }

    /// Probes what runs, and stops probing what does not. Once a pod is being deleted, only readiness still counts.
    func follow(_ pod: Pod, running: [ContainerRecord], podIPs: [String]) {
        guard !isShutDown else { return }
        var wanted: Set<Key> = []
        for record in running {
            guard let container = pod.container(named: record.name), container.role != .ephemeral else { continue }
            for kind in ProbeKind.allCases where container.hasProbe(kind) && (kind == .readiness || !pod.isBeingDeleted) {
                adopt(kind, record, pod)
                if kind == .startup, results[.startup, record.id] != nil { continue }
                let key = Key(containerID: record.id, kind: kind)
                wanted.insert(key)
                if tasks[key] == nil { start(key, pod, container, record, podIPs.first ?? "") }
            }
        }
        for (key, task) in tasks where !wanted.contains(key) {
            task.cancel()
            tasks[key] = nil
        }
        results.keep(Set(running.map(\.id)))
    }

    /// A restart of the agent is none of the container: what the status said of it holds until a probe says otherwise.
    private func adopt(_ kind: ProbeKind, _ record: ContainerRecord, _ pod: Pod) {
        guard kind != .liveness, results[kind, record.id] == nil, tasks[Key(containerID: record.id, kind: kind)] == nil else { return }
        let statuses = pod.status["containerStatuses"].array + pod.status["initContainerStatuses"].array
        guard let old = statuses.first(where: { $0["containerID"].string == "containerd://\(record.id)" }) else { return }
        if old[kind == .startup ? "started" : "ready"].bool == true { results[kind, record.id] = true }
    }

    func shutDown() async {
        isShutDown = true
        let running = Array(tasks.values)
        tasks = [:]
        for task in running { task.cancel() }
        for task in running { await task.value }
    }

    private func start(_ key: Key, _ pod: Pod, _ container: ContainerSpec, _ record: ContainerRecord, _ podIP: String) {
        // Unready until proven ready; alive and starting until proven otherwise.
        let prober = Prober(runtime: services.runtime, container: container, containerID: record.id, podIP: podIP)
        tasks[key] = Task { await self.run(key, pod, container, prober, startedAt: record.startedAt ?? services.now()) }
    }

    private func run(_ key: Key, _ pod: Pod, _ container: ContainerSpec, _ prober: Prober, startedAt: Timestamp) async {
        let probe = container.object[key.kind.field]
        let period = Duration.seconds(max(probe["periodSeconds"].integer ?? 10, 1))
        let initialDelay = Duration.seconds(probe["initialDelaySeconds"].integer ?? 0)
        let clock = ContinuousClock()
        var counter = ProbeCounter(probe)
        var next = clock.now + max(initialDelay - (services.now() - startedAt), .zero)
        while !Task.isCancelled {
            if next > clock.now { guard (try? await clock.sleep(until: next, tolerance: .milliseconds(50))) != nil else { return } }
            // Liveness and readiness wait for the startup probe.
            while key.kind != .startup, !results.hasStarted(container, key.containerID) {
                await untilStarted(key.containerID)
                if Task.isCancelled { return }
            }
            let outcome = await firstAnswer(prober, probe, key, startedAt: startedAt)
            if Task.isCancelled { return }
            note(outcome, key, pod, container, &counter)
            if key.kind == .startup, results[.startup, key.containerID] != nil { return }
            if key.kind != .readiness, results[key.kind, key.containerID] == false { return }
            next = max(next + period, clock.now)
        }
    }

    /// A program needs a moment until it listens. While its container is younger than `FirstListen.window` and no verdict has been reached, a refused
    /// connection is no outcome: the probe asks again shortly. What was said otherwise (a bad status, a timeout) counts at once.
    private func firstAnswer(_ prober: Prober, _ probe: Value, _ key: Key, startedAt: Timestamp) async -> Prober.Outcome {
        var pauses = FirstListen()
        while true {
            let outcome = await prober.run(probe)
            guard outcome.isRefusal, key.kind != .liveness, results[key.kind, key.containerID] == nil,
                let pause = pauses.next(age: services.now() - startedAt)
            else { return outcome }
            guard (try? await Task.sleep(for: pause, tolerance: .milliseconds(2))) != nil else { return outcome }
        }
    }

    private func note(_ outcome: Prober.Outcome, _ key: Key, _ pod: Pod, _ container: ContainerSpec, _ counter: inout ProbeCounter) {
        let isSuccess = outcome == .success
        if let message = outcome.message {
            PodEvents(recorder: services.recorder, pod: pod).unhealthy(container, key.kind, message)
        }
        guard let verdict = counter.note(isSuccess), results[key.kind, key.containerID] != verdict else { return }
        results[key.kind, key.containerID] = verdict
        if key.kind == .startup, verdict {
            for waiter in startWaiters.removeValue(forKey: key.containerID) ?? [] { waiter.resume() }
        }
        onChange()
    }

    // MARK: Waiting for the startup probe

    private var startWaiters: [String: [CheckedContinuation<Void, Never>]] = [:]

    private func untilStarted(_ id: String) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { startWaiters[id, default: []].append(continuation) }
            }
        } onCancel: {
            Task { await self.releaseWaiters(id) }
        }
    }

    /// Lets those go on that are cancelled; others look again and wait again.
    private func releaseWaiters(_ id: String) {
        for waiter in startWaiters.removeValue(forKey: id) ?? [] { waiter.resume() }
    }
}
