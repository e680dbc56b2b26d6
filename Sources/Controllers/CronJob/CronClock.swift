import ObjectModel

/// When a CronJob should have run last, and will run next: a pure function of its status and the time.
struct CronClock {
    struct Due: Equatable {
        var time: Timestamp

        /// More than 100 runs were missed: something was wrong for a while.
        var isAfterMany: Bool
    }

    private let schedule: CronSchedule
    private let zone: TimeZoneRules
    private let now: Timestamp

    /// The last run, or the CronJob's creation.
    private let since: Timestamp

    /// What lies before needs not be started any more.
    private let horizon: Timestamp
    private static let missedMax = 100

    init(_ cronJob: Value, _ schedule: CronSchedule, _ zone: TimeZoneRules, now: Timestamp) {
        self.schedule = schedule
        self.zone = zone
        self.now = now
        since = cronJob.status["lastScheduleTime"].timestamp ?? cronJob.creationTime ?? now
        let deadline = cronJob.spec["startingDeadlineSeconds"].int
        horizon = max(since, deadline.map { now + .seconds(-$0) } ?? since)
    }

    /// The most recent time that has come and was not run; nil where there is none.
    var due: Due? {
        guard let first = schedule.next(after: horizon, in: zone), first <= now else { return nil }
        guard let second = schedule.next(after: first, in: zone), second <= now else { return Due(time: first, isAfterMany: false) }
        // As many as fit, roughly; the last of them is then found from shortly before.
        let pause = max(1, second.seconds - first.seconds)
        let missed = (now.seconds - first.seconds) / pause + 1
        var latest = first
        var next = schedule.next(after: Timestamp(seconds: first.seconds + max(0, missed - 2) * pause), in: zone)
        while let time = next, time <= now {
            latest = time
            next = schedule.next(after: time, in: zone)
        }
        return Due(time: latest, isAfterMany: missed > Self.missedMax)
    }

    /// How long until the next time that has not come yet.
    var timeToNext: Duration? {
        // A fixed pause counts from the last run; the fields of a schedule from anywhere.
        let start = if case .every = schedule { due?.time ?? since } else { now }
        return schedule.next(after: start, in: zone).map { max(.zero, $0 - now) }
    }
}
