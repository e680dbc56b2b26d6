import ClusterClient
import Logging
import Metrics
import ObjectModel

/// Gives every pod that has no node the best one: `kube-scheduler`.
///
/// One task decides about one pod after the other on its own picture of the cluster (`SchedulingCore`); what is decided is carried out beside it. A pod
/// that was placed counts on its node at once, and is taken off again if the API refuses the binding.
public final class PodScheduler: Sendable {
    public struct Configuration: Sendable {
        /// Pods whose `spec.schedulerName` is this.
        public var schedulerName: String

        /// Bindings and reports underway at a time. More of them share one sync of the store.
        public var requestsMax: Int

        public init(schedulerName: String = "default-scheduler", requestsMax: Int = 256) {
            self.schedulerName = schedulerName
            self.requestsMax = requestsMax
        }
    }

    private let configuration: Configuration
    private let informers: [Informer]
    private let inbox = SchedulerInbox()
    private let executor: PlanExecutor
    private let metrics: SchedulerMetrics?
    private let logger: Logger

    /// - Parameters:
    ///   - informers: shared with the process's other components. Call before they run.
    ///   - metrics: where `scheduler_*` are counted.
    ///   - now: the wall clock, for conditions and events.
    public init(
        client: Client, informers: Informers, logger: Logger, configuration: Configuration = Configuration(), metrics: MetricsRegistry? = nil,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) {
        self.configuration = configuration
        self.logger = logger
        let inbox = inbox
        let metrics = metrics.map(SchedulerMetrics.init)
        self.metrics = metrics
        executor = PlanExecutor(
            client: client, schedulerName: configuration.schedulerName, inbox: inbox, metrics: metrics, logger: logger, now: now)
        func follow(_ resource: Resource, _ input: @escaping @Sendable (Informer.Change) -> SchedulingCore.Input) -> Informer {
            let informer = informers.informer(resource)
            informer.onChange { inbox.add(input($0)) }
            return informer
        }
        self.informers = [
            follow(.nodes) { .node(old: $0.old, new: $0.new) },
            follow(.namespaces) { .namespace(old: $0.old, new: $0.new) },
            follow(.services) { .service(old: $0.old, new: $0.new) },
            follow(.replicaSets) { .workload(old: $0.old, new: $0.new) },
            follow(.statefulSets) { .workload(old: $0.old, new: $0.new) },
            follow(.replicationControllers) { .workload(old: $0.old, new: $0.new) },
            follow(.podDisruptionBudgets) { .disruptionBudget(old: $0.old, new: $0.new) },
            // Read here, on the informer's task, so that the deciding task need not.
            follow(.pods) { .pod(old: $0.old.map(PodInfo.init), new: $0.new.map(PodInfo.init)) },
        ]
    }

    /// Schedules until the task is cancelled.
    public func run() async {
        for informer in informers { await informer.waitUntilSynced() }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                await decide(&group)
                group.cancelAll()
            }
        } onCancel: {
            inbox.close()
        }
    }

    private func decide(_ group: inout DiscardingTaskGroup) async {
        let core = SchedulingCore(schedulerName: configuration.schedulerName)
        let clock = ContinuousClock()
        let start = clock.now
        var alarm: Duration?
        var planCount = 0
        while let inputs = inbox.take() {
            let now = clock.now - start
            for input in inputs { core.apply(input, now: now) }
            if inbox.requestCount < configuration.requestsMax, let plan = core.next(now: now) {
                inbox.requestBegan()
                let decided = clock.now - start
                let history = core.queue.history(plan.pod.uid)
                let attempt = SchedulerMetrics.Attempt(
                    number: history?.attempts ?? 1, waited: decided - (history?.added ?? now), deciding: decided - now)
                group.addTask { [executor, inbox] in
                    await executor.carryOut(plan, attempt)
                    inbox.requestEnded()
                }
                // Others want the thread too.
                planCount += 1
                if planCount.isMultiple(of: 32) { await Task.yield() }
                continue
            }
            if let set = alarm, set <= now { alarm = nil }
            if let deadline = core.nextDeadline(), alarm.map({ deadline < $0 }) ?? true {
                alarm = deadline
                group.addTask { [inbox] in
                    try? await clock.sleep(until: start + deadline)
                    inbox.poke()
                }
            }
            metrics?.holds(core.counts)
            await inbox.wait()
        }
    }
}
