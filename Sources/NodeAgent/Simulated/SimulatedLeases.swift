import ClusterClient
import ObjectModel

/// Renews the leases of all stand-ins, spread evenly over the interval by one task: a steady trickle instead of a burst.
struct SimulatedLeases: Sendable {
    let nodes: [SimulatedNode]
    let interval: Duration
    let client: Client
    let now: @Sendable () -> Timestamp

    /// Renewals go out in this many batches per interval, at most.
    private static let batchesMax = 100

    func run() async {
        guard !nodes.isEmpty else { return }
        let batches = min(nodes.count, Self.batchesMax)
        let clock = ContinuousClock()
        var next = clock.now
        var batch = 0
        // Every node has a lease before the first round is over, or a slow interval would make it look dead.
        for node in nodes where !Task.isCancelled { await renew(node) }
        while !Task.isCancelled {
            next += interval / batches
            if next < clock.now { next = clock.now }
            guard (try? await clock.sleep(until: next, tolerance: .milliseconds(20))) != nil else { return }
            for index in stride(from: batch, to: nodes.count, by: batches) { await renew(nodes[index]) }
            batch = (batch + 1) % batches
        }
    }

    private func renew(_ node: SimulatedNode) async {
        let lease = NodeLease(node: node.name, duration: interval * 4)
        try? await lease.renew(client, at: now())
    }
}
