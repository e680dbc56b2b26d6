import ObjectModel
import Testing

@Suite struct EventValidationTests {
    private static let old: Value = [
        "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"],
        "involvedObject": ["kind": "Pod", "name": "web", "namespace": "default"], "reason": "Started", "message": "m", "type": "Normal",
    ]

    private static let new: Value = [
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"],
        "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "example.com/c", "reportingInstance": "c-1", "action": "Start",
        "reason": "Started", "note": "n", "type": "Normal", "regarding": ["kind": "Pod", "name": "web", "namespace": "default"],
    ]

    static let core: [Rule] = [
        Rule("{}"), Rule(#"{"involvedObject":{"namespace":null}}"#),
        Rule(#"{"type":"Odd"}"#),
        Rule(
            #"{"involvedObject":{"namespace":"other"}}"#, #"involvedObject.namespace: Invalid value: "other": does not match event.namespace"#),
        Rule(
            #"{"eventTime":"2026-01-01T00:00:00Z","reason":""}"#, "reportingComponent: Required value", "reportingInstance: Required value",
            "action: Required value", "reason: Required value"),
        Rule(
            #"{"metadata":{"namespace":"other"},"involvedObject":{"namespace":null},"eventTime":"2026-01-01T00:00:00Z","reportingComponent":"c","reportingInstance":"i","action":"a"}"#,
            #"involvedObject.namespace: Invalid value: "": does not match event.namespace"#),
    ]

    @Test(arguments: core) func `an event of the core group keeps its rules`(_ rule: Rule) throws {
        let problems = try Rule.problems(Self.old.applying(mergePatch: Value(json: rule.patch)))
        #expect(problems.filter { !$0.contains("a qualified name") && !$0.contains("name part must") } == rule.problems)
    }

    static let group: [Rule] = [
        Rule("{}"), Rule(#"{"series":{"count":2,"lastObservedTime":"2026-01-01T00:00:00Z"}}"#),
        Rule(#"{"eventTime":null}"#, "eventTime: Required value"),
        Rule(#"{"type":"Odd"}"#, #"type: Invalid value: "": has invalid value: Odd"#),
        Rule(
            #"{"series":{"count":1,"lastObservedTime":null}}"#, #"series.count: Invalid value: "": should be at least 2"#,
            "series.lastObservedTime: Required value"),
        Rule(
            #"{"deprecatedCount":1,"deprecatedFirstTimestamp":"2026-01-01T00:00:00Z","deprecatedSource":{"component":"c"}}"#,
            #"firstTimestamp: Invalid value: "": needs to be unset"#, #"count: Invalid value: "": needs to be unset"#,
            #"source: Invalid value: "": needs to be unset"#),
        Rule(
            #"{"action":"\#(String(repeating: "a", count: 129))","note":"\#(String(repeating: "n", count: 1025))"}"#,
            #"action: Invalid value: "": can have at most 128 characters"#, #"message: Invalid value: "": can have at most 1024 characters"#),
    ]

    @Test(arguments: group) func `an event of its own group keeps its rules`(_ rule: Rule) throws { try rule.check(Self.new) }

    @Test func `only the series of an event goes on`() throws {
        try Rule(#"{"series":{"count":3,"lastObservedTime":"2026-01-01T00:00:00Z"}}"#).check(updating: Self.new)
        try Rule(
            #"{"note":"x","regarding":{"name":"other"}}"#,
            #"involvedObject: Invalid value: {"kind":"Pod","name":"other","namespace":"default"}: field is immutable"#,
            #"message: Invalid value: "x": field is immutable"#
        ).check(updating: Self.new)
        // Those of the core group may be written anew.
        try Rule(#"{"message":"x","count":4}"#).check(updating: Self.old)
    }
}
