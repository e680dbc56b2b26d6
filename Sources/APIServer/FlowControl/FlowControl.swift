import ClusterClient
import Metrics
import ObjectModel
import Synchronization

/// Priority and fairness: no client, nor any kind of clients, can take the server from the others.
///
/// A request is classified by the stored FlowSchemas into a flow of a priority level. A level has its share of the server's seats; a request holds one, or
/// more where it is long work, from when it is let in until its answer is there, a watch until it has begun. Where all are taken, flows queue up and take
/// turns, and what finds no room or waits too long gets 429.
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
    let estimator: WorkEstimator
    private let all = ReadsAndWrites()

    /// The stored objects by name, and what is made of them.
    private struct Objects {
        var schemas: [String: FlowSchema] = [:]
        var levels: [String: Value] = [:]
        var working: [String: PriorityLevel] = [:]
    }

    init(_ limits: Limits, _ deadlines: Deadlines, _ metrics: MetricsRegistry, _ estimator: WorkEstimator) {
        self.limits = limits
        self.deadlines = deadlines
        self.estimator = estimator
        configuration = Mutex(FlowConfiguration())
        objects.withLock { rebuild(&$0) }
        FlowControlMetrics({ [weak self] in self?.configuration.withLock { $0 } }) { [weak self] in self?.fairFraction.withLock { $0 } ?? 0 }
            .register(metrics)
        all.register(metrics)
    }

    // MARK: Configuration

    /// A FlowSchema or PriorityLevelConfiguration as it is stored now; nil where it is no more.
    func apply(_ plural: String, key: String, _ object: Value?) {
        objects.withLock { objects in
            if plural == "flowschemas" {
                objects.schemas[key] = object.map { FlowSchema($0, after: objects.schemas[key]) }
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
        let now = MonotonicTime.now
        // A level that is gone lives on until those who are in it have left.
        objects.working = objects.working.filter { settings[$0.key] != nil }
        for (name, settings) in settings {
            if let level = objects.working[name] {
                level.update(settings, at: now)
            } else {
                objects.working[name] = PriorityLevel(name, settings, deadlines, at: now)
            }
        }
        if isLending.load(ordering: .acquiring) { for level in objects.working.values { level.watchDemand(at: now) } }
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

    func turn(_ info: RequestInfo, _ user: UserInfo, _ request: APIRequest, at now: Int) -> Turn {
        if Self.isLongConnection(info) { return .free }
        guard var pass = configuration.withLock({ $0 }).classify(info, user) else { return .free }
        let counts = pass.schema.counts
        pass.work = estimator.estimate(info, request, counts, seatsMax: pass.seatsMax)
        pass.watch = estimator.watches.watch(info)
        (pass.kind, pass.all) = (info.kind, all)
        if pass.work.seats > 1 { counts.wideEstimates.observe(pass.work.seats) }
        switch pass.level.enter(pass.work, counting: counts, flow: pass.schema.flow(info, user), at: now) {
        case .admitted(let queue):
            pass.queue = queue
            pass.begin(at: now, seated: now)
            return .now(pass)
        case .queued(let place):
            beginLending()
            all.change(pass.kind, waiting: 1, at: now)
            pass.queue = place.queue
            return .queued(Ticket(pass: pass, place: place, control: self))
        case .refused(let reason):
            beginLending()
            return .refused(pass.refuse(reason))
        }
    }

    /// What is in force now.
    var inForce: FlowConfiguration { configuration.withLock { $0 } }
    var levels: [PriorityLevel] { inForce.levels }

    private static func isLongConnection(_ info: RequestInfo) -> Bool {
        switch info.subresource {
        case "exec", "attach", "portforward", "proxy", "log": true
        default: false
        }
    }

    fileprivate func wait(_ ticket: Ticket) async -> PriorityLevel.Verdict {
        let (level, place) = (ticket.pass.level, ticket.place)
        let deadline = deadlines.add(limits.wait) { level.giveUp(place, .waitedTooLong, at: MonotonicTime.now) }
        let verdict = await level.wait(place)
        deadlines.remove(deadline)
        return verdict
    }

    /// A place in a queue.
    struct Ticket: Sendable {
        fileprivate var pass: Pass
        fileprivate let place: PriorityLevel.Place
        fileprivate let control: FlowControl

        /// Answers when it is the request's turn, or refuses when that doesn't come.
        func answer(_ answer: @Sendable () -> Outcome) async -> Outcome {
            var pass = pass
            switch await control.wait(self) {
            case .refused(let refusal):
                control.all.change(pass.kind, waiting: -1, at: MonotonicTime.now)
                return .respond(pass.refuse(refusal))
            case .admitted(let time):
                pass.begin(at: MonotonicTime.now, seated: time, hasWaited: true)
            }
            var outcome = pass.carry(answer())
            while case .deferred(let later) = outcome { outcome = await later() }
            return outcome
        }
    }
}
