import ObjectModel

/// The conditions of a node as its status lists them: `MemoryPressure`, `DiskPressure`, `PIDPressure`, `Ready`.
struct NodeConditions: Sendable, Equatable {
    enum Pressure: String, Sendable, CaseIterable { case memory = "MemoryPressure", disk = "DiskPressure", pid = "PIDPressure" }

    /// What the node runs short of.
    var pressures: Set<Pressure>

    /// Why the node can't run pods, or nil.
    var notReady: String?

    init(pressures: Set<Pressure>, notReady: String? = nil) {
        self.pressures = pressures
        self.notReady = notReady
    }

    /// The conditions, each keeping the transition time of `previous` while its status stays.
    func values(previous: [Value], now: Timestamp) -> [Value] {
        var result = Pressure.allCases.map { pressure in
            let isPressed = pressures.contains(pressure)
            let (reason, message) = Self.words(pressure, isPressed)
            return (type: pressure.rawValue, status: isPressed ? "True" : "False", reason: reason, message: message)
        }
        if let notReady {
            result.append(("Ready", "False", "KubeletNotReady", notReady))
        } else {
            result.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
        }
        return result.map { condition in
            let old = previous.first { $0["type"].string == condition.type }
            let since = old?["status"].string == condition.status ? old?["lastTransitionTime"].string : nil
            return [
                "type": .string(condition.type), "status": .string(condition.status), "reason": .string(condition.reason),
                "message": .string(condition.message), "lastHeartbeatTime": .string(now.rfc3339),
                "lastTransitionTime": .string(since ?? now.rfc3339),
            ]
        }
    }

    private static func words(_ pressure: Pressure, _ isPressed: Bool) -> (reason: String, message: String) {
        switch (pressure, isPressed) {
        case (.memory, false): ("KubeletHasSufficientMemory", "kubelet has sufficient memory available")
        case (.memory, true): ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        case (.disk, false): ("KubeletHasNoDiskPressure", "kubelet has no disk pressure")
        case (.disk, true): ("KubeletHasDiskPressure", "kubelet has disk pressure")
        case (.pid, false): ("KubeletHasSufficientPID", "kubelet has sufficient PID available")
        case (.pid, true): ("KubeletHasInsufficientPID", "kubelet has insufficient PID available")
        }
    }
}
