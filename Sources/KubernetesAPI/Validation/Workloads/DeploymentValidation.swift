import ObjectModel

enum DeploymentValidation {
    @Sendable static func check(_ deployment: Field, _ old: Field?) {
        let spec = deployment["spec"]
        spec["replicas"].nonNegative()
        Templates.check(spec, owner: "ReplicaSet", emptySelector: "empty selector is invalid for deployment")
        Templates.sharedDisks(spec, old?["spec"])
        strategy(spec["strategy"])
        spec["minReadySeconds"].nonNegative()
        spec["revisionHistoryLimit"].nonNegative()
        if let deadline = spec.present("progressDeadlineSeconds") {
            deadline.nonNegative()
            if deadline.number <= spec["minReadySeconds"].number { deadline.refuse("must be greater than minReadySeconds") }
        }
        spec["selector"].immutable(since: old?["spec"]["selector"])
    }

    private static func strategy(_ strategy: Field) {
        let rolling = strategy["rollingUpdate"]
        switch strategy.text("type") {
        case "Recreate":
            if !rolling.isAbsent { rolling.forbid("may not be specified when strategy `type` is 'Recreate'") }
        case "RollingUpdate":
            if rolling.isAbsent { return rolling.missing("this should be defaulted and never be nil") }
            let (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"])
            unavailable.positiveIntOrPercent()
            surge.positiveIntOrPercent()
            if unavailable.isZeroOrAbsent, surge.isZeroOrAbsent { unavailable.refuse("may not be 0 when `maxSurge` is 0") }
            unavailable.notMoreThanHundredPercent()
        // Upstream shows the whole.
        default: strategy.unsupported(["Recreate", "RollingUpdate"])
        }
    }
}
