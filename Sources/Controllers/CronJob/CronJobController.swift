import ClusterClient
import ObjectModel

/// Starts Jobs on a schedule.
public struct CronJobController: Controller {
    private let context: ControllerContext
    private let cronJobs: Informer
    private let jobs: Informer
    private let recorder: EventRecorder
    private let latest = LatestWritten()
    private let queue = WorkQueue()

    /// A moment after the scheduled time, so that it is over for certain.
    private static let delay = Duration.milliseconds(100)

    public init(_ context: ControllerContext) {
        self.context = context
        cronJobs = context.informers.informer(.cronJobs)
        jobs = context.informers.informer(.jobs)
        recorder = context.recorder("cronjob-controller")
        jobs.addControllerIndex()
        cronJobs.onChange { [queue] in queue.enqueue($0.object.key) }
        jobs.onChange { [queue] change in
            for job in [change.old, change.new].compactMap(\.self) { if let owner = job.controllerKey(kind: "CronJob") { queue.enqueue(owner) } }
        }
    }

    public func run() async {
        await context.loop("cronjob-controller", queue: queue, reconcile: reconcile).run(after: [cronJobs, jobs])
    }

    // MARK: Reconciling

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let copy = cronJobs.get(key) else {
            latest.forget(key)
            return nil
        }
        var cronJob = latest.latest(copy)
        let own = jobs.controlled(by: cronJob)
        try await deleteHistory(cronJob, own)
        try await follow(own, &cronJob)
        try await write(&cronJob)
        if cronJob.isBeingDeleted || cronJob.spec["suspend"].bool == true { return nil }
        guard let zone = zone(of: cronJob), let schedule = schedule(of: cronJob) else { return nil }
        let clock = CronClock(cronJob, schedule, zone, now: context.now())
        if let due = clock.due {
            if due.isAfterMany {
                recorder.event(
                    cronJob, .warning, "TooManyMissedTimes",
                    "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew")
            }
            try await start(due.time, zone, &cronJob)
        }
        return CronClock(cronJob, schedule, zone, now: context.now()).timeToNext.map { $0 + Self.delay }
    }

    private func zone(of cronJob: Value) -> TimeZoneRules? {
        guard let name = cronJob.spec["timeZone"].string else { return .utc }
        if let zone = TimeZoneRules(named: name) { return zone }
        recorder.event(cronJob, .warning, "UnknownTimeZone", "invalid timeZone: \"\(name)\": unknown time zone \(name)")
        return nil
    }

    private func schedule(of cronJob: Value) -> CronSchedule? {
        let text = cronJob.spec["schedule"].string ?? ""
        do {
            return try CronSchedule(text)
        } catch {
            recorder.event(cronJob, .warning, "UnparseableSchedule", "unparseable schedule: \"\(text)\" : \(error)")
            return nil
        }
    }

    // MARK: Jobs that ran

    /// Deletes the oldest of the Jobs that ended beyond what is to be kept.
    private func deleteHistory(_ cronJob: Value, _ own: [Value]) async throws {
        for (end, field) in [("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")] {
            guard let limit = cronJob.spec[field].int else { continue }
            let ended = own.filter { $0.jobEnd?["type"].string == end && !$0.isBeingDeleted }
            func start(_ job: Value) -> Int64 { (job.status["startTime"].timestamp ?? job.creationTime)?.nanoseconds ?? 0 }
            let sorted = ended.sorted { (start($0), $0.name) < (start($1), $1.name) }
            for job in sorted.prefix(max(0, ended.count - limit)) { try await delete(job, of: cronJob) }
        }
    }

    private func delete(_ job: Value, of cronJob: Value) async throws {
        do {
            try await context.client.delete(.jobs, namespace: job.namespace, name: job.name, uid: job.uid, propagation: .background)
            recorder.event(cronJob, .normal, "SuccessfulDelete", "Deleted job \(job.name)")
        } catch {
            recorder.event(cronJob, .warning, "FailedDelete", "Deleted job: \(error)")
            throw error
        }
    }

    /// Keeps `status.active` and `lastSuccessfulTime` true.
    private func follow(_ own: [Value], _ cronJob: inout Value) async throws {
        for job in own {
            let isActive = cronJob.status["active"].array.contains { $0["uid"].string == job.uid }
            if !isActive, job.jobEnd == nil {
                recorder.event(cronJob, .warning, "UnexpectedJob", "Saw a job that the controller did not create or forgot: \(job.name)")
            } else if isActive, let end = job.jobEnd {
                recorder.event(
                    cronJob, .normal, "SawCompletedJob", "Saw completed job: \(job.name), condition: \(end["type"].string ?? "")")
                Self.remove(job.uid, from: &cronJob)
            }
            guard job.hasCondition("Complete"), let time = job.status["completionTime"].timestamp else { continue }
            if cronJob.status["lastSuccessfulTime"].timestamp.map({ $0 < time }) ?? true {
                cronJob.status["lastSuccessfulTime"] = .string(time.rfc3339)
            }
        }
        let known = Set(own.map(\.uid))
        for reference in cronJob.status["active"].array where !known.contains(reference["uid"].string ?? "") {
            // The copy may be behind.
            let name = reference["name"].string ?? ""
            if let live = try await context.client.find(.jobs, namespace: cronJob.namespace, name: name), live.uid == reference["uid"].string {
                continue
            }
            recorder.event(cronJob, .normal, "MissingJob", "Active job went missing: \(name)")
            Self.remove(reference["uid"].string ?? "", from: &cronJob)
        }
    }

    private static func remove(_ uid: String, from cronJob: inout Value) {
        let left = cronJob.status["active"].array.filter { $0["uid"].string != uid }
        cronJob.status["active"] = left.isEmpty ? .null : .array(left)
    }

    // MARK: Starting

    private func start(_ time: Timestamp, _ zone: TimeZoneRules, _ cronJob: inout Value) async throws {
        let name = "\(cronJob.name)-\(time.seconds / 60)"
        if let deadline = cronJob.spec["startingDeadlineSeconds"].int, time + .seconds(deadline) < context.now() {
            recorder.event(cronJob, .warning, "MissSchedule", "Missed scheduled time to start a job: \(time.rfc1123)")
            return
        }
        let active = cronJob.status["active"].array
        if active.contains(where: { $0["name"].string == name }) || cronJob.status["lastScheduleTime"].timestamp == time { return }
        switch cronJob.spec["concurrencyPolicy"].string {
        case "Forbid" where !active.isEmpty:
            recorder.event(
                cronJob, .normal, "JobAlreadyActive",
                "Not starting job because prior execution is running and concurrency policy is Forbid")
            return
        case "Replace":
            for reference in active {
                if let job = try await context.client.find(.jobs, namespace: cronJob.namespace, name: reference["name"].string ?? "") {
                    try await delete(job, of: cronJob)
                }
                Self.remove(reference["uid"].string ?? "", from: &cronJob)
            }
        default: break
        }
        guard let job = try await create(Self.job(name, of: cronJob, at: time, zone), for: cronJob) else { return }
        if job.jobEnd == nil {
            cronJob.status["active"].append([
                "apiVersion": "batch/v1", "kind": "Job", "name": .string(job.name), "namespace": .string(job.namespace), "uid": .string(job.uid),
                "resourceVersion": .string(job.resourceVersion),
            ])
        }
        cronJob.status["lastScheduleTime"] = .string(time.rfc3339)
        try await write(&cronJob)
    }

    /// Nil where nothing is to be done: the namespace is going away.
    private func create(_ job: Value, for cronJob: Value) async throws -> Value? {
        do {
            let created = try await context.client.create(.jobs, job)
            recorder.event(cronJob, .normal, "SuccessfulCreate", "Created job \(created.name)")
            return created
        } catch let error as APIError where error.reason == .alreadyExists {
            // Made before a crash: its name says that it is the one.
            let live = try await context.client.get(.jobs, namespace: job.namespace, name: job.name)
            if live.isControlled(by: cronJob) { return live }
            recorder.event(cronJob, .warning, "FailedCreate", "Error creating job: \(error)")
            throw error
        } catch {
            if isNamespaceTerminating(error) { return nil }
            recorder.event(cronJob, .warning, "FailedCreate", "Error creating job: \(error)")
            throw error
        }
    }

    private static func job(_ name: String, of cronJob: Value, at time: Timestamp, _ zone: TimeZoneRules) -> Value {
        let template = cronJob.spec["jobTemplate"]
        var metadata: Value = [
            "name": .string(name), "namespace": .string(cronJob.namespace), "labels": template.metadata["labels"],
            "annotations": template.metadata["annotations"], "ownerReferences": [cronJob.controllerReference(as: .cronJobs)],
        ]
        metadata["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"] = .string(time.rfc3339(offset: zone.offset(at: time)))
        return ["apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template.spec]
    }

    private func write(_ cronJob: inout Value) async throws {
        guard let copy = cronJobs.get(cronJob.key) else { return }
        if cronJob.status.means(latest.latest(copy).status) { return }
        do {
            cronJob = try await context.client.update(.cronJobs, cronJob, subresource: "status")
            latest.note(cronJob)
        } catch let error as APIError where error.reason == .notFound {}
    }
}

extension Timestamp {
    /// RFC 3339 with an offset from UTC, `Z` where there is none.
    func rfc3339(offset: Int64) -> String {
        if offset == 0 { return rfc3339 }
        let (hours, minutes) = (abs(offset) / 3_600, abs(offset) / 60 % 60)
        let zone = "\(offset < 0 ? "-" : "+")\(hours < 10 ? "0" : "")\(hours):\(minutes < 10 ? "0" : "")\(minutes)"
        return (self + .seconds(offset)).rfc3339.dropLast() + zone
    }

    /// `Mon, 02 Jan 2006 15:04:05 +0000`.
    var rfc1123: String {
        let time = CivilTime(localSeconds: seconds)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][time.weekday]
        let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][time.month - 1]
        return "\(weekday), \(two(time.day)) \(month) \(time.year) \(two(time.hour)):\(two(time.minute)):\(two(time.second)) +0000"
    }
}
