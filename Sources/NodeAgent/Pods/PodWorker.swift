import ClusterClient
import ContainerRuntime
import Logging
import ObjectModel
import Synchronization

/// Looks after one pod on this machine, from the moment it is bound here until nothing of it is left.
///
/// It is woken by changes of the pod, by the runtime, by probes and by its own timer, and never told why: each pass reads what there is, plans, and
/// carries the plan out. What it knows is rebuilt from the runtime whenever in doubt.
actor PodWorker {
    let uid: String
    let services: NodeServices
    let volumes: PodVolumes
    let probes: PodProbes

    /// The newest object that was seen; its status is the one that stands.
    var pod: Pod
    /// The object is gone from the API, or another pod has its name.
    var isGone = false
    var observation = PodObservation()
    var hasObserved = false
    var crashes = CrashBackoff()
    var pulls = ImageBackoff()

    /// Why containers do not run, and when to try again.
    var waiting: [String: WaitingReason] = [:]
    var retries: [String: Retry] = [:]

    /// Where the volumes lie; nil until they were set up, and again when what they are made from has changed.
    var volumePaths: [String: String]?

    /// Why the node ends the pod against its will.
    var failure: PodFailure?
    var ending = Ending()
    var isFinished = false
    var startup: PodStartup

    /// What the containers were granted and run with; nil until the pod is first looked after.
    var allocation: PodAllocation?

    /// Containers that end, or have ended, to run with other resources.
    var restartsForResize: Set<String> = []

    // Publishing.
    var needsPublish = false
    var publisher: Task<Void, Never>?

    private let mailbox = Mutex(Mailbox())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private var timer: Task<Void, Never>?
    private var failures = Backoff(initial: .milliseconds(500), max: .seconds(30))

    /// A pause after a failure that is not a crash.
    struct Retry {
        var at: Timestamp
        var count: Int
    }

    /// How far the end of the pod has come.
    struct Ending {
        /// When containers have had their time.
        var deadline: Timestamp?
        /// Containers whose `preStop` hook ran.
        var hooked: Set<String> = []
        /// Everything ended, volumes and cgroups are gone.
        var isCleanedUp = false
        /// The API was asked to drop the object.
        var isReported = false
    }

    private struct Mailbox {
        var pod: Value?
        var isGone = false
        var dirty: Set<String> = []
        var isAllDirty = false
        var areVolumesDirty = false
        var isUrgent = false
        var work: Task<Void, Never>?

        /// Why the node ends the pod.
        var failure: PodFailure?

        /// The grace period of the deletion that is known of.
        var grace: Int64?
    }

    init(_ pod: Pod, services: NodeServices) {
        uid = pod.uid
        passStartedAt = services.now()
        startup = PodStartup(pod, seen: passStartedAt)
        self.pod = pod
        self.services = services
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let box = WorkerBox()
        volumes = PodVolumes(services, podUID: pod.uid) { box.worker?.volumesChanged() }
        probes = PodProbes(services: services) { box.worker?.wake() }
        box.worker = self
        waker.yield()
    }

    /// Lets parts call back without keeping the worker alive.
    private final class WorkerBox: Sendable {
        private let reference = Mutex(Weak())
        private struct Weak { weak var worker: PodWorker? }

        var worker: PodWorker? {
            get { reference.withLock { $0.worker } }
            set { reference.withLock { $0.worker = newValue } }
        }
    }

    // MARK: Being told

    nonisolated func wake() { waker.yield() }

    /// The pod as it is now, or nil when it is gone from the API.
    nonisolated func update(_ object: Value?) {
        mailbox.withLock { box in
            if let object {
                box.pod = object
                // A deletion ends whatever goes on, and so does one that leaves less time than the last.
                let grace = object.isBeingDeleted ? object.metadata["deletionGracePeriodSeconds"].integer ?? 0 : nil
                if let grace, grace < box.grace ?? .max {
                    box.grace = grace
                    box.isUrgent = true
                    box.work?.cancel()
                }
            } else {
                box.isGone = true
                box.isUrgent = true
                box.work?.cancel()
            }
        }
        waker.yield()
    }

    /// The node ends the pod, at once.
    nonisolated func fail(_ failure: PodFailure) {
        mailbox.withLock { box in
            box.failure = failure
            box.isUrgent = true
            box.work?.cancel()
        }
        waker.yield()
    }

    /// Something happened to a container or sandbox of the pod.
    nonisolated func runtimeChanged(_ id: String?) {
        mailbox.withLock { box in
            if let id { box.dirty.insert(id) } else { box.isAllDirty = true }
        }
        waker.yield()
    }

    nonisolated func volumesChanged() {
        mailbox.withLock { $0.areVolumesDirty = true }
        waker.yield()
    }

    // MARK: Passes

    /// Looks after the pod until nothing of it is left, or the task is cancelled.
    func run() async {
        for await _ in wakes {
            if Task.isCancelled { break }
            await pass()
            if isFinished { break }
        }
        timer?.cancel()
        await probes.shutDown()
        await publisher?.value
    }

    private func pass() async {
        readMail()
        let work = Task { await self.work() }
        mailbox.withLock { box in
            box.work = work
            if box.isUrgent { work.cancel() }
        }
        await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        mailbox.withLock { $0.work = nil }
    }

    private var dirty: Set<String> = []

    private func readMail() {
        let mail = mailbox.withLock { box in
            defer {
                box.pod = nil
                box.dirty = []
                box.isAllDirty = false
                box.areVolumesDirty = false
                box.isUrgent = false
            }
            return box
        }
        if let object = mail.pod { learn(object) }
        if mail.isGone { isGone = true }
        if let failure = mail.failure, self.failure == nil, !pod.isTerminal { end(with: failure) }
        dirty.formUnion(mail.dirty)
        if mail.isAllDirty { hasObserved = false }
        if mail.areVolumesDirty {
            volumePaths = nil
            retries[""] = nil
            for (name, reason) in waiting where reason.reason == "CreateContainerConfigError" { retries[name] = nil }
        }
    }

    /// Takes a newer object over; an older one, which the informer may still deliver, is skipped.
    func learn(_ object: Value) {
        let isOlder = (UInt64(object.resourceVersion) ?? .max) < (UInt64(pod.object.resourceVersion) ?? 0)
        guard !isOlder else { return }
        let old = pod.object
        pod = Pod(object)
        if old.labels != object.labels || old.annotations != object.annotations { volumePaths = nil }
    }

    /// A pod that the node has no room for is turned away before anything of it is started.
    private var rejection: PodFailure? {
        guard pod.status["containerStatuses"].isEmpty, !pod.isBeingDeleted, !isGone, !EvictionOrder.isCritical(pod) else { return nil }
        let pressures = services.pressure.pressures()
        let isRefused =
            !pressures.isDisjoint(with: [.disk, .pid])
            || pressures.contains(.memory) && QoSClass(pod.object) == .bestEffort && !toleratesMemoryPressure
        guard isRefused else { return nil }
        let names = pressures.map(\.rawValue).sorted().joined(separator: " ")
        return PodFailure(reason: "Evicted", message: "Pod was rejected: The node had condition: [\(names)]. ", isEviction: false)
    }

    private var toleratesMemoryPressure: Bool {
        pod.spec["tolerations"].array.contains { toleration in
            let key = toleration["key"].string ?? ""
            let covers = key == "node.kubernetes.io/memory-pressure" || key.isEmpty && toleration["operator"].string == "Exists"
            return covers && ["", "NoSchedule"].contains(toleration["effect"].string ?? "")
        }
    }

    private func end(with failure: PodFailure) {
        self.failure = failure
        // There is no time to lose: what is left is what every container gets.
        ending.deadline = services.now()
        PodEvents(recorder: services.recorder, pod: pod).warning(failure.reason, failure.message)
    }

    private func work() async {
        passStartedAt = services.now()
        if !hasWorked, let rejection { end(with: rejection) }
        let start = ContinuousClock.now
        if !hasWorked { services.metrics.workerStarted(after: max(.zero, passStartedAt - startup.firstSeen)) }
        let operation = isGone || pod.isBeingDeleted ? "kill" : hasWorked ? "sync" : "create"
        hasWorked = true
        defer { services.metrics.passed(operation, took: ContinuousClock.now - start) }
        do {
            try await look()
            if isGone {
                try await remove()
            } else if pod.isBeingDeleted || failure != nil || pod.isTerminal || pod.isPastDeadline(services.now()) {
                if !pod.isTerminal, !pod.isBeingDeleted, failure == nil {
                    failure = .deadlineExceeded
                    PodEvents(recorder: services.recorder, pod: pod).normal("DeadlineExceeded", PodFailure.deadlineExceeded.message)
                }
                try await end()
            } else {
                try await sync()
            }
            failures.reset()
            await arm()
        } catch {
            // What a cancelled call left behind is known only to the runtime.
            hasObserved = false
            if Task.isCancelled || error is CancellationError { return wake() }
            services.logger.warning("pod sync failed", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            wake(after: failures.next())
        }
    }

    /// Brings `observation` up to date.
    private func look() async throws {
        if !hasObserved {
            observation = try await services.observer.observe(podUID: uid)
            for sandbox in observation.sandboxes { services.index.register(sandbox.id, to: self) }
            for container in observation.containers {
                services.index.register(container.id, to: self)
                if container.id == observation.latest(container.name)?.id, let started = container.startedAt {
                    crashes.resume(container.name, attempt: container.attempt, startedAt: started)
                }
            }
            hasObserved = true
            dirty = []
        }
        while let id = dirty.popFirst() { try await refresh(id) }
    }

    /// Reads one container or sandbox anew. An event may come before the runtime's own records follow: a container that is said to have stopped
    /// and still runs is looked at again shortly.
    func refresh(_ id: String) async throws {
        if let old = observation.sandboxes.first(where: { $0.id == id }) {
            if let record = try await services.observer.sandbox(id) {
                observation.put(record)
                if record.isReady, old.isReady { scheduleLook(id) }
            } else {
                observation.sandboxes.removeAll { $0.id == id }
            }
            return
        }
        guard let old = observation.containers.first(where: { $0.id == id }) else { return }
        guard var record = try await services.observer.container(id) else {
            observation.containers.removeAll { $0.id == id }
            return
        }
        record.sandboxID = old.sandboxID
        observation.put(record)
        if record.state != .running { looks[id] = nil } else if old.state == .running { scheduleLook(id) }
    }

    private var looks: [String: Int] = [:]

    private func scheduleLook(_ id: String) {
        let count = looks[id, default: 0]
        guard count < 6 else {
            looks[id] = nil
            return
        }
        looks[id] = count + 1
        Task { [weak self] in
            try? await Task.sleep(for: .milliseconds(10 << count))
            self?.runtimeChanged(id)
        }
    }

    // MARK: Timer

    /// Sets the one timer for whatever comes first.
    private func arm() async {
        var next: [Timestamp] = retries.values.map(\.at)
        if !isFinished, !pod.isTerminal, !pod.isBeingDeleted {
            if let wakesAt { next.append(wakesAt) }
            if let refresh = await volumes.refreshAt { next.append(refresh) }
            if let deadline = pod.activeDeadline { next.append(deadline) }
        }
        timer?.cancel()
        timer = nil
        // What was due when the pass began has been seen to.
        guard let first = next.filter({ $0 > passStartedAt }).min() else { return }
        wake(after: max(first - services.now(), .milliseconds(5)))
    }

    private var passStartedAt: Timestamp
    private var hasWorked = false

    /// When the plan wants to look again.
    var wakesAt: Timestamp?

    func wake(after delay: Duration) {
        timer?.cancel()
        timer = Task { [weak self] in
            guard (try? await Task.sleep(for: delay, tolerance: .milliseconds(2))) != nil else { return }
            self?.wake()
        }
    }
}

extension Pod {
    func isPastDeadline(_ now: Timestamp) -> Bool { activeDeadline.map { $0 <= now } ?? false }
}
