import ObjectModel

/// What to do next for a pod that is meant to run. Pure: made from the pod, what the runtime knows of it, and the probes' verdicts.
struct PodPlan: Sendable, Equatable {
    /// Ends every container and the sandbox: nothing in the pod will run again, or the sandbox is made anew.
    var killsPod = false

    /// Makes a sandbox with this attempt number.
    var sandboxAttempt: Int?

    /// Containers to end while the pod goes on, before anything is started.
    var kills: [Kill] = []

    /// Containers to start, in order.
    var starts: [Start] = []

    /// Containers that wait out their pause, by name.
    var backoffs: [String: Waiting] = [:]

    /// When to look again without being woken.
    var wakesAt: Timestamp?

    struct Kill: Sendable, Equatable {
        var record: ContainerRecord
        var reason: Reason

        /// For the `Killing` event; `Stopping container NAME` where nil.
        var message: String?

        enum Reason: Sendable { case startupProbe, livenessProbe, changed, unknownState, podEnds }
    }

    struct Start: Sendable, Equatable {
        var container: ContainerSpec
        var attempt: Int

        /// The container that this one follows.
        var previous: ContainerRecord?
    }

    struct Waiting: Sendable, Equatable {
        var until: Timestamp
        var pause: Duration
    }

    var isEmpty: Bool { !killsPod && sandboxAttempt == nil && kills.isEmpty && starts.isEmpty }
}

extension PodPlan {
    /// Everything a plan depends on.
    struct Input: Sendable {
        var pod: Pod

        /// Containers that are restarted to run with other resources, by id: while they run and once they have ended.
        var restarts: Set<String> = []
        var observation: PodObservation
        var probes = ProbeResults()
        var backoff = CrashBackoff()
        var now: Timestamp
    }

    init(_ input: Input) {
        var planner = PodPlanner(input: input)
        planner.run()
        self = planner.plan
    }
}

/// Walks the containers in the order in which they start.
struct PodPlanner {
    let input: PodPlan.Input
    var plan = PodPlan()

    init(input: PodPlan.Input) { self.input = input }

    var pod: Pod { input.pod }
    var observation: PodObservation { input.observation }

    mutating func run() {
        if needsSandbox {
            planSandbox()
            return
        }
        for container in pod.ephemeralContainers where observation.latest(container.name) == nil {
            plan.starts.append(PodPlan.Start(container: container, attempt: 0))
        }
        let wasInitialized = pod.containers.contains { inSandbox($0.name) != nil }
        guard planInitContainers(wasInitialized: wasInitialized) || wasInitialized, !plan.killsPod else { return }
        planContainers()
    }

    // MARK: The sandbox

    private var needsSandbox: Bool {
        guard let sandbox = observation.sandbox else { return true }
        if observation.sandboxes.filter(\.isReady).count > 1 { return true }
        return !sandbox.isReady || sandbox.usesHostNetwork != pod.usesHostNetwork
    }

    private mutating func planSandbox() {
        let attempt = observation.sandbox.map { $0.attempt + 1 } ?? 0
        plan.killsPod = observation.sandbox != nil
        // A pod that is never restarted and has run before is over.
        if pod.restartPolicy == .never, attempt != 0, !observation.containers.isEmpty, !pod.containers.contains(where: hasOwnPolicy) { return }
        let remaining = pod.containers.filter { container in
            guard let record = observation.latest(container.name), record.state == .exited else { return true }
            return pod.restarts(container, after: record)
        }
        if remaining.isEmpty, pod.initContainers.allSatisfy({ isFinished($0) }) { return }
        plan.sandboxAttempt = attempt
    }

    private func hasOwnPolicy(_ container: ContainerSpec) -> Bool {
        !container.object["restartPolicy"].isNull || !container.object["restartPolicyRules"].isNull
    }

    private func isFinished(_ container: ContainerSpec) -> Bool {
        guard !container.isSidecar else { return true }
        return observation.latest(container.name).map { $0.state == .exited && $0.exitCode == 0 } ?? false
    }

    // MARK: Init containers

    /// Returns whether all init containers are through, and all sidecars started.
    private mutating func planInitContainers(wasInitialized: Bool) -> Bool {
        for container in pod.initContainers {
            let record = inSandbox(container.name)
            if container.isSidecar {
                guard planSidecar(container, record, wasInitialized: wasInitialized) || wasInitialized else { return false }
                continue
            }
            if wasInitialized { continue }
            switch record?.state {
            case .running: return false
            case .exited where record?.exitCode == 0: continue
            case .exited, .created, .unknown, nil:
                if let record, !pod.retriesInit(container, after: record) {
                    plan.killsPod = true
                    return false
                }
                if let record, record.state == .unknown {
                    plan.kills.append(PodPlan.Kill(record: record, reason: .unknownState, message: unknown(container)))
                }
                start(container)
                return false
            }
        }
        return true
    }

    /// Returns whether the sidecar has started, so that the next one may.
    private mutating func planSidecar(_ container: ContainerSpec, _ record: ContainerRecord?, wasInitialized: Bool) -> Bool {
        guard let record else {
            start(container)
            return false
        }
        guard record.state == .running else {
            if record.state == .unknown { plan.kills.append(PodPlan.Kill(record: record, reason: .unknownState, message: unknown(container))) }
            // Nobody needs it once the main containers are through.
            if !wasInitialized || mainContainersGoOn { start(container) }
            return false
        }
        if let kill = kill(container, record) {
            plan.kills.append(kill)
            start(container, after: record)
            return false
        }
        return input.probes.hasStarted(container, record.id)
    }

    private var mainContainersGoOn: Bool {
        pod.containers.contains { container in
            guard let record = observation.latest(container.name) else { return true }
            return record.state == .running || pod.restarts(container, after: record)
        }
    }

    // MARK: Main containers

    private mutating func planContainers() {
        var goesOn = false
        for container in pod.containers {
            guard let record = observation.latest(container.name) else {
                goesOn = true
                start(container)
                continue
            }
            if record.state == .running {
                guard let kill = kill(container, record) else {
                    goesOn = true
                    continue
                }
                plan.kills.append(kill)
                var ended = record
                ended.state = .exited
                ended.exitCode = 137
                if kill.reason == .changed || pod.restarts(container, after: ended) {
                    goesOn = true
                    start(container, after: record)
                }
                continue
            }
            guard input.restarts.contains(record.id) || pod.restarts(container, after: record) else { continue }
            goesOn = true
            if record.state == .unknown { plan.kills.append(PodPlan.Kill(record: record, reason: .unknownState, message: unknown(container))) }
            start(container)
        }
        if !goesOn {
            plan = PodPlan()
            plan.killsPod = true
        }
    }

    // MARK: Parts

    /// The latest container of a name within the sandbox that stands.
    private func inSandbox(_ name: String) -> ContainerRecord? {
        observation.containers.first { $0.name == name && ($0.sandboxID == observation.sandbox?.id || $0.sandboxID.isEmpty) }
    }

    private func kill(_ container: ContainerSpec, _ record: ContainerRecord) -> PodPlan.Kill? {
        if !record.hash.isEmpty, record.hash != ContainerHash(container).text {
            return PodPlan.Kill(record: record, reason: .changed, message: "Container \(container.name) definition changed, will be restarted")
        }
        if input.restarts.contains(record.id) {
            return PodPlan.Kill(record: record, reason: .changed, message: "Container \(container.name) resize requires restart")
        }
        let willRestart = container.isSidecar || pod.restartPolicy != .never ? ", will be restarted" : ""
        if input.probes[.liveness, record.id] == false {
            return PodPlan.Kill(record: record, reason: .livenessProbe, message: "Container \(container.name) failed liveness probe\(willRestart)")
        }
        if input.probes[.startup, record.id] == false {
            return PodPlan.Kill(record: record, reason: .startupProbe, message: "Container \(container.name) failed startup probe\(willRestart)")
        }
        return nil
    }

    private func unknown(_ container: ContainerSpec) -> String {
        "Container is in \"CONTAINER_UNKNOWN\" state, try killing it before restart"
    }

    /// Starts a container, or has it wait out its pause. One that was just planned to be killed starts as soon as its pause allows.
    private mutating func start(_ container: ContainerSpec, after killed: ContainerRecord? = nil) {
        let last = observation.latest(container.name)
        // The end of a container that is being killed is not known yet: the next look decides.
        if killed != nil { return }
        if let last, !input.restarts.contains(last.id), last.state == .exited, let finished = last.finishedAt,
            case .wait(let until, let pause) = input.backoff.verdict(container.name, finishedAt: finished, now: input.now)
        {
            plan.backoffs[container.name] = PodPlan.Waiting(until: until, pause: pause)
            plan.wakesAt = plan.wakesAt.map { min($0, until) } ?? until
            return
        }
        plan.starts.append(PodPlan.Start(container: container, attempt: last.map { $0.attempt + 1 } ?? 0, previous: last))
    }
}
