import ClusterClient
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct JobTests {
    static func job(_ name: String, image: String = "done", _ spec: Value = [:], restartPolicy: String = "Never") -> Value {
        var job: Value = [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "template": ["spec": ["restartPolicy": .string(restartPolicy), "containers": [["name": "c", "image": .string(image)]]]]
            ],
        ]
        for (key, value) in spec.fields { job.spec[key] = value }
        return job
    }

    private func run(_ cluster: TestCluster, _ body: () async throws -> Void) async throws {
        let controllers: [any Controller] = [
            JobController(cluster.context("job-controller")), FinishedJobController(cluster.context("ttl-after-finished-controller")),
            GarbageCollector(cluster.context("generic-garbage-collector"), resources: [.jobs, .pods]),
        ]
        try await cluster.run(controllers, body)
    }

    private func run(_ body: (TestCluster) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        try await run(cluster) { try await body(cluster) }
    }

    private func pods(_ cluster: TestCluster) async throws -> [Value] { try await cluster.admin.list(.pods, namespace: "default").items }

    @Test func `runs pods until enough have succeeded and lets go of them`() async throws {
        try await run { cluster in
            let made = try await cluster.admin.create(.jobs, Self.job("sum", ["completions": 3, "parallelism": 2]))
            #expect(made.spec["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] == .string(made.uid))
            #expect(made.labels["batch.kubernetes.io/job-name"] == "sum")
            let job = try await cluster.wait(.jobs, name: "sum", "complete") { $0.hasCondition("Complete") }
            #expect(job.status["succeeded"] == 3)
            #expect(job.status["active"].isNull && job.status["failed"].isNull)
            #expect(job.status["ready"] == 0 && job.status["terminating"] == 0)
            #expect(job.status["uncountedTerminatedPods"].isEmpty)
            #expect(job.hasCondition("SuccessCriteriaMet"))
            #expect(job.condition("Complete")?["reason"] == "CompletionsReached")
            #expect(!job.status["completionTime"].isNull)
            let pods = try await pods(cluster)
            #expect(pods.count == 3)
            #expect(pods.allSatisfy { !$0.hasJobFinalizer && $0.labels["job-name"] == "sum" })
            try await cluster.wait(.events, "an event of completion") { events in
                events.contains { $0["reason"] == "Completed" && $0["message"] == "Job completed" }
            }
        }
    }

    @Test func `an indexed job gives each pod a number`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("part", ["completions": 4, "parallelism": 2, "completionMode": "Indexed"]))
            let job = try await cluster.wait(.jobs, name: "part", "complete") { $0.hasCondition("Complete") }
            #expect(job.status["completedIndexes"] == "0-3")
            let pods = try await pods(cluster).sorted { $0.name < $1.name }
            #expect(pods.map(\.completionIndex) == [0, 1, 2, 3])
            #expect(pods.map { $0.spec["hostname"].string ?? "" } == ["part-0", "part-1", "part-2", "part-3"])
            #expect(pods[2].name.hasPrefix("part-2-"))
            #expect(pods[2].labels["batch.kubernetes.io/job-completion-index"] == "2")
            let variable = pods[2].spec["containers"][0]["env"][0]
            #expect(variable["name"] == "JOB_COMPLETION_INDEX")
            #expect(variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['batch.kubernetes.io/job-completion-index']")
        }
    }

    @Test func `fails past its back-off limit`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("bad", image: "exit-1", ["backoffLimit": 0]))
            let job = try await cluster.wait(.jobs, name: "bad", "failed") { $0.hasCondition("Failed") }
            #expect(job.hasCondition("FailureTarget"))
            #expect(job.condition("Failed")?["reason"] == "BackoffLimitExceeded")
            #expect(job.condition("Failed")?["message"] == "Job has reached the specified backoff limit")
            #expect(job.status["failed"] == 1)
            #expect(job.status["completionTime"].isNull)
        }
    }

    @Test func `waits before it replaces a failed pod`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("bad", image: "exit-1", ["backoffLimit": 3]))
            try await cluster.wait(.jobs, name: "bad", "one failure") { $0.status["failed"] == 1 && $0.status["active"].isNull }
            #expect(try await pods(cluster).count == 1)
        }
    }

    @Test func `fails at its deadline and ends its pods`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("slow", image: "stuck", ["activeDeadlineSeconds": 1]))
            let job = try await cluster.wait(.jobs, name: "slow", "failed") { $0.hasCondition("Failed") }
            #expect(job.condition("Failed")?["reason"] == "DeadlineExceeded")
            try await cluster.wait(.pods, "no pods") { $0.isEmpty }
        }
    }

    @Test func `a suspended job has no pods and starts when it is resumed`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("later", image: "stuck", ["suspend": true]))
            let suspended = try await cluster.wait(.jobs, name: "later", "suspended") { $0.hasCondition("Suspended") }
            #expect(suspended.status["startTime"].isNull)
            #expect(try await pods(cluster).isEmpty)
            try await cluster.admin.patch(.jobs, namespace: "default", name: "later", .merge, ["spec": ["suspend": false]])
            let resumed = try await cluster.wait(.jobs, name: "later", "resumed") { $0.status["active"] == 1 }
            #expect(resumed.condition("Suspended")?["reason"] == "JobResumed")
            #expect(!resumed.status["startTime"].isNull)
            try await cluster.admin.patch(.jobs, namespace: "default", name: "later", .merge, ["spec": ["suspend": true]])
            try await cluster.wait(.pods, "no pods") { $0.isEmpty }
            let again = try await cluster.wait(.jobs, name: "later", "suspended again") { $0.hasCondition("Suspended") && $0.status["active"].isNull }
            #expect(again.status["failed"].isNull)
        }
    }

    @Test func `an index that fails too often fails alone`() async throws {
        try await run { cluster in
            let spec: Value = ["completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 0]
            try await cluster.admin.create(.jobs, Self.job("part", image: "exit-by-index-1", spec))
            let job = try await cluster.wait(.jobs, name: "part", "failed") { $0.hasCondition("Failed") }
            #expect(job.condition("Failed")?["reason"] == "FailedIndexes")
            #expect(job.status["failedIndexes"] == "1")
            #expect(job.status["completedIndexes"] == "0,2")
            #expect(job.status["succeeded"] == 2 && job.status["failed"] == 1)
        }
    }

    @Test func `a failure policy fails the job at once or counts nothing`() async throws {
        try await run { cluster in
            let policy: Value = [
                "rules": [
                    ["action": "FailJob", "onExitCodes": ["operator": "In", "values": [42]]],
                    ["action": "Ignore", "onPodConditions": [["type": "DisruptionTarget"]]],
                ]
            ]
            try await cluster.admin.create(.jobs, Self.job("bad", image: "exit-42", ["backoffLimit": 5, "podFailurePolicy": policy]))
            let job = try await cluster.wait(.jobs, name: "bad", "failed") { $0.hasCondition("Failed") }
            #expect(job.condition("Failed")?["reason"] == "PodFailurePolicy")
            let message = job.condition("Failed")?["message"].string ?? ""
            #expect(message.hasPrefix("Container c for pod default/bad-"))
            #expect(message.hasSuffix(" failed with exit code 42 matching FailJob rule at index 0"))
        }
    }

    @Test func `a success policy ends the job when its indexes are done`() async throws {
        try await run { cluster in
            let spec: Value = [
                "completions": 3, "parallelism": 3, "completionMode": "Indexed", "successPolicy": ["rules": [["succeededIndexes": "0"]]],
            ]
            try await cluster.admin.create(.jobs, Self.job("lead", image: "done-by-index-0", spec))
            let job = try await cluster.wait(.jobs, name: "lead", "complete") { $0.hasCondition("Complete") }
            #expect(job.condition("SuccessCriteriaMet")?["reason"] == "SuccessPolicy")
            #expect(job.condition("Complete")?["message"] == "Matched rules at index 0")
            #expect(job.status["completedIndexes"] == "0")
            #expect(job.status["failed"].isNull)
            try await cluster.wait(.pods, "the others are gone") { $0.count == 1 }
        }
    }

    @Test func `leaves jobs alone that another controller manages`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("theirs", ["managedBy": "example.com/queue"]))
            try await cluster.admin.create(.jobs, Self.job("ours"))
            try await cluster.wait(.jobs, name: "ours", "complete") { $0.hasCondition("Complete") }
            #expect(try await cluster.admin.get(.jobs, namespace: "default", name: "theirs").status.isEmpty)
        }
    }

    @Test func `a job deleted midway takes its pods with it`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("gone", image: "stuck", ["parallelism": 2, "completions": 2]))
            try await cluster.wait(.jobs, name: "gone", "two pods") { $0.status["active"] == 2 }
            try await cluster.admin.delete(.jobs, namespace: "default", name: "gone", propagation: .background)
            try await cluster.wait(.pods, "no pods") { $0.isEmpty }
        }
    }

    @Test func `goes some time after it ended`() async throws {
        try await run { cluster in
            try await cluster.admin.create(.jobs, Self.job("brief", ["ttlSecondsAfterFinished": 0]))
            try await cluster.wait(.jobs, "no job") { $0.isEmpty }
            try await cluster.wait(.pods, "no pods") { $0.isEmpty }
        }
    }

    @Test func `counts each pod once over a restart`() async throws {
        let cluster = try await TestCluster()
        try await cluster.admin.create(.jobs, Self.job("sum", image: "manual", ["completions": 3, "parallelism": 3]))
        try await run(cluster) {
            try await cluster.wait(.jobs, name: "sum", "three pods") { $0.status["active"] == 3 }
        }
        // While nobody looks one pod ends; another ended before and was named, but not counted.
        let running = try await pods(cluster)
        try await cluster.admin.finish(running[0])
        try await cluster.admin.finish(running[1])
        var job = try await cluster.admin.get(.jobs, namespace: "default", name: "sum")
        job.status["uncountedTerminatedPods"] = ["succeeded": [.string(running[1].uid)]]
        try await cluster.admin.update(.jobs, job, subresource: "status")
        try await cluster.admin.patch(
            .pods, namespace: "default", name: running[1].name, .strategicMerge,
            ["metadata": ["$deleteFromPrimitiveList/finalizers": [.string(JobPods.finalizer)]]])
        let restarted = cluster.restarted()
        try await run(restarted) {
            try await restarted.wait(.jobs, name: "sum", "two counted") { $0.status["succeeded"] == 2 && $0.status["active"] == 1 }
            try await restarted.admin.finish(running[2])
            let done = try await restarted.wait(.jobs, name: "sum", "complete") { $0.hasCondition("Complete") }
            #expect(done.status["succeeded"] == 3)
            #expect(try await pods(restarted).count == 3)
        }
    }

    // MARK: Values

    @Test(arguments: [([1, 3, 4, 5, 7], "1,3-5,7"), ([0, 1], "0,1"), ([], ""), ([2], "2"), ([0, 1, 2], "0-2")] as [([Int], String)])
    func `indexes are written short`(_ indexes: [Int], _ text: String) {
        #expect(CompletionIndexes(indexes).text == text)
        #expect(CompletionIndexes(text, completions: 8) == CompletionIndexes(indexes))
        #expect(CompletionIndexes("3-9", completions: 5) == CompletionIndexes([3, 4]))
        #expect(CompletionIndexes("0-9223372036854775807", completions: .max).intersection(CompletionIndexes([3, 4])).text == "3,4")
    }

    @Test func `the pause doubles with each failure in a row`() {
        let last = Timestamp(seconds: 1_000)
        #expect(JobBackoff.left(failures: 0, last: last, now: last) == .zero)
        #expect(JobBackoff.left(failures: 1, last: last, now: last) == .seconds(10))
        #expect(JobBackoff.left(failures: 3, last: last, now: last + .seconds(5)) == .seconds(35))
        #expect(JobBackoff.left(failures: 50, last: last, now: last) == .seconds(600))
        #expect(JobBackoff.left(failures: 1, last: last, now: last + .seconds(60)) == .zero)
    }
}
