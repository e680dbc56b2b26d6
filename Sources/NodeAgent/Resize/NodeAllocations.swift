import ObjectModel
import Synchronization

/// What all pods of the node were granted of its CPU and memory: decides which resizes there is room for.
final class NodeAllocations: Sendable {
    enum Verdict: Sendable, Equatable {
        case granted
        /// Not while the other pods are here.
        case deferred(String)
        /// Never on this node.
        case infeasible(String)
    }

    /// What a pod requests as a whole, in millicores and bytes.
    private struct Amounts {
        var cpu: Int64
        var memory: Int64

        init(_ pod: Pod) {
            let requests = PodResources(pod).requests
            (cpu, memory) = (requests["cpu"]?.milliValue ?? 0, requests["memory"]?.value ?? 0)
        }
    }

    private struct State {
        var granted: [String: Amounts] = [:]
        /// Pods whose resize waits for room, and how they are told that there is some.
        var waiting: [String: @Sendable () -> Void] = [:]

        /// What they were told of last.
        var triggers: [String: ResizeMetrics.Trigger] = [:]

        /// Whom to tell that there may be room.
        mutating func wake(_ trigger: ResizeMetrics.Trigger) -> [@Sendable () -> Void] {
            for uid in waiting.keys { triggers[uid] = trigger }
            return Array(waiting.values)
        }
    }

    private let allocatable: NodeCapacity
    private let state = Mutex(State())

    init(allocatable: NodeCapacity) { self.allocatable = allocatable }

    /// Counts a pod that is here already, or was let in.
    func note(_ pod: Pod) { state.withLock { $0.granted[pod.uid] = Amounts(pod) } }

    /// The pod holds nothing any more.
    func forget(_ uid: String) {
        let waiting = state.withLock { state -> [@Sendable () -> Void] in
            state.waiting[uid] = nil
            state.triggers[uid] = nil
            guard state.granted.removeValue(forKey: uid) != nil else { return [] }
            return state.wake(.podsRemoved)
        }
        for wake in waiting { wake() }
    }

    /// Grants a pod what its spec asks for now, if there is room; where there is none for now, `wake` is called when there may be.
    func resize(_ pod: Pod, wake: @escaping @Sendable () -> Void) -> Verdict {
        let wanted = Amounts(pod)
        let (cpu, memory) = (allocatable.cpuMillicores, allocatable.memoryBytes)
        let lacksCapacity = "Node didn't have enough capacity: "
        if wanted.memory > memory { return .infeasible("\(lacksCapacity)memory, requested: \(wanted.memory), capacity: \(memory)") }
        if wanted.cpu > cpu { return .infeasible("\(lacksCapacity)cpu, requested: \(wanted.cpu), capacity: \(cpu)") }
        let (verdict, others) = state.withLock { state -> (Verdict, [@Sendable () -> Void]) in
            var used = (cpu: Int64(0), memory: Int64(0))
            for (uid, amounts) in state.granted where uid != pod.uid { used = (used.cpu + amounts.cpu, used.memory + amounts.memory) }
            if let message = Self.shortage("cpu", wanted.cpu, used.cpu, cpu) ?? Self.shortage("memory", wanted.memory, used.memory, memory) {
                state.waiting[pod.uid] = wake
                return (.deferred(message), [])
            }
            state.waiting[pod.uid] = nil
            let old = state.granted.updateValue(wanted, forKey: pod.uid)
            let isSmaller = old.map { wanted.cpu < $0.cpu || wanted.memory < $0.memory } ?? false
            return (.granted, isSmaller ? state.wake(.podResized) : [])
        }
        for wake in others { wake() }
        return verdict
    }

    /// What had a pod ask again for which there was no room: its spec, where nobody told it to.
    func takeTrigger(of uid: String) -> ResizeMetrics.Trigger { state.withLock { $0.triggers.removeValue(forKey: uid) } ?? .podUpdated }

    private static func shortage(_ name: String, _ wanted: Int64, _ used: Int64, _ capacity: Int64) -> String? {
        guard wanted > 0, wanted > capacity - used else { return nil }
        return "Node didn't have enough resource: \(name), requested: \(wanted), used: \(used), capacity: \(capacity)"
    }
}
