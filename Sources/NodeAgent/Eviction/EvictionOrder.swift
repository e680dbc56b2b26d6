import ObjectModel

/// Which pod goes first when the node runs short.
enum EvictionOrder {
    /// A pod, what it uses of what is short, and what it asked for.
    struct Candidate: Sendable, Equatable {
        var pod: Pod
        var usage: Int64
        var request: Int64

        var isOverRequest: Bool { usage > request }
    }

    /// Pods that the cluster can't do without stay, whatever they use.
    static func isCritical(_ pod: Pod) -> Bool { pod.spec["priority"].integer ?? 0 >= 2_000_000_000 }

    /// Those that use more than they asked for, then by priority, then by how much more they use: upstream's order.
    static func ranked(_ candidates: [Candidate]) -> [Candidate] {
        candidates.filter { !isCritical($0.pod) }.sorted { left, right in
            if left.isOverRequest != right.isOverRequest { return left.isOverRequest }
            let (first, second) = (left.pod.spec["priority"].integer ?? 0, right.pod.spec["priority"].integer ?? 0)
            if first != second { return first < second }
            let (one, other) = (left.usage - left.request, right.usage - right.request)
            return one == other ? left.pod.key < right.pod.key : one > other
        }
    }

    /// What the pod's status and the event say.
    static func message(_ reading: EvictionReading, _ containers: [(name: String, usage: Int64, request: Int64)]) -> String {
        let name = reading.signal.resource
        let isBytes = reading.signal.isBytes
        let threshold = isBytes ? binary(reading.threshold) : decimal(reading.threshold)
        let available = isBytes ? kibibytes(reading.available) : decimal(reading.available)
        var text = "The node was low on resource: \(name). Threshold quantity: \(threshold), available: \(available). "
        guard isBytes else { return text }
        for container in containers where container.usage > container.request {
            text +=
                "Container \(container.name) was using \(kibibytes(container.usage)), request is \(binary(container.request)), has larger consumption of \(name). "
        }
        return text
    }

    /// `100Mi`, in the largest unit that leaves no rest.
    private static func binary(_ bytes: Int64) -> String {
        var (amount, unit) = (bytes, 0)
        let units = ["", "Ki", "Mi", "Gi", "Ti"]
        while amount != 0, amount % 1_024 == 0, unit < units.count - 1 { (amount, unit) = (amount / 1_024, unit + 1) }
        return "\(amount)\(units[unit])"
    }

    /// `12k`, in the largest unit that leaves no rest.
    private static func decimal(_ count: Int64) -> String {
        var (amount, unit) = (count, 0)
        let units = ["", "k", "M", "G", "T"]
        while amount != 0, amount % 1_000 == 0, unit < units.count - 1 { (amount, unit) = (amount / 1_000, unit + 1) }
        return "\(amount)\(units[unit])"
    }

    private static func kibibytes(_ bytes: Int64) -> String { "\(bytes / 1_024)Ki" }
}
