import ObjectModel

enum JobValidation {
    private static let parallelismMax: Int64 = 100_000

    @Sendable static func check(_ job: Field, _ old: Field?) {
        let spec = job["spec"]
        if old == nil { generatedSelector(job) }
        self.spec(spec)
        selector(spec)
        if let old { update(spec, old) } else { hostname(job) }
    }

    /// A job's spec, in a job or in the template of one.
    static func spec(_ spec: Field) {
        for count in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex"] {
            spec[count].nonNegative()
        }
        let perIndex = spec["backoffLimitPerIndex"]
        if let failed = spec.present("maxFailedIndexes") {
            failed.nonNegative()
            if perIndex.isAbsent { perIndex.missing("when maxFailedIndexes is specified") }
        }
        if let manager = spec.present("managedBy") {
            manager.domainPrefixedPath()
            if manager.text.utf8.count > 63 { manager.tooLong(max: 63) }
        }
        completionMode(spec)
        if let policy = spec.present("podFailurePolicy") { JobPolicyValidation.failure(policy, spec) }
        if let policy = spec.present("successPolicy") { JobPolicyValidation.success(policy, spec) }
        if let replacement = spec.present("podReplacementPolicy") {
            replacement.mustBeOneOf(spec.value["podFailurePolicy"].isNull ? ["Failed", "TerminatingOrFailed"] : ["Failed"])
        }
        PodSpecValidation.template(spec["template"])
        restartPolicy(spec)
    }

    private static func completionMode(_ spec: Field) {
        guard let mode = spec.present("completionMode") else { return }
        mode.mustBeOneOf(["NonIndexed", "Indexed"])
        guard mode.text == "Indexed" else {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                if let limit = spec.present(field) { limit.refuse("requires indexed completion mode") }
            }
            return
        }
        spec["completions"].requirePresent("when completion mode is Indexed")
        if spec["parallelism"].number > parallelismMax {
            spec["parallelism"].refuse("must be less than or equal to \(parallelismMax) when completion mode is Indexed")
        }
        failedIndexes(spec)
    }

    /// From so many completions on, a job with a limit per index may do less at once.
    private static let manyCompletions: Int64 = 100_000
    private static let atOnceOfMany: Int64 = 10_000

    private static func failedIndexes(_ spec: Field) {
        let (completions, failed) = (spec["completions"], spec["maxFailedIndexes"])
        if !failed.isAbsent {
            if !completions.isAbsent, failed.number > completions.number { failed.refuse("must be less than or equal to completions") }
            if failed.number > manyCompletions { failed.refuse("must be less than or equal to \(manyCompletions)") }
        }
        guard completions.number > manyCompletions, !spec.value["backoffLimitPerIndex"].isNull else { return }
        if failed.isAbsent { failed.missing("must be specified when completions is above \(manyCompletions)") }
        for field in ["parallelism", "maxFailedIndexes"] where spec[field].number > atOnceOfMany {
            spec[field].refuse(
                "must be less than or equal to \(atOnceOfMany) when completions are above \(manyCompletions) and used with backoff limit per index")
        }
    }

    private static func restartPolicy(_ spec: Field) {
        let policy = spec["template"]["spec"]["restartPolicy"]
        switch policy.text {
        case "", "Always": policy.missing(#"valid values: "OnFailure", "Never""#)
        case "OnFailure":
            if !spec.value["podFailurePolicy"].isNull { policy.refuse(#"only "Never" is supported when podFailurePolicy is specified"#) }
        case "Never": break
        default: policy.unsupported(["OnFailure", "Never"])
        }
    }

    // MARK: Pods of its own

    /// A job selects by its own uid, unless it says that it knows what it does.
    private static func generatedSelector(_ job: Field) {
        let spec = job["spec"]
        guard !spec.isTrue("manualSelector"), let selector = spec.present("selector"), !job.value.uid.isEmpty else { return }
        let labels = spec["template"]["metadata"]["labels"]
        let own = [
            ("controller-uid", job.value.uid), ("job-name", job.value.name), ("batch.kubernetes.io/controller-uid", job.value.uid),
            ("batch.kubernetes.io/job-name", job.value.name),
        ]
        for (key, value) in own {
            if labels.value[key].isNull {
                labels.key(key).missing("must be '\(value)'")
            } else if labels.value[key].string != value {
                labels.key(key).refuse(labels.value, "must be '\(value)'")
            }
        }
        let generated = Value.object(Fields(own.map { ($0.0, .string($0.1)) }))
        if let parsed = try? LabelSelector(selector.value), !parsed.matches(labels: generated) { selector.refuse("`selector` not auto-generated") }
    }

    private static func selector(_ spec: Field) {
        if let selector = spec.present("selector") { selector.labelSelector() } else { spec["selector"].missing() }
        Templates.matching(spec)
    }

    /// The pods of an indexed job have its name and their index as their host's.
    private static func hostname(_ job: Field) {
        let spec = job["spec"]
        guard spec.text("completionMode") == "Indexed", spec["completions"].number > 0 else { return }
        let longest = "\(job.value.name)-\(spec["completions"].number - 1)"
        guard !Validation.dns1123Label(longest).isEmpty else { return }
        job["metadata"]["name"].refuse("will not able to create pod with invalid DNS label: \(longest)")
    }

    // MARK: Update

    private static func update(_ spec: Field, _ oldJob: Field) {
        let old = oldJob["spec"]
        completions(spec, old)
        spec["selector"].immutable(since: old["selector"])
        template(spec, oldJob)
        for field in ["completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"] {
            spec[field].immutable(since: old[field])
        }
    }

    /// An indexed job may be made larger or smaller as a whole.
    private static func completions(_ spec: Field, _ old: Field) {
        let completions = spec["completions"]
        guard spec.text("completionMode") == "Indexed" else { return completions.immutable(since: old["completions"]) }
        guard completions.value != old.value["completions"] else { return }
        if completions.value != spec.value["parallelism"] { completions.refuse("can only be modified in tandem with spec.parallelism") }
    }

    /// While a job is suspended and has not begun, or has stopped, where its pods may go can change.
    private static func template(_ spec: Field, _ oldJob: Field) {
        let old = oldJob["spec"].value
        var (now, before) = (spec.value["template"], old["template"])
        let status = oldJob.value["status"]
        let isStill = status["startTime"].isNull || status["conditions"].array.contains { $0["type"] == "Suspended" && $0["status"] == "True" }
        if old["suspend"].bool == true, isStill {
            for field in ["nodeSelector", "tolerations", "schedulingGates"] {
                now["spec"][field] = nil
                before["spec"][field] = nil
            }
            (now, before) = (withoutNodeAffinity(now), withoutNodeAffinity(before))
            for field in ["labels", "annotations"] {
                now["metadata"][field] = nil
                before["metadata"][field] = nil
            }
            (now, before) = (withoutResources(now), withoutResources(before))
        }
        if now != before { spec["template"].refuse(Words.immutable) }
    }

    private static func withoutNodeAffinity(_ template: Value) -> Value {
        guard template["spec"]["affinity"].isObject else { return template }
        var template = template
        template["spec"]["affinity"]["nodeAffinity"] = nil
        if template["spec"]["affinity"].isEmpty { template["spec"]["affinity"] = nil }
        return template
    }

    private static func withoutResources(_ template: Value) -> Value {
        var template = template
        for list in ["containers", "initContainers"] {
            for index in template["spec"][list].array.indices { template["spec"][list][index]["resources"] = nil }
        }
        return template
    }
}
