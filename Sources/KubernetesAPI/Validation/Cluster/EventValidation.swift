import ObjectModel

/// The rules of events. Those of `events.k8s.io` must say when and by whom; those of the core group may be of the old kind, which need not.
///
/// Fields are reported by their names in the core group, whichever of the two was asked for.
enum EventValidation {
    private static let noteMax = 1024
    private static let wordMax = 128

    @Sendable static func check(_ event: Field, _ old: Field?) {
        let isNew = event.value.apiVersion == "events.k8s.io/v1"
        if event["eventTime"].isEmpty { place(event, isNew) } else { account(event, isNew) }
        for problem in event.value.namespace.isEmpty ? [] : Validation.dns1123Subdomain(event.value.namespace) {
            event["namespace"].refuse(.string(event.value.namespace), problem)
        }
        guard isNew else { return }
        if let old { update(event, old) } else { create(event) }
    }

    // MARK: Both groups

    /// An event stands in the namespace of what it is about; without one, in `default`.
    private static func place(_ event: Field, _ isNew: Bool) {
        let about = event[isNew ? "regarding" : "involvedObject"].text("namespace")
        let isMisplaced = about.isEmpty ? !["", "default"].contains(event.value.namespace) : about != event.value.namespace
        if isMisplaced { misplaced(event, about) }
    }

    private static func misplaced(_ event: Field, _ about: String) {
        event["involvedObject"]["namespace"].refuse(.string(about), "does not match event.namespace")
    }

    /// Who says that it happened, and what they did.
    private static func account(_ event: Field, _ isNew: Bool) {
        let about = event[isNew ? "regarding" : "involvedObject"].text("namespace")
        if about.isEmpty, !["default", "kube-system"].contains(event.value.namespace) { misplaced(event, about) }
        let reporter = event[isNew ? "reportingController" : "reportingComponent"]
        reporter.require()
        for problem in Validation.qualifiedName(reporter.text) { reporter.refuse(.string(reporter.text), problem) }
        for name in ["reportingInstance", "action", "reason"] {
            event[name].require()
            limited(event[name], to: wordMax)
        }
        limited(event["message"].showing(event.value[isNew ? "note" : "message"]), to: noteMax)
    }

    private static func limited(_ text: Field, to max: Int) {
        if text.text.utf8.count > max { text.refuse("", "can have at most \(max) characters") }
    }

    // MARK: events.k8s.io

    private static func create(_ event: Field) {
        for problem in Validation.dns1123Subdomain(event.value.name) { event["metadata"]["name"].refuse(.string(event.value.name), problem) }
        series(event)
        event["eventTime"].require()
        if !["Normal", "Warning"].contains(event.text("type")) { event["type"].refuse("", "has invalid value: \(event.text("type"))") }
        for (name, known) in [
            ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
        ] where !event.value[known].isEmpty { event[name].refuse("", "needs to be unset") }
        let source = event.value["deprecatedSource"]
        if !source["component"].isEmpty || !source["host"].isEmpty { event["source"].refuse("", "needs to be unset") }
    }

    private static func series(_ event: Field) {
        guard let series = event.present("series") else { return }
        if series["count"].number < 2 { series["count"].refuse("", "should be at least 2") }
        series["lastObservedTime"].require()
    }

    /// Names in the core group, and here.
    private static let fixed = [
        ("involvedObject", "regarding"), ("reason", "reason"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"),
        ("type", "type"), ("eventTime", "eventTime"), ("action", "action"), ("related", "related"), ("reportingController", "reportingController"),
        ("reportingInstance", "reportingInstance"),
    ]

    /// Only the series goes on.
    private static func update(_ event: Field, _ old: Field) {
        if event.value["series"] != old.value["series"] { series(event) }
        for (name, known) in fixed {
            let (now, before) = (event.value[known], old.value[known])
            if now == before || now.isEmpty && before.isEmpty { continue }
            event[name].showing(now).refuse(Words.immutable)
        }
    }
}
