import ObjectModel

/// A pod's status as the node sees it. Pure: the same input always makes the same status.
struct PodStatus {
    let value: Value
    let phase: PodPhase

    init(_ input: StatusInput) {
        let pod = input.pod
        let statuses = ContainerStatuses(input: input)
        let initial = statuses.values(pod.initContainers, field: "initContainerStatuses")
        let main = statuses.values(pod.containers, field: "containerStatuses")
        let ephemeral = statuses.values(pod.ephemeralContainers, field: "ephemeralContainerStatuses")
        let phase = Self.phase(input, initial: initial, main: main)
        self.phase = phase

        var status: Value = ["phase": .string(phase.rawValue), "qosClass": .string(QoSClass(pod.object).rawValue)]
        if let failure = input.failure {
            status["reason"] = .string(failure.reason)
            status["message"] = .string(failure.message)
        } else if input.previous["phase"].string == phase.rawValue {
            status["reason"] = input.previous["reason"]
            status["message"] = input.previous["message"]
        }
        status["startTime"] = .string(input.previous["startTime"].string ?? input.now.rfc3339)
        if pod.object.generation > 0 { status["observedGeneration"] = Value(pod.object.generation) }
        if !main.isEmpty { status["containerStatuses"] = .array(main) }
        if !initial.isEmpty { status["initContainerStatuses"] = .array(initial) }
        if !ephemeral.isEmpty { status["ephemeralContainerStatuses"] = .array(ephemeral) }
        Self.addAddresses(input, to: &status)
        let own = PodLevelResources(input.allocation?.applied(to: pod) ?? pod, cgroup: input.cgroup)
        if let allocated = own.allocated { status["allocatedResources"] = allocated }
        if let resources = own.resources { status["resources"] = resources }

        let old = input.previous["conditions"].array
        let conditions = PodConditions(
            pod: pod, phase: phase, initial: initial, main: main, hasSandbox: input.observation.sandbox?.isReady == true, previous: old)
        var all = conditions.all
        if let failure = input.failure, failure.isEviction {
            all.append(.init(type: "DisruptionTarget", isTrue: true, reason: "TerminationByKubelet", message: failure.message))
        }
        all += Self.resizeConditions(input.allocation)
        status["conditions"] = .array(all.map { $0.value(previous: old, generation: pod.object.generation, now: input.now) })
        value = status
    }

    /// A phase that ended stays ended.
    private static func phase(_ input: StatusInput, initial: [Value], main: [Value]) -> PodPhase {
        if let old = input.previous["phase"].string.flatMap(PodPhase.init(rawValue:)), old == .succeeded || old == .failed { return old }
        if input.failure != nil { return .failed }
        let isOver = input.isEnding && !input.observation.hasRunningContainer
        return PodPhase(input.pod, initial: initial, main: main, isOver: isOver)
    }

    /// A resize that waits, and one that is under way. They go when it is through.
    private static func resizeConditions(_ allocation: PodAllocation?) -> [PodConditions.Condition] {
        var result: [PodConditions.Condition] = []
        if let pending = allocation?.pending {
            result.append(
                .init(
                    type: "PodResizePending", isTrue: true, reason: pending.reason.rawValue, message: pending.message, generation: pending.generation)
            )
        }
        if let allocation, let generation = allocation.resizing {
            result.append(
                .init(
                    type: "PodResizeInProgress", isTrue: true, reason: allocation.failure == nil ? "" : "Error", message: allocation.failure ?? "",
                    generation: generation))
        }
        return result
    }

    private static func addAddresses(_ input: StatusInput, to status: inout Value) {
        if let first = input.hostIPs.first {
            status["hostIP"] = .string(first)
            status["hostIPs"] = .array(input.hostIPs.map { ["ip": .string($0)] })
        }
        var ips = input.pod.usesHostNetwork ? (input.observation.sandbox == nil ? [] : input.hostIPs) : input.observation.sandbox?.ips ?? []
        // A pod that is over keeps the address that it had.
        if ips.isEmpty { ips = input.previous["podIPs"].array.compactMap { $0["ip"].string } }
        if let first = ips.first {
            status["podIP"] = .string(first)
            status["podIPs"] = .array(ips.map { ["ip": .string($0)] })
        }
    }
}
