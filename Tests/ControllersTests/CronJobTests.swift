import ClusterClient
import ObjectModel
import Synchronization
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct CronJobTests {
    private static func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(seconds: 0) }

    private static func next(_ schedule: String, _ after: String, zone: String = "UTC") throws -> String? {
        try CronSchedule(schedule).next(after: time(after), in: #require(TimeZoneRules(named: zone)))?.rfc3339
    }

    @Test(
        arguments: [
            ("*/15 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"), ("0 0 * * *", "2026-01-31T12:00:00Z", "2026-02-01T00:00:00Z"),
            ("30 6-16/4 * * 1-5", "2026-08-07T14:30:00Z", "2026-08-10T06:30:00Z"), ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 9 * JAN,jul MON", "2026-02-01T00:00:00Z", "2026-07-06T09:00:00Z"), ("0 0 13 * 5", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
            ("@hourly", "2026-01-01T00:59:59Z", "2026-01-01T01:00:00Z"), ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"), ("@every 1h30m", "2026-01-01T00:10:00Z", "2026-01-01T01:40:00Z"),
            ("5/20 * * * ?", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"),
        ] as [(String, String, String)])
    func `a schedule tells its next time`(_ schedule: String, _ after: String, _ next: String) throws {
        #expect(try Self.next(schedule, after) == next)
    }

    @Test(arguments: ["", "* * * *", "60 * * * *", "* * * * 7", "*/0 * * * *", "@often", "a * * * *", "5-1 * * * *"] as [String])
    func `a schedule that means nothing is refused`(_ schedule: String) {
        #expect(throws: CronSchedule.ParseError.self) { try CronSchedule(schedule) }
    }

    @Test func `a schedule keeps to the clock of its zone`() throws {
        // Winter is UTC+1, summer UTC+2; on 29 March the hour from two to three does not exist.
        #expect(try Self.next("0 9 * * *", "2026-01-10T00:00:00Z", zone: "Europe/Berlin") == "2026-01-10T08:00:00Z")
        #expect(try Self.next("0 9 * * *", "2026-07-10T00:00:00Z", zone: "Europe/Berlin") == "2026-07-10T07:00:00Z")
        #expect(try Self.next("30 2 * * *", "2026-03-29T00:00:00Z", zone: "Europe/Berlin") == "2026-03-30T00:30:00Z")
        #expect(try Self.next("0 0 1 1 *", "2050-06-01T00:00:00Z", zone: "America/New_York") == "2051-01-01T05:00:00Z")
        #expect(try Self.next("0 12 * * *", "2050-06-01T00:00:00Z", zone: "America/New_York") == "2050-06-01T16:00:00Z")
        #expect(TimeZoneRules(named: "Mars/Olympus") == nil)
        #expect(TimeZoneRules(named: "../../etc/passwd") == nil)
        #expect(Self.time("2026-07-01T10:00:00Z").rfc3339(offset: 7_200) == "2026-07-01T12:00:00+02:00")
    }

    @Test func `of missed runs only the last counts`() throws {
        func due(_ last: String, deadline: Int? = nil) throws -> CronClock.Due? {
            var cronJob: Value = ["status": ["lastScheduleTime": .string(last)], "spec": [:]]
            if let deadline { cronJob.spec["startingDeadlineSeconds"] = Value(deadline) }
            return CronClock(cronJob, try CronSchedule("*/10 * * * *"), .utc, now: Self.time("2026-01-01T12:05:00Z")).due
        }
        #expect(try due("2026-01-01T12:00:00Z") == nil)
        #expect(try due("2026-01-01T11:50:00Z") == CronClock.Due(time: Self.time("2026-01-01T12:00:00Z"), isAfterMany: false))
        #expect(try due("2026-01-01T10:00:00Z") == CronClock.Due(time: Self.time("2026-01-01T12:00:00Z"), isAfterMany: false))
        #expect(try due("2025-12-01T10:00:00Z") == CronClock.Due(time: Self.time("2026-01-01T12:00:00Z"), isAfterMany: true))
        #expect(try due("2026-01-01T10:00:00Z", deadline: 60) == nil)
    }

    // MARK: On a server

    private static func cronJob(_ spec: Value = [:], image: String = "stuck") -> Value {
        var cronJob: Value = [
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": ["name": "tick", "namespace": "default"],
            "spec": [
                "schedule": "* * * * *", "jobTemplate": ["metadata": ["labels": ["team": "red"]], "spec": JobTests.job("x", image: image).spec],
            ],
        ]
        for (key, value) in spec.fields { cronJob.spec[key] = value }
        return cronJob
    }

    /// A clock that all but stands still until the test moves it; a little ahead of the machine's, so that a minute has passed since all was made.
    private final class Clock: Sendable {
        private let time = Mutex(Timestamp.now() + .seconds(90))

        /// A microsecond later each time, for events are named by their time.
        var now: Timestamp {
            time.withLock {
                $0 = $0 + .microseconds(1)
                return $0
            }
        }
        func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    private func run(_ body: (TestCluster, Clock) async throws -> Void) async throws {
        let (cluster, clock) = (try await TestCluster(), Clock())
        let controllers: [any Controller] = [
            CronJobController(cluster.context("cronjob-controller", now: { clock.now })), JobController(cluster.context("job-controller")),
            GarbageCollector(cluster.context("generic-garbage-collector"), resources: [.cronJobs, .jobs, .pods]),
        ]
        try await cluster.run(controllers) { try await body(cluster, clock) }
    }

    /// Makes the controller look again.
    private func touch(_ cluster: TestCluster, _ note: String) async throws {
        try await cluster.admin.patch(.cronJobs, namespace: "default", name: "tick", .merge, ["metadata": ["annotations": ["note": .string(note)]]])
    }

    @Test func `starts a job named after its minute and remembers it`() async throws {
        try await run { cluster, _ in
            try await cluster.admin.create(.cronJobs, Self.cronJob(image: "done"))
            let cronJob = try await cluster.wait(.cronJobs, name: "tick", "a run that succeeded") { !$0.status["lastSuccessfulTime"].isNull }
            let time = try #require(cronJob.status["lastScheduleTime"].timestamp)
            let job = try #require(try await cluster.admin.find(.jobs, namespace: "default", name: "tick-\(time.seconds / 60)"))
            #expect(job.labels["team"] == "red")
            #expect(job.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] == time.rfc3339)
            #expect(job.controllerReference?["kind"] == "CronJob")
            try await cluster.wait(.cronJobs, name: "tick", "none active") { $0.status["active"].isEmpty }
            try await cluster.wait(.events, "an event") { $0.contains { $0["reason"] == "SawCompletedJob" } }
        }
    }

    @Test(arguments: [("Allow", 2), ("Forbid", 1), ("Replace", 1)] as [(String, Int)])
    func `a run that is not over meets the next one`(_ policy: String, _ count: Int) async throws {
        try await run { cluster, clock in
            try await cluster.admin.create(.cronJobs, Self.cronJob(["concurrencyPolicy": .string(policy)]))
            let first = try await cluster.wait(.jobs, "the first run") { $0.count == 1 }[0]
            clock.advance(.seconds(60))
            try await touch(cluster, "again")
            if policy == "Forbid" {
                try await cluster.wait(.events, "an event") { $0.contains { $0["reason"] == "JobAlreadyActive" } }
            }
            let jobs = try await cluster.wait(.jobs, "settled") { jobs in
                jobs.count == count && (policy != "Replace" || jobs[0].uid != first.uid) && jobs.allSatisfy { !$0.isBeingDeleted }
            }
            #expect(jobs.contains { $0.uid == first.uid } == (policy != "Replace"))
            try await cluster.wait(.cronJobs, name: "tick", "active") { $0.status["active"].array.count == count }
        }
    }

    @Test func `keeps as many ended jobs as it is told to`() async throws {
        try await run { cluster, clock in
            try await cluster.admin.create(.cronJobs, Self.cronJob(["successfulJobsHistoryLimit": 1], image: "done"))
            for round in 1...3 {
                try await cluster.wait(.events, "run \(round) over") { events in
                    events.count { $0["reason"] == "SawCompletedJob" } == round
                }
                clock.advance(.seconds(60))
                try await touch(cluster, "\(round)")
            }
            try await cluster.wait(.jobs, "one or two left") { $0.count { $0.hasCondition("Complete") } <= 1 }
        }
    }

    @Test func `a suspended schedule starts nothing`() async throws {
        try await run { cluster, _ in
            try await cluster.admin.create(.cronJobs, Self.cronJob(["suspend": true]))
            var other = Self.cronJob()
            other.metadata["name"] = "tock"
            try await cluster.admin.create(.cronJobs, other)
            let jobs = try await cluster.wait(.jobs, "the other's job") { !$0.isEmpty }
            #expect(jobs.allSatisfy { $0.name.hasPrefix("tock-") })
        }
    }

    @Test func `a job that was made before a crash is taken up, not made again`() async throws {
        try await run { cluster, clock in
            let suspended = try await cluster.admin.create(.cronJobs, Self.cronJob(["suspend": true]))
            var job = JobTests.job("tick-\(clock.now.seconds / 60)", image: "stuck")
            job.metadata["ownerReferences"] = [suspended.controllerReference(as: .cronJobs)]
            let made = try await cluster.admin.create(.jobs, job)
            try await cluster.admin.patch(.cronJobs, namespace: "default", name: "tick", .merge, ["spec": ["suspend": false]])
            let cronJob = try await cluster.wait(.cronJobs, name: "tick", "taken up") { $0.status["active"].array.count == 1 }
            #expect(cronJob.status["active"][0]["uid"] == .string(made.uid))
            #expect(try await cluster.admin.list(.jobs, namespace: "default").items.count == 1)
        }
    }
}
