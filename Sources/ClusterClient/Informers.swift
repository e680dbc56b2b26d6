import Logging
import Synchronization

/// The informers of one process: components that follow the same collection share one copy and one watch.
public final class Informers: Sendable {
    private let client: Client
    private let logger: Logger
    private let informers = Mutex<[Key: Informer]>([:])

    private struct Key: Hashable {
        var resource: Resource
        var labelSelector: String
        var fieldSelector: String
    }

    public init(_ client: Client, logger: Logger) {
        self.client = client
        self.logger = logger
    }

    /// The informer for a collection; the same one for the same question. Before `run` only.
    public func informer(_ resource: Resource, labelSelector: String = "", fieldSelector: String = "") -> Informer {
        informers.withLock {
            let key = Key(resource: resource, labelSelector: labelSelector, fieldSelector: fieldSelector)
            if let informer = $0[key] { return informer }
            let informer = Informer(client, resource, labelSelector: labelSelector, fieldSelector: fieldSelector, logger: logger)
            $0[key] = informer
            return informer
        }
    }

    /// Follows all collections until cancelled.
    public func run() async {
        let all = informers.withLock { Array($0.values) }
        await withTaskGroup(of: Void.self) { group in
            for informer in all { group.addTask { await informer.run() } }
        }
    }

    /// Whether every copy holds its first list.
    public var hasSynced: Bool { informers.withLock { Array($0.values) }.allSatisfy(\.hasSynced) }

    /// Returns once every copy holds its first list.
    public func waitUntilSynced() async {
        for informer in informers.withLock({ Array($0.values) }) { await informer.waitUntilSynced() }
    }
}
