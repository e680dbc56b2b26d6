import ObjectModel

/// Kinds that make pods from a template.
enum WorkloadTable {
    static let rules: [String: KindValidation.Rules] = [
        "apps/deployments": DeploymentValidation.check,
        "apps/replicasets": replicaSet,
        "replicationcontrollers": replicationController,
        "apps/statefulsets": StatefulSetValidation.check,
        "apps/daemonsets": DaemonSetValidation.check,
        "apps/controllerrevisions": controllerRevision,
        "batch/jobs": JobValidation.check,
        "batch/cronjobs": CronJobValidation.check,
    ]

    @Sendable private static func replicaSet(_ set: Field, _ old: Field?) {
        let spec = set["spec"]
        spec["replicas"].nonNegative()
        spec["minReadySeconds"].nonNegative()
        Templates.check(spec, owner: "ReplicaSet", emptySelector: "empty selector is invalid for deployment")
        Templates.sharedDisks(spec, old?["spec"])
        spec["selector"].immutable(since: old?["spec"]["selector"])
    }

    @Sendable private static func replicationController(_ controller: Field, _ old: Field?) {
        let spec = controller["spec"]
        spec["minReadySeconds"].nonNegative()
        spec["selector"].require()
        spec["replicas"].nonNegative()
        guard spec.present("template") != nil else { return spec["template"].missing() }
        let labels = spec["template"]["metadata"]["labels"]
        if !LabelSelector(matchLabels: spec.value["selector"].stringMap).matches(labels: labels.value) {
            labels.refuse(labels.isAbsent ? [:] : labels.value, Templates.mismatch)
        }
        Templates.sharedDisks(spec, old?["spec"])
        Templates.podTemplate(spec["template"], owner: "ReplicationController")
    }

    @Sendable private static func controllerRevision(_ revision: Field, _ old: Field?) {
        revision["data"].requirePresent("data is mandatory")
        revision["revision"].nonNegative()
        revision["data"].immutable(since: old?["data"])
    }
}

/// What the specs of workloads share: a selector, and a template that it matches.
enum Templates {
    static let mismatch = "`selector` does not match template `labels`"

    static func check(_ spec: Field, owner: String, emptySelector: String) {
        selector(spec, empty: emptySelector, invalid: "invalid label selector")
        matching(spec)
        podTemplate(spec["template"], owner: owner)
    }

    /// - Parameter invalid: What upstream says of a selector that it can't read, beside what it says of the parts.
    static func selector(_ spec: Field, empty: String, invalid: String? = nil) {
        guard let selector = spec.present("selector") else { return spec["selector"].missing() }
        let isReadable = selector.labelSelector()
        if let invalid, !isReadable { selector.refuse(invalid) }
        if selector.value["matchLabels"].isEmpty, selector.value["matchExpressions"].isEmpty { selector.refuse(empty) }
    }

    static func matching(_ spec: Field) {
        guard let selector = try? LabelSelector(spec.value["selector"]) else { return }
        let labels = spec["template"]["metadata"]["labels"]
        if !selector.matches(labels: labels.value) { labels.refuse(labels.isAbsent ? [:] : labels.value, mismatch) }
    }

    /// A disk that several pods mount is read only, but for one that was there before.
    static func sharedDisks(_ spec: Field, _ old: Field?, copies: Int64? = nil) {
        guard copies ?? spec["replicas"].number > 1, !spec.value["template"]["spec"]["volumes"].isEmpty else { return }
        let before = old?.value["template"]["spec"]["volumes"].array ?? []
        for volume in spec["template"]["spec"].elements("volumes") {
            guard let disk = volume.present("gcePersistentDisk"), !disk.isTrue("readOnly") else { continue }
            if before.contains(where: { $0["gcePersistentDisk"] == disk.value }) { continue }
            disk["readOnly"].refuse(
                false, "must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines if it is read-only")
        }
    }

    /// A template whose pods run for good.
    static func podTemplate(_ template: Field, owner: String) {
        PodSpecValidation.template(template, restartPolicies: ["Always"])
        if template["spec"].present("activeDeadlineSeconds") != nil {
            template["spec"]["activeDeadlineSeconds"].forbid("activeDeadlineSeconds in \(owner) is not Supported")
        }
    }
}

extension Field {
    /// A number that isn't negative, or a percentage.
    func positiveIntOrPercent() {
        if case .string = value { matchesAlways(Validation.percentage) } else { nonNegative() }
    }

    /// As `matches`, but for the empty text too.
    func matchesAlways(_ rule: (String) -> [String]) { for problem in rule(text) { refuse(.string(text), problem) } }

    func notMoreThanHundredPercent() {
        if let percent = percent, percent > 100 { refuse("must not be greater than 100%") }
    }

    /// The number before a `%`.
    var percent: Int? { text.hasSuffix("%") ? Int(text.dropLast()) : nil }

    /// Whether a number or percentage is none at all.
    var isZeroOrAbsent: Bool { isEmpty || percent == 0 }
}
