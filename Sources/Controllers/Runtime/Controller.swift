import ClusterClient
import Logging
import ObjectModel

/// One loop that moves the cluster's state closer to what was asked for.
public protocol Controller: Sendable {
    /// Works until the task is cancelled. The informers it reads are run by whoever made them.
    func run() async
}

/// What every controller is made of.
public struct ControllerContext: Sendable {
    /// Acts under the controller's own identity.
    public let client: Client
    public let informers: Informers
    public let now: @Sendable () -> Timestamp
    public let logger: Logger

    /// Tells of the controller's queues; nil where nobody asks.
    let queues: WorkQueueMetrics?

    public init(
        client: Client, informers: Informers, now: @escaping @Sendable () -> Timestamp, logger: Logger, queues: WorkQueueMetrics? = nil
    ) {
        self.queues = queues
        self.client = client
        self.informers = informers
        self.now = now
        self.logger = logger
    }

    func recorder(_ component: String) -> EventRecorder { EventRecorder(client, component: component, now: now) }

    func loop(_ name: String, queue: WorkQueue, workers: Int = 4, reconcile: @escaping ReconcileLoop.Reconcile) -> ReconcileLoop {
        queues?.add(name, queue)
        return ReconcileLoop(name, queue: queue, workers: workers, logger: logger, reconcile: reconcile)
    }
}

extension ReconcileLoop {
    /// Works once the copies that the reconciler reads are filled.
    func run(after informers: [Informer]) async {
        for informer in informers { await informer.waitUntilSynced() }
        if !Task.isCancelled { await run() }
    }
}

/// `namespace/name`, or `name`.
func splitKey(_ key: String) -> (namespace: String, name: String) {
    guard let slash = key.firstIndex(of: "/") else { return ("", key) }
    return (String(key[..<slash]), String(key[key.index(after: slash)...]))
}
