import ObjectModel

/// What may be told of a job. Most rules look only at what a write changes, so that a job whose spec changed meanwhile can be put right in steps.
enum JobStatusValidation {
    @Sendable static func check(_ job: Field, _ old: Field?) {
        let (spec, status) = (job["spec"], job["status"])
        for count in ["active", "succeeded", "failed", "ready", "terminating"] { status[count].nonNegative() }
        uncountedPods(status)
        let (now, before) = (Facts(job.value), Facts(old?.value ?? .null))
        func changed(_ fields: String...) -> Bool { fields.contains { status.value[$0] != old?["status"].value[$0] ?? .null } }
        ends(status, now, before)
        times(status, now, before, changed)
        finished(spec, status, now, before, changed)
        indexes(spec, status, changed)
        if let old { progress(job, old, now, before) }
    }

    /// Which of its conditions hold.
    private struct Facts {
        private let conditions: [Value]

        init(_ job: Value) { conditions = job["status"]["conditions"].array }

        func holds(_ type: String) -> Bool { conditions.contains { $0["type"].string == type && $0["status"].string == "True" } }

        var isComplete: Bool { holds("Complete") }
        var hasFailed: Bool { holds("Failed") }
        var isFinished: Bool { isComplete || hasFailed }
        var isBoundToFail: Bool { holds("FailureTarget") }
        var isBoundToSucceed: Bool { holds("SuccessCriteriaMet") }
    }

    /// Each pod that ended waits to be counted once.
    private static func uncountedPods(_ status: Field) {
        guard let uncounted = status.present("uncountedTerminatedPods") else { return }
        var seen = Names()
        for list in ["succeeded", "failed"] {
            for pod in uncounted.elements(list) {
                if pod.isEmpty { pod.refuse("must not be empty") } else { seen.insertUnique(pod) }
            }
        }
    }

    // MARK: Conditions

    private static func ends(_ status: Field, _ now: Facts, _ before: Facts) {
        let conditions = status["conditions"]
        func refuse(_ detail: String) { conditions.refuseOmittingValue(detail) }
        let endsWell = now.isComplete != before.isComplete
        let endsBadly = now.hasFailed != before.hasFailed
        let turnsBad = now.isBoundToFail != before.isBoundToFail
        if endsWell || endsBadly, now.isComplete, now.hasFailed { refuse("cannot set Complete=True and Failed=true conditions") }
        if endsWell || turnsBad, now.isComplete, now.isBoundToFail { refuse("cannot set Complete=True and FailureTarget=true conditions") }
        if endsBadly || turnsBad, now.hasFailed, !now.isBoundToFail {
            refuse("cannot set Failed=True condition without the FailureTarget=true condition")
        }
        if endsWell || now.isBoundToSucceed != before.isBoundToSucceed, now.isComplete, !now.isBoundToSucceed {
            refuse("cannot set Complete=True condition without the SuccessCriteriaMet=true condition")
        }
        guard now.isBoundToSucceed else { return }
        if now.hasFailed { refuse("cannot set SuccessCriteriaMet=True and Failed=true conditions") }
        if now.isBoundToFail { refuse("cannot set SuccessCriteriaMet=True and FailureTarget=true conditions") }
    }

    // MARK: Times

    private static func times(_ status: Field, _ now: Facts, _ before: Facts, _ changed: (String...) -> Bool) {
        let (start, end) = (status["startTime"], status["completionTime"])
        if now.isComplete != before.isComplete || changed("completionTime") {
            if !end.isAbsent, !now.isComplete { end.refuse("cannot set completionTime when there is no Complete=True condition") }
            if end.isAbsent, now.isComplete { end.missing("completionTime is required for Complete jobs") }
        }
        if changed("startTime", "completionTime"), let began = Timestamp(rfc3339: start.text), let ended = Timestamp(rfc3339: end.text), ended < began
        {
            end.refuse("must be equal to or after `startTime`")
        }
    }

    // MARK: Jobs that are over

    private static func finished(_ spec: Field, _ status: Field, _ now: Facts, _ before: Facts, _ changed: (String...) -> Bool) {
        let isNews = now.isFinished != before.isFinished
        if now.isFinished {
            let (active, terminating, uncounted) = (status["active"], status["terminating"], status["uncountedTerminatedPods"])
            if isNews || changed("active"), active.number > 0 { active.refuse("active>0 is invalid for finished job") }
            // A suspended job of no completions is over before it begins.
            let neverBegins = spec.isTrue("suspend") && spec.value["completions"].integer == 0
            if isNews || changed("startTime"), status["startTime"].isAbsent, !neverBegins {
                status["startTime"].missing("startTime is required for finished job")
            }
            if isNews || changed("uncountedTerminatedPods"), !uncounted["succeeded"].isEmpty || !uncounted["failed"].isEmpty {
                uncounted.refuse("must be empty for finished job")
            }
            if isNews || changed("terminating"), terminating.number > 0 { terminating.refuse("terminating>0 is invalid for finished job") }
        }
        if changed("ready", "active"), status["ready"].number > status["active"].number {
            status["ready"].refuse("cannot set more ready pods than active")
        }
    }

    // MARK: Indexes

    private static func indexes(_ spec: Field, _ status: Field, _ changed: (String...) -> Bool) {
        let (completed, failed) = (status["completedIndexes"], status["failedIndexes"])
        let (isNews, isFailureNews) = (changed("completedIndexes"), changed("failedIndexes"))
        guard isNews || isFailureNews else { return }
        let completions = spec.value["completions"].integer
        let isPerIndex = !spec.value["backoffLimitPerIndex"].isNull
        if isNews, let completions, case .failure(let problem) = JobIndexes.count(completed.text, completions: completions) {
            completed.refuse("error parsing completedIndexes: \(problem.message)")
        }
        if isFailureNews, isPerIndex, let completions, case .failure(let problem) = JobIndexes.count(failed.text, completions: completions) {
            failed.refuse("error parsing failedIndexes: \(problem.message)")
        }
        if isNews, !completed.isEmpty, spec.text("completionMode") != "Indexed" {
            completed.refuse("cannot set non-empty completedIndexes when non-indexed completion mode")
        }
        if isFailureNews, !isPerIndex, !failed.isAbsent { failed.refuse("cannot set non-null failedIndexes when backoffLimitPerIndex is null") }
        if let completions, let index = JobIndexes.overlap(completed.text, failed.text, completions: completions) {
            failed.refuse("failedIndexes and completedIndexes overlap at index: \(index)")
        }
    }

    // MARK: Progress

    /// What was told once can't be taken back.
    private static func progress(_ job: Field, _ oldJob: Field, _ now: Facts, _ before: Facts) {
        let (spec, status, old) = (job["spec"], job["status"], oldJob["status"])
        let conditions = status["conditions"]
        for end in ["Failed", "Complete", "FailureTarget"] where before.holds(end) && !now.holds(end) {
            conditions.refuseOmittingValue("cannot disable the terminal \(end)=True condition")
        }
        // An indexed job that may be made smaller as a whole may lose what succeeded.
        let mayShrink = spec.text("completionMode") == "Indexed" && spec.value["completions"] == spec.value["parallelism"]
        for count in ["failed", "succeeded"] where status[count].number < old[count].number {
            if count == "failed" || !mayShrink { status[count].refuse(.integer(status[count].number), "cannot decrease the \(count) counter") }
        }
        if let end = status.present("completionTime"), let previous = old.present("completionTime") { end.immutable(since: previous) }
        let isResumed = before.holds("Suspended") && !now.holds("Suspended")
        if !old["startTime"].isAbsent, status.value["startTime"] != old.value["startTime"], !spec.isTrue("suspend"), !isResumed {
            status["startTime"].missing("startTime cannot be removed for unsuspended job")
        }
        if before.isBoundToSucceed, !now.isBoundToSucceed { conditions.refuseOmittingValue("cannot disable the SuccessCriteriaMet=True condition") }
        if before.isComplete, !before.isBoundToSucceed, now.isBoundToSucceed {
            conditions.refuseOmittingValue("cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions")
        }
    }
}
