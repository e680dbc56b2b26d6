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
            for moment in ["whenDeleted", "whenScaled"] { retention[moment].mustBeOneOf(["Delete", "Retain"]) }
        }
        spec["replicas"].nonNegative()
        spec["minReadySeconds"].nonNegative()
        spec["ordinals"]["start"].nonNegative()
        spec["revisionHistoryLimit"].nonNegative()
        Templates.check(spec, owner: "StatefulSet", emptySelector: "empty selector is invalid for statefulset")
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
