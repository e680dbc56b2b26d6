import ObjectModel

enum JobValidation {
    private static let parallelismMax: Int64 = 100_000

    @Sendable static func check(_ job: Field, _ old: Field?) {
        let spec = job["spec"]
        self.spec(spec)
        ownSelector(job)
        Templates.matching(spec)
        if let old { update(spec, old) }
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
        if let manager = spec.present("managedBy"), manager.text.utf8.count > 63 { manager.tooLong(max: 63) }
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
        mode.mustBeOneOf(["Indexed", "NonIndexed"])
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
    }

    private static func restartPolicy(_ spec: Field) {
        let policy = spec["template"]["spec"]["restartPolicy"]
        switch policy.text {
        case "", "Always": policy.missing(#"valid values: "OnFailure", "Never""#)
        case "OnFailure":
            if !spec.value["podFailurePolicy"].isNull { policy.refuse(#"only "Never" is supported when podFailurePolicy is specified"#) }
        case "Never": break
        default: policy.unsupported(["Never", "OnFailure"])
        }
    }

    /// A job selects by its own uid, unless it says that it knows what it does.
    private static func ownSelector(_ job: Field) {
        let spec = job["spec"]
        guard let selector = spec.present("selector") else { return spec["selector"].missing() }
        selector.labelSelector()
        guard !spec.isTrue("manualSelector"), !job.value.uid.isEmpty else { return }
        let own = selector.value["matchLabels"]
        let isOwn = ["batch.kubernetes.io/controller-uid", "controller-uid"].contains { own[$0].string == job.value.uid }
        if !isOwn { selector.refuse("`selector` not auto-generated") }
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

    /// While a job is suspended and has not begun, where its pods may go can change.
    private static func template(_ spec: Field, _ oldJob: Field) {
        let old = oldJob["spec"].value
        var (now, before) = (spec.value["template"], old["template"])
        let hasNotBegun = old["suspend"].bool == true && oldJob.value["status"]["startTime"].isNull
        if hasNotBegun {
            for field in ["nodeSelector", "tolerations", "schedulingGates", "affinity"] {
                now["spec"][field] = nil
                before["spec"][field] = nil
            }
            for field in ["labels", "annotations"] {
                now["metadata"][field] = nil
                before["metadata"][field] = nil
            }
            (now, before) = (withoutResources(now), withoutResources(before))
        }
        if now != before { spec["template"].refuse(Words.immutable) }
    }

    private static func withoutResources(_ template: Value) -> Value {
        var template = template
        for list in ["containers", "initContainers"] {
            for index in template["spec"][list].array.indices { template["spec"][list][index]["resources"] = nil }
        }
        return template
    }
}
