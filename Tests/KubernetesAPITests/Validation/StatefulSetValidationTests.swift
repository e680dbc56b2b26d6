import ObjectModel
import Testing

@Suite struct StatefulSetValidationTests {
    private static let claim: Value = [
        "metadata": ["name": "data"],
        "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
    ]

    private static func set(_ more: Value = [:]) -> Value {
        var set = WorkloadValidationTests.workload("apps/v1", "StatefulSet", ["serviceName": "web", "volumeClaimTemplates": [claim]])
        set["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [["name": "data", "mountPath": "/data"]]
        return set.applying(mergePatch: ["spec": more])
    }

    @Test func `a claim may be mounted by its name`() throws {
        try Rule("{}").check(Self.set())
        try Rule(#"{"spec":{"template":{"spec":{"volumes":[{"name":"data"}]}}}}"#).check(Self.set())
        try Rule(#"{"spec":{"volumeClaimTemplates":null}}"#, #"spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data""#)
            .check(Self.set())
    }

    @Test func `claims keep the rules of claims`() throws {
        var wrong = Self.set()
        wrong["spec"]["volumeClaimTemplates"][0]["spec"]["accessModes"] = nil
        let problem = "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required"
        #expect(try Rule.problems(wrong) == [problem])
        // What is there already does not stop a change of something else.
        var scaled = wrong
        scaled["spec"]["replicas"] = 3
        #expect(try Rule.problems(scaled, old: wrong) == [])
    }

    @Test func `a template that was wrong before may stay so`() throws {
        let wrong = Self.set(["template": ["spec": ["dnsPolicy": "Never"]]])
        var scaled = wrong
        scaled["spec"]["replicas"] = 3
        #expect(try Rule.problems(scaled, old: wrong) == [])
        #expect(try Rule.problems(wrong, old: Self.set()).count == 1)
    }

    static let rules: [Rule] = [
        Rule(#"{"serviceName":""}"#),
        Rule(#"{"serviceName":"a.b"}"#, #"spec.serviceName: Invalid value: "a.b": must not contain dots"#),
        Rule(#"{"ordinals":{"start":-1}}"#, "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"),
        Rule(#"{"revisionHistoryLimit":-1}"#, "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"),
        Rule(
            #"{"template":{"spec":{"activeDeadlineSeconds":5}}}"#,
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet is not Supported"),
        Rule(
            #"{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0}}}"#,
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"),
        Rule(
            #"{"updateStrategy":{"type":"OnDelete","rollingUpdate":{"partition":1}}}"#,
            #"spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate'"#),
    ]

    @Test(arguments: rules) func `a stateful set keeps its own rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.set()) }

    @Test func `its name can be a host's`() throws {
        try Rule(#"{"metadata":{"name":"a.b"}}"#, #"metadata.name: Invalid value: "a.b": must not contain dots"#).check(Self.set())
    }

    @Test func `the claims can't change`() throws {
        var grown = Self.set()
        grown["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "2Gi"
        let found = try Rule.problems(grown, old: Self.set())
        #expect(found.count == 1 && found[0].hasPrefix("spec: Forbidden: updates to statefulset spec for fields other than 'replicas', "))
    }

    // MARK: Its relatives

    @Test func `a revision says what it is of, for good`() throws {
        let revision: Value = [
            "apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": ["name": "web-1", "namespace": "default"], "revision": 1,
            "data": ["spec": ["a": 1]],
        ]
        try Rule("{}").check(revision)
        try Rule(
            #"{"data":null,"revision":-1}"#, "data: Required value: data is mandatory",
            "revision: Invalid value: -1: must be greater than or equal to 0"
        ).check(revision)
        try Rule(#"{"revision":2}"#).check(updating: revision)
        try Rule(#"{"data":{"spec":{"a":2}}}"#, #"data: Invalid value: {"spec":{"a":2}}: field is immutable"#).check(updating: revision)
    }

    @Test(arguments: ["Deployment", "ReplicaSet", "DaemonSet"]) func `a disk of several pods is read only`(_ kind: String) throws {
        let volumes: Value = [["name": "d", "gcePersistentDisk": ["pdName": "p"]]]
        var set = WorkloadValidationTests.workload("apps/v1", kind, ["template": ["spec": ["volumes": volumes]]])
        if kind != "DaemonSet" { set["spec"]["replicas"] = 2 }
        let problem =
            "spec.template.spec.volumes[0].gcePersistentDisk.readOnly: Invalid value: false: must be true for replicated pods > 1; "
            + "GCE PD can only be mounted on multiple machines if it is read-only"
        try Rule(#"{"spec":{"template":{"spec":{"volumes":[{"name":"d","gcePersistentDisk":{"pdName":"p","readOnly":true}}]}}}}"#).check(set)
        #expect(try Rule.problems(set) == [problem])
        #expect(try Rule.problems(set, old: set) == [])
    }

    @Test func `a budget tells its conditions in the standard form`() throws {
        let budget: Value = [
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": ["name": "web", "namespace": "default"],
            "spec": ["minAvailable": 1],
            "status": [
                "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1,
                "conditions": [
                    [
                        "type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods", "message": "",
                        "lastTransitionTime": "2026-01-01T00:00:00Z",
                    ]
                ],
            ],
        ]
        try Rule(#"{"status":{"expectedPods":2}}"#).check(updating: budget, subresource: "status")
        try Rule(
            #"{"status":{"disruptionsAllowed":-1,"conditions":[{"type":"A","status":"Yes","reason":"","message":"","lastTransitionTime":null},{"type":"A","status":"True","reason":"B","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"#,
            #"status.conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown""#,
            "status.conditions[0].lastTransitionTime: Required value: must be set", "status.conditions[0].reason: Required value: must be set",
            #"status.conditions[1].type: Duplicate value: "A""#,
            "status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0"
        ).check(updating: budget, subresource: "status")
    }
}
