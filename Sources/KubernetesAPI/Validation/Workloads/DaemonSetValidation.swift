import ObjectModel

enum DaemonSetValidation {
    @Sendable static func check(_ set: Field, _ old: Field?) {
        let spec = set["spec"]
        spec["selector"].labelSelector()
        Templates.matching(spec)
        if let selector = spec.present("selector"), selector.value["matchLabels"].isEmpty, selector.value["matchExpressions"].isEmpty {
            selector.refuse("empty selector is invalid for daemonset")
        }
        PodSpecValidation.template(spec["template"], restartPolicies: ["Always"])
        Templates.sharedDisks(spec, old?["spec"], copies: 2)
        if let deadline = spec["template"]["spec"].present("activeDeadlineSeconds") { deadline.refuse("must not be specified") }
        spec["minReadySeconds"].nonNegative()
        strategy(spec["updateStrategy"])
        spec["revisionHistoryLimit"].nonNegative()
        spec["selector"].immutable(since: old?["spec"]["selector"])
    }

    private static func strategy(_ strategy: Field) {
        switch strategy.text("type") {
        case "OnDelete": break
        case "RollingUpdate":
            guard let rolling = strategy.present("rollingUpdate") else { return strategy["rollingUpdate"].missing() }
            let (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"])
            unavailable.positiveIntOrPercent()
            surge.positiveIntOrPercent()
            switch (unavailable.isZeroOrAbsent, surge.isZeroOrAbsent) {
            case (true, true): unavailable.missing("cannot be 0 when maxSurge is 0")
            case (false, false): surge.refuse("may not be set when maxUnavailable is non-zero")
            default: break
            }
            unavailable.notMoreThanHundredPercent()
            surge.notMoreThanHundredPercent()
        // Upstream shows the whole.
        default: strategy.unsupported(["OnDelete", "RollingUpdate"])
        }
    }
}
