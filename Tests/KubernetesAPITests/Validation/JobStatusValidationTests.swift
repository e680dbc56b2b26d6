import ObjectModel
import Testing

@Suite struct JobStatusValidationTests {
    private static func condition(_ types: String...) -> String {
        types.map { #"{"type":"\#($0)","status":"True","reason":"R"}"# }.joined(separator: ",")
    }

    private static let began = #""startTime":"2026-01-01T10:00:00Z""#
    private static let ended = #""completionTime":"2026-01-01T10:00:05Z""#

    private static func running(_ status: Value = [:]) -> Value {
        var job = WorkloadValidationTests.job
        job["status"] = ["startTime": "2026-01-01T10:00:00Z", "active": 2, "ready": 1, "succeeded": 1, "failed": 1]
        return job.applying(mergePatch: ["status": status])
    }

    static let changes: [Rule] = [
        Rule("{}"),
        Rule(#"{"active":3,"ready":3,"terminating":2,"uncountedTerminatedPods":{"succeeded":["a"],"failed":["b"]}}"#),
        Rule(#"{"active":null,"ready":0,\#(ended),"conditions":[\#(condition("SuccessCriteriaMet", "Complete"))]}"#),
        Rule(#"{"active":null,"ready":0,"conditions":[\#(condition("FailureTarget", "Failed"))]}"#),
        Rule(#"{"conditions":[\#(condition("FailureTarget"))]}"#),
        Rule(
            #"{"active":-1,"ready":-1,"succeeded":-1,"failed":-1,"terminating":-1}"#,
            "status.active: Invalid value: -1: must be greater than or equal to 0",
            "status.succeeded: Invalid value: -1: must be greater than or equal to 0",
            "status.failed: Invalid value: -1: must be greater than or equal to 0",
            "status.ready: Invalid value: -1: must be greater than or equal to 0",
            "status.terminating: Invalid value: -1: must be greater than or equal to 0",
            "status.failed: Invalid value: -1: cannot decrease the failed counter",
            "status.succeeded: Invalid value: -1: cannot decrease the succeeded counter"),
        Rule(
            #"{"uncountedTerminatedPods":{"succeeded":["a",""],"failed":["a","b"]}}"#,
            #"status.uncountedTerminatedPods.succeeded[1]: Invalid value: "": must not be empty"#,
            #"status.uncountedTerminatedPods.failed[0]: Duplicate value: "a""#),
        Rule(
            #"{"active":null,"ready":0,\#(ended),"conditions":[\#(condition("SuccessCriteriaMet", "Complete", "Failed", "FailureTarget"))]}"#,
            "status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
            "status.conditions: Invalid value: cannot set Complete=True and FailureTarget=true conditions",
            "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions",
            "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions"),
        Rule(
            #"{"active":null,"ready":0,"conditions":[\#(condition("Failed"))]}"#,
            "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"),
        Rule(
            #"{"active":null,"ready":0,"conditions":[\#(condition("Complete"))]}"#,
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
            "status.completionTime: Required value: completionTime is required for Complete jobs"),
        Rule(
            #"{\#(ended)}"#,
            #"status.completionTime: Invalid value: "2026-01-01T10:00:05Z": cannot set completionTime when there is no Complete=True condition"#),
        Rule(
            #"{"active":null,"ready":0,"completionTime":"2026-01-01T09:00:00Z","conditions":[\#(condition("SuccessCriteriaMet", "Complete"))]}"#,
            #"status.completionTime: Invalid value: "2026-01-01T09:00:00Z": must be equal to or after `startTime`"#),
        Rule(
            #"{"terminating":1,"uncountedTerminatedPods":{"failed":["b"]},"conditions":[\#(condition("FailureTarget", "Failed"))]}"#,
            "status.active: Invalid value: 2: active>0 is invalid for finished job",
            #"status.uncountedTerminatedPods: Invalid value: {"failed":["b"]}: must be empty for finished job"#,
            "status.terminating: Invalid value: 1: terminating>0 is invalid for finished job"),
        Rule(#"{"ready":3}"#, "status.ready: Invalid value: 3: cannot set more ready pods than active"),
        Rule(
            #"{"completedIndexes":"0"}"#,
            #"status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed completion mode"#),
        Rule(
            #"{"failedIndexes":"0"}"#,
            #"status.failedIndexes: Invalid value: "0": cannot set non-null failedIndexes when backoffLimitPerIndex is null"#),
        Rule(
            #"{"failed":null,"succeeded":null}"#, "status.failed: Invalid value: 0: cannot decrease the failed counter",
            "status.succeeded: Invalid value: 0: cannot decrease the succeeded counter"),
        Rule(#"{"startTime":null}"#, "status.startTime: Required value: startTime cannot be removed for unsuspended job"),
        Rule(#"{"startTime":"2026-01-01T11:00:00Z"}"#, "status.startTime: Required value: startTime cannot be removed for unsuspended job"),
    ]

    @Test(arguments: changes) func `what a running job tells keeps its rules`(_ change: Rule) throws {
        let rule = Rule(#"{"status":\#(change.patch)}"#, list: change.problems)
        try rule.check(updating: Self.running(), subresource: "status")
    }

    @Test(arguments: ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"]) func `an end can't be taken back`(_ type: String) throws {
        let old = Self.running(["conditions": [["type": .string(type), "status": "True"]]])
        let what = type == "SuccessCriteriaMet" ? type : "terminal \(type)"
        try Rule(#"{"status":{"conditions":[]}}"#, "status.conditions: Invalid value: cannot disable the \(what)=True condition")
            .check(updating: old, subresource: "status")
    }

    @Test func `what is wrong already does not stop other changes`() throws {
        let old = Self.running(["conditions": [["type": "Failed", "status": "True"]], "startTime": .null])
        try Rule(#"{"status":{"failed":2}}"#).check(updating: old, subresource: "status")
    }

    @Test func `the time of the end stays`() throws {
        let conditions: Value = [["type": "Complete", "status": "True"], ["type": "SuccessCriteriaMet", "status": "True"]]
        let old = Self.running(["active": .null, "ready": 0, "completionTime": "2026-01-01T10:00:05Z", "conditions": conditions])
        try Rule(
            #"{"status":{"completionTime":"2026-01-01T10:00:06Z"}}"#,
            #"status.completionTime: Invalid value: "2026-01-01T10:00:06Z": field is immutable"#
        ).check(updating: old, subresource: "status")
        try Rule(
            #"{"status":{"startTime":null}}"#, "status.startTime: Required value: startTime is required for finished job",
            "status.startTime: Required value: startTime cannot be removed for unsuspended job"
        ).check(updating: old, subresource: "status")
    }

    @Test func `a job that is resumed begins anew`() throws {
        var old = Self.running(["conditions": [["type": "Suspended", "status": "True"]]])
        try Rule(#"{"status":{"startTime":"2026-01-01T11:00:00Z","conditions":[{"type":"Suspended","status":"False"}]}}"#)
            .check(updating: old, subresource: "status")
        old["spec"]["suspend"] = true
        try Rule(#"{"status":{"startTime":null}}"#).check(updating: old, subresource: "status")
    }

    static let indexes: [Rule] = [
        Rule(#"{"completedIndexes":"0-2,4","failedIndexes":"3"}"#), Rule(#"{"succeeded":null}"#),
        Rule(
            #"{"completedIndexes":"3,5"}"#, #"status.completedIndexes: Invalid value: "3,5": error parsing completedIndexes: too large index: "5""#),
        Rule(
            #"{"failedIndexes":"a"}"#,
            #"status.failedIndexes: Invalid value: "a": error parsing failedIndexes: cannot convert string to integer for index: "a""#),
        Rule(
            #"{"completedIndexes":"0,2-4","failedIndexes":"1,3"}"#,
            #"status.failedIndexes: Invalid value: "1,3": failedIndexes and completedIndexes overlap at index: 3"#),
    ]

    @Test(arguments: indexes) func `indexes are counted once`(_ change: Rule) throws {
        var old = Self.running()
        old["spec"]["completionMode"] = "Indexed"
        old["spec"]["completions"] = 5
        old["spec"]["parallelism"] = 5
        old["spec"]["backoffLimitPerIndex"] = 1
        try Rule(#"{"status":\#(change.patch)}"#, list: change.problems).check(updating: old, subresource: "status")
    }
}
