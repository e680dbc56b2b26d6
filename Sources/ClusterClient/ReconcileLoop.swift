import Logging
import ObjectModel

/// Runs a reconciler over a queue: level-triggered, a few workers, failures retried with back-off.
///
/// A reconcile sees a key and never why; it reads the world from informers and moves it one step closer.
public struct ReconcileLoop: Sendable {
    /// Moves what `key` names one step closer. Returns a pause after which to look again, or nil.
    public typealias Reconcile = @Sendable (_ key: String) async throws -> Duration?

    public let name: String
    public let queue: WorkQueue
    private let workers: Int
    private let logger: Logger
    private let reconcile: Reconcile

    public init(_ name: String, queue: WorkQueue = WorkQueue(), workers: Int = 4, logger: Logger, reconcile: @escaping Reconcile) {
        self.name = name
        self.queue = queue
        self.workers = workers
        self.logger = logger
        self.reconcile = reconcile
    }

    /// Works until the task is cancelled.
    public func run() async {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<workers { group.addTask { await work() } }
            }
        } onCancel: {
            Task { await queue.shutDown() }
        }
    }

    private func work() async {
        while let key = await queue.next() {
            do {
                let again = try await reconcile(key)
                await queue.forget(key)
                if let again { await queue.add(key, after: again) }
            } catch is CancellationError {
                await queue.done(key)
                return
            } catch {
                log(error, key)
                await queue.addRateLimited(key)
            }
            await queue.done(key)
        }
    }

    /// A conflict means that the copy was behind: common, and mended by the next look.
    private func log(_ error: any Error, _ key: String) {
        let isConflict = (error as? APIError)?.reason == .conflict
        logger.log(
            level: isConflict ? .debug : .warning, "reconcile failed", metadata: ["controller": "\(name)", "key": "\(key)", "error": "\(error)"])
    }
}
