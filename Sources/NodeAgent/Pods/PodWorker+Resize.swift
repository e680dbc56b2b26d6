import ContainerRuntime
import ObjectModel

/// Resizing a pod in place.
extension PodWorker {
    /// The pod as the node granted it.
    var grantedPod: Pod { allocation?.applied(to: pod) ?? pod }

    /// Compares what the spec asks for with what was granted, and asks the node for the difference.
    func considerResize() {
        guard var allocation else {
            let running = observation.containers.filter { $0.state == .running }
            let found = PodAllocation(pod, running: Dictionary(running.map { ($0.name, $0.id) }) { first, _ in first })
            self.allocation = found
            services.allocations.note(found.applied(to: pod))
            if !found.isDesired(by: pod) { considerResize() }
            return
        }
        services.metrics.resizes.asked(allocation.takeRequests(pod))
        defer {
            self.allocation = allocation
            noteResize()
        }
        if allocation.isDesired(by: pod) {
            allocation.pending = nil
            return
        }
        let generation = pod.object.generation
        // What will never fit is not asked for again until the spec changes.
        if allocation.pending?.reason == .infeasible, allocation.pending?.generation == generation { return }
        let pending: PodAllocation.Pending
        switch services.allocations.resize(pod, wake: { [weak self] in self?.wake() }) {
        case .granted:
            let trigger = services.allocations.takeTrigger(of: uid)
            if allocation.pending?.reason == .deferred { services.metrics.resizes.granted(after: trigger) }
            allocation.grant(pod)
            retries[Self.resizeRetry] = nil
            events.normal("ResizeStarted", "Pod resize started: \(allocation.summary(pod, generation: generation))")
            return
        case .deferred(let message): pending = .init(reason: .deferred, message: message, generation: generation)
        case .infeasible(let message): pending = .init(reason: .infeasible, message: message, generation: generation)
        }
        guard allocation.pending != pending else { return }
        allocation.pending = pending
        if pending.reason == .infeasible { services.metrics.resizes.isInfeasible() }
        var asked = allocation
        asked.grant(pod)
        events.warning(
            "Resize\(pending.reason.rawValue)",
            "Pod resize \(pending.reason.rawValue): \(asked.summary(pod, generation: generation, error: pending.message))")
    }

    /// Tells the metrics where the resize stands.
    private func noteResize() {
        services.metrics.resizes.note(.init(pending: allocation?.pending?.reason, isInProgress: allocation?.resizing != nil), of: uid)
    }

    private static let resizeRetry = "/resize"

    /// Running containers that must be restarted to get what they were granted.
    private func noteRestarts(_ allocation: PodAllocation) {
        guard pod.restartPolicy != .never else { return }
        for (container, record) in resized(allocation) where record.state == .running && allocation.change(container.name).restarts(container) {
            restartsForResize.insert(record.id)
        }
    }

    /// Has running containers get what they were granted, and the pod as a whole what they have together. Room is made before it is used.
    func resize() async throws {
        guard let allocation, allocation.resizing != nil, isDue(Self.resizeRetry) else { return }
        let start = ContinuousClock.now
        defer { noteResize() }
        do {
            let granted = grantedPod
            let changes = resized(allocation).map { (container: $0.container, record: $0.record, change: allocation.change($0.container.name)) }
            for (container, record, _) in changes { try verifyMemory(container, record, allocation.change(container.name)) }
            try services.cgroups?.widen(granted)
            noteRestarts(allocation)
            let inPlace = changes.filter { $0.record.state == .running && !restartsForResize.contains($0.record.id) }
            for (container, record, change) in inPlace.sorted(by: { $0.change.lowersMemoryLimit && !$1.change.lowersMemoryLimit }) {
                try await services.runtime.updateContainerResources(record.id, resources(container, change))
                self.allocation?.actuate(container.name)
            }
            guard inPlace.count == changes.count else { return }
            try services.cgroups?.limit(granted)
            retries[Self.resizeRetry] = nil
            self.allocation?.complete()
            services.metrics.resizes.carriedOut(in: ContinuousClock.now - start, isSuccess: true)
            let generation = allocation.resizing ?? 0
            events.normal("ResizeCompleted", "Pod resize completed: \(allocation.summary(pod, generation: generation))")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            if Task.isCancelled { throw CancellationError() }
            services.metrics.resizes.carriedOut(in: ContinuousClock.now - start, isSuccess: false)
            let message = (error as? ContainerRuntimeError)?.rpcDescription ?? "\(error)"
            if self.allocation?.failure != message {
                let generation = allocation.resizing ?? 0
                events.warning("ResizeError", "Pod resize error: \(allocation.summary(pod, generation: generation, error: message))")
            }
            self.allocation?.failure = message
            retry(Self.resizeRetry, initial: .seconds(1), max: .seconds(60))
        }
    }

    /// Containers that do not run with what they were granted.
    private func resized(_ allocation: PodAllocation) -> [(container: ContainerSpec, record: ContainerRecord)] {
        (pod.initContainers.filter(\.isSidecar) + pod.containers).compactMap { container in
            guard let record = observation.latest(container.name), !allocation.change(container.name).isEmpty else { return nil }
            let isAlive = record.state == .running || restartsForResize.contains(record.id)
            return isAlive ? (container, record) : nil
        }
    }

    private func resources(_ container: ContainerSpec, _ change: ResourceChange) -> CRILinuxContainerResources {
        let granted = grantedPod
        var resources = ContainerResources(
            pod: granted, container: granted.container(named: container.name) ?? container, memoryCapacityBytes: services.capacity.memoryBytes,
            usesUnifiedHierarchy: services.cgroups?.isUnified == true
        ).value
        // Zero would leave the old limit.
        if change.liftsCPULimit { resources.cpuQuota = -1 }
        if change.liftsMemoryLimit { resources.memoryLimitInBytes = -1 }
        return resources
    }

    /// A limit below what the container uses would have the kernel kill it.
    private func verifyMemory(_ container: ContainerSpec, _ record: ContainerRecord, _ change: ResourceChange) throws {
        guard change.lowersMemoryLimit, !change.restarts(container), let usage = services.cgroups?.usage(pod, container: record.id)?.workingSetBytes,
            let limit = grantedPod.container(named: container.name)?.object["resources"]["limits"]["memory"].quantity?.value, limit < usage
        else { return }
        throw ResizeError(
            description: "attempting to set container \"\(container.name)\" memory limit (\(limit)) below current usage (\(usage))")
    }
}

/// Why a granted resize can't be carried out for now.
struct ResizeError: Error, CustomStringConvertible {
    let description: String
}
