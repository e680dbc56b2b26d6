import ObjectModel
import Testing

@Suite struct WorkloadValidationTests {
    static func workload(_ apiVersion: String, _ kind: String, _ more: Value = [:]) -> Value {
        let object: Value = [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "metadata": ["name": "web", "namespace": "default", "uid": "u"],
            "spec": [
                "selector": ["matchLabels": ["app": "web"]],
                "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]],
            ],
        ]
        return object.applying(mergePatch: ["spec": more])
    }

    static let deployment = workload("apps/v1", "Deployment")

    static let always = #"spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always""#

    static let deployments: [Rule] = [
        Rule(#"{}"#),
        Rule(#"{"replicas":-1}"#, "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        Rule(
            #"{"selector":null}"#, "spec.selector: Required value",
            #"spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`"#),
        Rule(#"{"selector":{"matchLabels":null}}"#, "spec.selector: Invalid value: {}: empty selector is invalid for deployment"),
        Rule(
            #"{"selector":{"matchLabels":{"app":"other"}}}"#,
            #"spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`"#),
        Rule(
            #"{"selector":{"matchExpressions":[{"key":"app","operator":"In"}]}}"#,
            "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            #"spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"In"}],"matchLabels":{"app":"web"}}: invalid label selector"#
        ),
        Rule(
            #"{"template":{"metadata":{"labels":{"x":"-"}}}}"#,
            #"spec.template.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"#
        ),
        Rule(#"{"template":{"spec":{"restartPolicy":"Never"}}}"#, always),
        Rule(
            #"{"template":{"spec":{"activeDeadlineSeconds":5}}}"#,
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"),
        Rule(#"{"template":{"spec":{"containers":[]}}}"#, "spec.template.spec.containers: Required value"),
        Rule(#"{"strategy":{"type":"Fast"}}"#, #"spec.strategy: Unsupported value: {"type":"Fast"}: supported values: "Recreate", "RollingUpdate""#),
        Rule(
            #"{"strategy":{"type":"Recreate","rollingUpdate":{"maxSurge":1}}}"#,
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"),
        Rule(
            #"{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":"0%"}}}"#,
            #"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0"#),
        Rule(
            #"{"strategy":{"rollingUpdate":{"maxUnavailable":"101%"}}}"#,
            #"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%"#),
        Rule(#"{"minReadySeconds":600}"#, "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"),
    ]

    @Test(arguments: deployments) func `a deployment keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.deployment) }

    @Test(arguments: ["Deployment", "ReplicaSet", "DaemonSet"]) func `a selector can't change`(_ kind: String) throws {
        var changed = Self.workload("apps/v1", kind)
        let old = changed
        changed["spec"]["selector"]["matchLabels"]["tier"] = "a"
        changed["spec"]["template"]["metadata"]["labels"]["tier"] = "a"
        #expect(
            try Rule.problems(changed, old: old) == [#"spec.selector: Invalid value: {"matchLabels":{"app":"web","tier":"a"}}: field is immutable"#])
    }

    static let statefulSets: [Rule] = [
        Rule(#"{}"#),
        Rule(#"{"podManagementPolicy":"Any"}"#, #"spec.podManagementPolicy: Invalid value: "Any": must be 'OrderedReady' or 'Parallel'"#),
        Rule(
            #"{"updateStrategy":{"rollingUpdate":{"partition":-1}}}"#,
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"),
        Rule(
            #"{"updateStrategy":{"type":"Never"}}"#, #"spec.updateStrategy: Invalid value: {"type":"Never"}: must be 'RollingUpdate' or 'OnDelete'"#),
        Rule(#"{"template":{"spec":{"restartPolicy":"Never"}}}"#, always),
        Rule(
            #"{"persistentVolumeClaimRetentionPolicy":{"whenDeleted":"Keep","whenScaled":"Retain"}}"#,
            #"spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete""#),
    ]

    @Test(arguments: statefulSets) func `a stateful set keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(Self.workload("apps/v1", "StatefulSet", ["serviceName": "web"]))
    }

    @Test func `of a stateful set only some fields may change`() throws {
        let old = Self.workload("apps/v1", "StatefulSet", ["serviceName": "web"])
        try Rule(#"{"spec":{"replicas":3,"minReadySeconds":5,"template":{"spec":{"hostname":"x"}}}}"#).check(updating: old)
        try Rule(
            #"{"spec":{"serviceName":"other"}}"#,
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        ).check(updating: old)
    }

    static let daemonSets: [Rule] = [
        Rule(#"{}"#),
        Rule(
            #"{"updateStrategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":1}}}"#,
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"),
        Rule(
            #"{"updateStrategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":0}}}"#,
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"),
        Rule(
            #"{"updateStrategy":{"type":"Never"}}"#,
            #"spec.updateStrategy: Unsupported value: {"type":"Never"}: supported values: "OnDelete", "RollingUpdate""#),
        Rule(#"{"template":{"spec":{"restartPolicy":"Never"}}}"#, always),
    ]

    @Test(arguments: daemonSets) func `a daemon set keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(Self.workload("apps/v1", "DaemonSet"))
    }

    // MARK: Jobs

    private static let ownLabels: Value = [
        "controller-uid": "u", "job-name": "web", "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "web",
    ]

    static let job = workload(
        "batch/v1", "Job",
        [
            "completions": 1, "parallelism": 1, "selector": .object(["matchLabels": .object(["app": .null, "controller-uid": "u"])]),
            "template": ["metadata": ["labels": ownLabels], "spec": ["restartPolicy": "Never"]],
        ])

    static let jobs: [Rule] = [
        Rule(#"{}"#),
        Rule(#"{"parallelism":-1}"#, "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"),
        Rule(
            #"{"completionMode":"Indexed","completions":null,"parallelism":2}"#, "spec.completions: Required value: when completion mode is Indexed"),
        Rule(
            #"{"template":{"spec":{"restartPolicy":null}}}"#, #"spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never""#
        ),
        Rule(#"{"backoffLimitPerIndex":1}"#, "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"),
        Rule(
            #"{"podFailurePolicy":{"rules":[{"action":"Stop","onExitCodes":{"operator":"In","values":[0]}}]}}"#,
            #"spec.podFailurePolicy.rules[0].action: Unsupported value: "Stop": supported values: "Count", "FailIndex", "FailJob", "Ignore""#,
            "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator"),
        Rule(
            #"{"podFailurePolicy":{"rules":[{"action":"FailJob"}]}}"#,
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required"),
        Rule(#"{"successPolicy":{"rules":[{"succeededCount":1}]}}"#, "spec.successPolicy: Invalid value: requires indexed completion mode"),
        Rule(
            #"{"selector":{"matchLabels":{"app":"web","controller-uid":null}},"template":{"metadata":{"labels":{"app":"web","job-name":null}}}}"#,
            "spec.template.metadata.labels[job-name]: Required value: must be 'web'",
            #"spec.selector: Invalid value: {"matchLabels":{"app":"web"}}: `selector` not auto-generated"#),
        Rule(
            #"{"completionMode":"Indexed","completions":5,"successPolicy":{"rules":[{"succeededIndexes":"0-2,2"},{"succeededIndexes":"0,2","succeededCount":3}]}}"#,
            #"spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-2,2": error parsing succeededIndexes: non-increasing order, previous: 2, current: 2"#,
            "spec.successPolicy.rules[1].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)"
        ),
        Rule(
            #"{"podFailurePolicy":{"rules":[{"action":"Count","onExitCodes":{"operator":"In","values":[2,1,2]}}]}}"#,
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1,2]: must be ordered"),
        Rule(
            #"{"managedBy":"me"}"#,
            #"spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")"#),
        Rule(
            #"{"completionMode":"Indexed","completions":3,"maxFailedIndexes":4,"backoffLimitPerIndex":1}"#,
            "spec.maxFailedIndexes: Invalid value: 4: must be less than or equal to completions"),
    ]

    @Test(arguments: jobs) func `a job keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.job) }

    @Test func `a job's template can't change once it runs`() throws {
        let patch = #"{"spec":{"template":{"spec":{"nodeSelector":{"disk":"ssd"}}}}}"#
        var old = Self.job
        #expect(try Rule.problems(old.applying(mergePatch: Value(json: patch)), old: old).map { $0.hasSuffix("field is immutable") } == [true])
        old["spec"]["suspend"] = true
        try Rule(patch).check(updating: old)
        // Begun, and stopped again.
        old["status"]["startTime"] = "2026-01-01T00:00:00Z"
        #expect(try Rule.problems(old.applying(mergePatch: Value(json: patch)), old: old).count == 1)
        old["status"]["conditions"] = [["type": "Suspended", "status": "True"]]
        try Rule(patch).check(updating: old)
        try Rule(#"{"spec":{"parallelism":7,"suspend":true}}"#).check(updating: Self.job)
        try Rule(#"{"spec":{"completions":7}}"#, "spec.completions: Invalid value: 7: field is immutable").check(updating: Self.job)
    }

    static let cronJob: Value = [
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": ["name": "nightly"],
        "spec": [
            "schedule": "*/5 1-3 * jan MON-FRI",
            "jobTemplate": ["spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]]]],
        ],
    ]

    static let cronJobs: [Rule] = [
        Rule(#"{}"#), Rule(#"{"schedule":"@daily"}"#), Rule(#"{"schedule":"0 0 1,15 * 3"}"#), Rule(#"{"timeZone":"Europe/Berlin"}"#),
        Rule(#"{"schedule":""}"#, "spec.schedule: Required value"),
        Rule(#"{"schedule":"* * * *"}"#, #"spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]"#),
        Rule(#"{"schedule":"60 * * * *"}"#, #"spec.schedule: Invalid value: "60 * * * *": end of range (60) above maximum (59): 60"#),
        Rule(
            #"{"schedule":"CRON_TZ=UTC 0 * * * *"}"#,
            #"spec.schedule: Invalid value: "CRON_TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"#),
        Rule(#"{"timeZone":"a/../b"}"#, #"spec.timeZone: Invalid value: "a/../b": unknown time zone a/../b"#),
        Rule(
            #"{"timeZone":"local"}"#,
            #"spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"#),
        Rule(#"{"concurrencyPolicy":"X"}"#, #"spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace""#),
        Rule(
            #"{"jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Always"}}}}}"#,
            #"spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never""#),
    ]

    @Test(arguments: cronJobs) func `a cron job keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.cronJob) }

    @Test func `a replication controller keeps its rules`() throws {
        let controller: Value = [
            "apiVersion": "v1", "kind": "ReplicationController", "metadata": ["name": "web"],
            "spec": [
                "selector": ["app": "web"],
                "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]],
            ],
        ]
        try Rule(#"{}"#).check(controller)
        try Rule(
            #"{"spec":{"selector":{"app":"x"}}}"#,
            #"spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`"#
        ).check(controller)
        try Rule(#"{"spec":{"template":null}}"#, "spec.template: Required value").check(controller)
    }
}
