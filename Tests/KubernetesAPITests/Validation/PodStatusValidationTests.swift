import ObjectModel
import Testing

@Suite struct PodStatusValidationTests {
    private static func pod(_ restartPolicy: String, exitCode: Int, _ more: Value = [:]) -> Value {
        let ended: Value = ["terminated": ["exitCode": Value(exitCode)]]
        let pod: Value = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "web", "namespace": "default"],
            "spec": [
                "restartPolicy": .string(restartPolicy), "containers": [["name": "c", "image": "i:1"]],
                "initContainers": [["name": "early", "image": "i:1"], ["name": "side", "image": "i:1", "restartPolicy": "Always"]],
            ],
            "status": [
                "containerStatuses": [["name": "c", "state": ended]],
                "initContainerStatuses": [["name": "early", "state": ended], ["name": "side", "state": ended]],
                "ephemeralContainerStatuses": [["name": "look", "state": ended]],
            ],
        ]
        return pod.applying(mergePatch: more)
    }

    private static func running(_ list: String, _ index: Int, _ old: Value) -> Value {
        var pod = old
        pod["status"][list][index]["state"] = ["running": ["startedAt": "2026-01-01T00:00:00Z"]]
        return pod
    }

    static let again: [(String, Int, String, Int, Bool)] = [
        ("Always", 0, "containerStatuses", 0, true), ("OnFailure", 1, "containerStatuses", 0, true),
        ("OnFailure", 0, "containerStatuses", 0, false), ("Never", 1, "containerStatuses", 0, false),
        ("Always", 0, "initContainerStatuses", 0, true), ("Never", 1, "initContainerStatuses", 0, false),
        ("Never", 0, "initContainerStatuses", 1, true), ("Always", 1, "ephemeralContainerStatuses", 0, false),
    ]

    @Test(arguments: again) func `a container runs again only if it may`(_ policy: String, _ code: Int, _ list: String, _ index: Int, _ may: Bool)
        throws
    {
        let old = Self.pod(policy, exitCode: code)
        #expect(
            try Rule.problems(Self.running(list, index, old), old: old, subresource: "status")
                == (may ? [] : ["status.\(list)[\(index)].state: Forbidden: may not be transitioned to non-terminated state"]))
        #expect(try Rule.problems(old, old: old, subresource: "status") == [])
    }

    @Test(arguments: ["Restart", "RestartAllContainers"]) func `a rule of its own lets it run again`(_ action: String) throws {
        var old = Self.pod("Never", exitCode: 3)
        old["spec"]["containers"][0]["restartPolicy"] = "Never"
        let codes: Value = ["operator": "In", "values": [3]]
        old["spec"]["containers"][0]["restartPolicyRules"] = [["action": .string(action), "exitCodes": codes]]
        #expect(try Rule.problems(Self.running("containerStatuses", 0, old), old: old, subresource: "status") == [])
        old["spec"]["containers"][0]["restartPolicyRules"] = [["action": "Restart", "exitCodes": ["operator": "NotIn", "values": [3]]]]
        #expect(try Rule.problems(Self.running("containerStatuses", 0, old), old: old, subresource: "status").count == 1)
    }

    static let told: [Rule] = [
        Rule(#"{"observedGeneration":3,"conditions":[{"type":"a.b/c","status":"True","observedGeneration":2}]}"#),
        Rule(
            #"{"observedGeneration":-1,"conditions":[{"type":"Ready","status":"True","observedGeneration":-2}]}"#,
            "metadata.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer",
            "status.observedGeneration: Invalid value: -1: must be a non-negative integer"),
        Rule(
            #"{"containerStatuses":[{"name":"c","user":{"linux":{"uid":-1,"gid":0,"supplementalGroups":[1,-1]}}}]}"#,
            "status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "status.containerStatuses[0].linux.supplementalGroups[1]: Invalid value: -1: must be between 0 and 2147483647, inclusive"),
        Rule(
            #"{"nominatedNodeName":"A"}"#,
            #"status.nominatedNodeName: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#
        ),
        Rule(
            #"{"extendedResourceClaimStatus":{"requestMappings":[],"resourceClaimName":""}}"#,
            "status.extendedResourceClaimStatus.requestMappings: Required value: at least one request mapping is required",
            "status.extendedResourceClaimStatus.resourceClaimName: Required value"),
    ]

    @Test(arguments: told) func `what is told of a pod keeps its rules`(_ change: Rule) throws {
        let rule = Rule(#"{"status":\#(change.patch)}"#, list: change.problems)
        try rule.check(updating: PodValidationTests.pod, subresource: "status")
    }
}
