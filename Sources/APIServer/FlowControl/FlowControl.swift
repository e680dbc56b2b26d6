import ClusterClient
import Metrics
import ObjectModel
import Synchronization

/// Priority and fairness: no client, nor any kind of clients, can take the server from the others.
///
/// A request is classified by the stored FlowSchemas into a flow of a priority level. A level has its share of the server's seats; a request holds one from
/// when it is let in until its answer is there, a watch until it has begun. Where all are taken, flows queue up and take turns, and what finds no room or
/// waits too long gets 429.
///
/// Requests of components of this process are not counted: their number is bounded by their workers, and to make one wait for another that waits for it
/// would stop both. Nor are long connections (exec, attach, port-forward, proxy, logs), as upstream has it.
public final class FlowControl: Sendable {
    public struct Limits: Sendable {
        /// Requests at a time, all levels together: upstream's `--max-requests-inflight` and `--max-mutating-requests-inflight`.
        public var seats = readingMax + mutatingMax
        public static let readingMax = 400
        public static let mutatingMax = 200

        /// While levels lend each other seats, they are looked at this often.
        public var lendingPeriod: Duration = .seconds(10)

        /// How long a request waits in its queue, at most.
        public var wait: Duration = .seconds(15)

        public init() {}
    }

    let limits: Limits
    let deadlines: Deadlines
    let isLending = Atomic(false)

    /// By what the levels' targets were multiplied last, for the metrics.
    let fairFraction = Mutex(0.0)
    private let objects = Mutex(Objects())
    private let configuration: Mutex<FlowConfiguration>
    private let waitTimes: Histogram

    /// The stored objects by name, and what is made of them.
    private struct Objects {
        var schemas: [String: FlowSchema] = [:]
        var levels: [String: Value] = [:]
        var working: [String: PriorityLevel] = [:]
    }

    init(_ limits: Limits, _ deadlines: Deadlines, _ metrics: MetricsRegistry) {
        self.limits = limits
        self.deadlines = deadlines
        configuration = Mutex(FlowConfiguration())
        waitTimes = metrics.histogram(
            "apiserver_flowcontrol_request_wait_duration_seconds", "Time that requests waited in their queue.",
            labels: ["priority_level", "flow_schema", "execute"], buckets: [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30])
        objects.withLock { rebuild(&$0) }
        FlowControlMetrics.register(metrics, { [weak self] in self?.configuration.withLock { $0 } }) { [weak self] in
            self?.fairFraction.withLock { $0 } ?? 0
        }
    }

    // MARK: Configuration

    /// A FlowSchema or PriorityLevelConfiguration as it is stored now; nil where it is no more.
    func apply(_ plural: String, key: String, _ object: Value?) {
        objects.withLock { objects in
            if plural == "flowschemas" {
                objects.schemas[key] = object.map(FlowSchema.init)
            } else {
                objects.levels[key] = object
            }
            rebuild(&objects)
        }
    }

    private func rebuild(_ objects: inout Objects) {
        var levels = objects.levels
        for level in FlowConfiguration.mandatoryLevels where levels[level.name] == nil { levels[level.name] = level }
        var schemas = objects.schemas
        for schema in FlowConfiguration.mandatorySchemas where schemas[schema.name] == nil { schemas[schema.name] = FlowSchema(schema) }
        let settings = FlowConfiguration.settings(levels, seats: limits.seats)
        // A level that is gone lives on until those who are in it have left.
        objects.working = objects.working.filter { settings[$0.key] != nil }
        for (name, settings) in settings {
            if let level = objects.working[name] { level.update(settings) } else { objects.working[name] = PriorityLevel(name, settings) }
        }
        if isLending.load(ordering: .acquiring) { for level in objects.working.values { level.watchDemand(at: .now) } }
        let made = FlowConfiguration(
            schemas: Array(schemas.values),
            levels: Dictionary(uniqueKeysWithValues: objects.working.map { ($0, ($1, levels[$0]?.uid ?? "")) }))
        configuration.withLock { $0 = made }
    }

    // MARK: Requests

    /// What becomes of a request first of all.
    enum Turn {
        /// Not subject to flow control.
        case free
        case now(Pass)
        case queued(Ticket)
        case refused(HTTPResponse)
    }

    func turn(_ info: RequestInfo, _ user: UserInfo) -> Turn {
        if Self.isLongConnection(info) { return .free }
        guard let pass = configuration.withLock({ $0 }).classify(info, user) else { return .free }
        switch pass.level.enter(flow: pass.schema.flow(info, user)) {
        case .admitted:
            pass.begin()
            return .now(pass)
        case .queued(let request):
            beginLending()
            return .queued(Ticket(pass: pass, request: request, control: self))
        case .refused(let reason):
            beginLending()
            return .refused(pass.refuse(reason))
        }
    }

    /// What is in force now.
    var levels: [PriorityLevel] { configuration.withLock { $0 }.levels }

    private static func isLongConnection(_ info: RequestInfo) -> Bool {
        switch info.subresource {
        case "exec", "attach", "portforward", "proxy", "log": true
        default: false
        }
    }

    fileprivate func wait(_ ticket: Ticket) async -> PriorityLevel.Refusal? {
        let (level, request, start) = (ticket.pass.level, ticket.request, ContinuousClock.now)
        let deadline = deadlines.add(limits.wait) { level.giveUp(request, .waitedTooLong) }
        let refusal = await level.wait(request)
        deadlines.remove(deadline)
        waitTimes.observe(ContinuousClock.now - start, [level.name, ticket.pass.schema.name, refusal == nil ? "true" : "false"])
        return refusal
    }

    /// A place in a queue.
    struct Ticket: Sendable {
        fileprivate let pass: Pass
        fileprivate let request: UInt64
        fileprivate let control: FlowControl

        /// Answers when it is the request's turn, or refuses when that doesn't come.
        func answer(_ answer: @Sendable () -> Outcome) async -> Outcome {
            if let refusal = await control.wait(self) { return .respond(pass.refuse(refusal)) }
            pass.begin()
            var outcome = pass.carry(answer())
            while case .deferred(let later) = outcome { outcome = await later() }
            return outcome
        }
    }
}
