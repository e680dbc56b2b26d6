import ObjectModel

enum StatefulSetValidation {
    private static let mutable = [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    ]

    @Sendable static func check(_ set: Field, _ old: Field?) {
        let spec = set["spec"]
        let management = spec["podManagementPolicy"]
        if management.require(), !["OrderedReady", "Parallel"].contains(management.text) {
            management.refuse("must be 'OrderedReady' or 'Parallel'")
        }
        strategy(spec["updateStrategy"])
        if let retention = spec.present("persistentVolumeClaimRetentionPolicy") {
            for moment in ["whenDeleted", "whenScaled"] { retention[moment].mustBeOneOf(["Retain", "Delete"]) }
        }
        // What was written before these rules were may stay.
        if isRight(old?["spec"], claims) { claims(spec) }
        spec["replicas"].nonNegative()
        spec["minReadySeconds"].nonNegative()
        spec["ordinals"]["start"].nonNegative()
        if old == nil { spec["serviceName"].matches(Validation.dns1123Label) }
        spec["revisionHistoryLimit"].nonNegative()
        Templates.selector(spec, empty: "empty selector is invalid for statefulset")
        Templates.matching(spec)
        if isRight(old?["spec"], template) { template(spec) }
        spec["template"]["spec"]["restartPolicy"].mustBeOneOf(["Always"])
        if let deadline = spec["template"]["spec"].present("activeDeadlineSeconds") {
            deadline.forbid("activeDeadlineSeconds in StatefulSet is not Supported")
        }
        if let old { update(spec, old["spec"]) }
    }

    private static func strategy(_ strategy: Field) {
        let rolling = strategy["rollingUpdate"]
        switch strategy.text("type") {
        case "": strategy.missing()
        case "OnDelete":
            if !rolling.isAbsent { rolling.refuse("only allowed for updateStrategy 'RollingUpdate'") }
        case "RollingUpdate":
            rolling["partition"].nonNegative()
            if let unavailable = rolling.present("maxUnavailable") {
                unavailable.positiveIntOrPercent()
                if unavailable.isZeroOrAbsent { unavailable.refuse("cannot be 0") }
                unavailable.notMoreThanHundredPercent()
            }
        default: strategy.refuse("must be 'RollingUpdate' or 'OnDelete'")
        }
    }

    // MARK: Templates

    /// Whether a rule holds for what was there before; nothing breaks none.
    private static func isRight(_ old: Field?, _ rule: (Field) -> Void) -> Bool {
        guard let old else { return true }
        let findings = Findings()
        rule(Field(root: old.value, findings))
        return findings.errors.isEmpty
    }

    private static func claims(_ spec: Field) {
        for claim in spec.elements("volumeClaimTemplates") { PersistentVolumeClaimValidation.spec(claim["spec"]) }
    }

    /// The pods have a volume for each claim, in place of one of the same name.
    private static func template(_ spec: Field) {
        var names: [Value] = []
        for claim in spec.value["volumeClaimTemplates"].array where !names.contains(claim["metadata"]["name"]) {
            names.append(claim["metadata"]["name"])
        }
        guard !names.isEmpty else { return PodSpecValidation.template(spec["template"]) }
        var template = spec.value["template"]
        let own = template["spec"]["volumes"].array.filter { !names.contains($0["name"]) }
        template["spec"]["volumes"] = .array(names.map { ["name": $0, "persistentVolumeClaim": ["claimName": $0]] } + own)
        PodSpecValidation.template(spec["template"].showing(template))
    }

    // MARK: Update

    private static func update(_ spec: Field, _ old: Field) {
        var (now, before) = (spec.value, old.value)
        for field in mutable {
            now[field] = nil
            before[field] = nil
        }
        if now != before {
            spec.forbid(
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
                    + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")
        }
    }
}
