import ObjectModel

/// `status.phase`, as a function of the containers' statuses.
enum PodPhase: String, Sendable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"

    /// - Parameter isOver: nothing of the pod will run again, whatever its restart policy says.
    init(_ pod: Pod, initial: [Value], main: [Value], isOver: Bool) {
        let wasInitialized = main.contains {
            $0["state"]["waiting"].isNull || !$0["lastState"]["terminated"].isNull || $0["restartCount"].int ?? 0 > 0
        }
        if Self.initHasFailed(pod, initial) {
            self = .failed
            return
        }
        if Self.isInitializing(pod, initial, wasInitialized: wasInitialized), !isOver {
            self = .pending
            return
        }
        self = Self.ofMainContainers(pod, main, isOver: isOver)
    }

    private static func initHasFailed(_ pod: Pod, _ statuses: [Value]) -> Bool {
        zip(pod.initContainers, statuses).contains { container, status in
            let policy = container.object["restartPolicy"].string.flatMap(Pod.RestartPolicy.init(rawValue:)) ?? pod.restartPolicy
            guard policy == .never, !container.isSidecar, let code = status["state"]["terminated"]["exitCode"].int else { return false }
            return code != 0
        }
    }

    private static func isInitializing(_ pod: Pod, _ statuses: [Value], wasInitialized: Bool) -> Bool {
        zip(pod.initContainers, statuses).contains { container, status in
            if container.isSidecar { return !wasInitialized && status["started"].bool != true }
            return status["state"]["terminated"]["exitCode"].int != 0 && !wasInitialized
        }
    }

    private static func ofMainContainers(_ pod: Pod, _ statuses: [Value], isOver: Bool) -> PodPhase {
        var running = 0
        var stopped: [(container: ContainerSpec, code: Int)] = []
        for (container, status) in zip(pod.containers, statuses) {
            if !status["state"]["running"].isNull {
                running += 1
            } else if let code = status["state"]["terminated"]["exitCode"].int ?? status["lastState"]["terminated"]["exitCode"].int {
                stopped.append((container, code))
            } else {
                return .pending
            }
        }
        if running > 0 { return .running }
        guard !stopped.isEmpty else { return .pending }
        let succeeded = stopped.allSatisfy { $0.code == 0 }
        if isOver { return succeeded ? .succeeded : .failed }
        let goesOn = stopped.contains { container, code in
            pod.restarts(
                container,
                after: ContainerRecord(id: "", name: container.name, attempt: 0, state: .exited, createdAt: Timestamp(seconds: 0), exitCode: code))
        }
        if goesOn { return .running }
        return succeeded ? .succeeded : .failed
    }
}
