import ObjectModel
import Testing

/// The rules of the smaller kinds: each row is an object, and what is wrong with it.
@Suite struct ClusterValidationTests {
    private static let emptyKey =
        #"data[]: Invalid value: "": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"#

    static let creations: [Rule] = [
        // Config maps and secrets
        Rule(#"{"apiVersion":"v1","kind":"ConfigMap","data":{"a.b_C-1":"x"}}"#),
        Rule(#"{"apiVersion":"v1","kind":"ConfigMap","data":{"":"x"}}"#, emptyKey),
        Rule(#"{"apiVersion":"v1","kind":"Secret","data":{"":"eA=="}}"#, emptyKey),
        Rule(
            #"{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"x"},"binaryData":{"a":"eA=="}}"#,
            #"data[a]: Invalid value: "a": duplicate of key present in binaryData"#),
        Rule(
            #"{"apiVersion":"v1","kind":"ConfigMap","data":{"a/b":"x"}}"#,
            #"data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"#
        ),
        Rule(
            #"{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls","data":{"tls.crt":"eA=="}}"#, "data[tls.key]: Required value"),
        Rule(
            #"{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/basic-auth"}"#, "data[username]: Required value",
            "data[password]: Required value"),
        Rule(
            #"{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token"}"#,
            "metadata.annotations[kubernetes.io/service-account.name]: Required value"),
        Rule(
            #"{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"eA=="}}"#,
            #"data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character 'x' looking for beginning of value"#),

        // Nodes and classes
        Rule(
            #"{"apiVersion":"node.k8s.io/v1","kind":"RuntimeClass","handler":"h","scheduling":{"tolerations":[{"key":"a","operator":"Is"},{"key":"a","operator":"Is"}]}}"#,
            #"scheduling.tolerations.tolerations[0].operator: Unsupported value: "Is": supported values: "Equal", "Exists""#,
            #"scheduling.tolerations.tolerations[1].operator: Unsupported value: "Is": supported values: "Equal", "Exists""#,
            #"scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Is"}"#),
        Rule(
            #"{"apiVersion":"v1","kind":"Node","spec":{"taints":[{"key":"a","effect":"Never"},{"key":"b"}]}}"#,
            #"metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#,
            "metadata.taints[1].effect: Required value"),
        Rule(
            #"{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","value":2000000000}"#,
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
        Rule(
            #"{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"system-x"},"value":1}"#,
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class"
        ),
        Rule(#"{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","metadata":{"name":"system-node-critical"},"value":2000001000}"#),
        Rule(
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"leaseDurationSeconds":0}}"#,
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"),
        Rule(#"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"preferredHolder":"a","strategy":"example.com/Best"}}"#),
        Rule(
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"leaseTransitions":-1,"preferredHolder":"a"}}"#,
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
            "spec.preferredHolder: Forbidden: may only be specified when `strategy` is defined"),
        Rule(
            #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"strategy":"Best"}}"#,
            #"spec.strategy: Unsupported value: "Best": supported values: "OldestEmulationVersion""#),
        Rule(
            #"{"apiVersion":"v1","kind":"Event","metadata":{"namespace":"a"},"involvedObject":{"namespace":"b"}}"#,
            #"involvedObject.namespace: Invalid value: "b": does not match event.namespace"#),

        // Limits
        Rule(
            #"{"apiVersion":"v1","kind":"LimitRange","spec":{"limits":[{"type":"Pod","min":{"cpu":"2"},"max":{"cpu":"1"}}]}}"#,
            #"spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1"#),
        Rule(
            #"{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"tea":"1","pods":"1500m","count/pods":"3"}}}"#,
            #"spec.hard[pods]: Invalid value: "1500m": must be an integer"#,
            #"spec.hard[tea]: Invalid value: "tea": must be a standard resource type or fully qualified"#,
            #"spec.hard[tea]: Invalid value: "tea": must be a standard resource for quota"#),
        Rule(
            #"{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"pods":"1","cpu":"1"},"scopes":["BestEffort","NotBestEffort"]}}"#,
            #"spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: unsupported scope applied to resource"#,
            #"spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes"#),
        Rule(
            #"{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"Terminating","operator":"In"}]}}}"#,
            #"spec.scopeSelector.matchExpressions.operator: Invalid value: "In": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"#,
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
        ),
        Rule(
            #"{"apiVersion":"v1","kind":"LimitRange","spec":{"limits":[{"type":"Container","min":{"cpu":"1"},"max":{"cpu":"2"},"maxLimitRequestRatio":{"cpu":"3"},"default":{"tea":"1"}}]}}"#,
            #"spec.limits[0].default[tea]: Invalid value: "tea": must be a standard resource type or fully qualified"#,
            #"spec.limits[0].default[tea]: Invalid value: "tea": must be a standard resource for containers"#,
            #"spec.limits[0].defaultRequest[tea]: Invalid value: "tea": must be a standard resource type or fully qualified"#,
            #"spec.limits[0].defaultRequest[tea]: Invalid value: "tea": must be a standard resource for containers"#,
            #"spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000"#),
        Rule(
            #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Event","name":"e","uid":"1","controller":true},{"apiVersion":"a/b/c","kind":"K","name":"n","uid":"","controller":true}],"finalizers":["orphan","foregroundDeletion"]}}"#,
            #"metadata.ownerReferences: Invalid value: {"apiVersion":"v1","controller":true,"kind":"Event","name":"e","uid":"1"}: /v1, Kind=Event is disallowed from being an owner"#,
            #"metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty"#,
            #"metadata.ownerReferences.uid: Invalid value: "": must not be empty"#,
            #"metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","controller":true,"kind":"Event","name":"e","uid":"1"},{"apiVersion":"a/b/c","controller":true,"kind":"K","name":"n","uid":""}]: Only one reference can have Controller set to true. Found "true" in references for Event/e and K/n"#,
            #"metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set"#),
        Rule(
            #"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","spec":{"minAvailable":1,"maxUnavailable":"x"}}"#,
            #"spec: Invalid value: {"maxUnavailable":"x","minAvailable":1}: minAvailable and maxUnavailable cannot be both set"#,
            #"spec.maxUnavailable: Invalid value: "x": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"#
        ),
        Rule(
            #"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","spec":{"maxReplicas":1,"minReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"web"}}}"#,
            "spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`"),
        Rule(
            #"{"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler","spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"}}}"#,
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"),

        Rule(
            #"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","spec":{"maxReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"web"},"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization"}}},{"type":"Pods","pods":{"metric":{"name":"m"},"target":{"type":"Value","value":"1"}}}]}}"#,
            "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
            "spec.metrics[1].pods.target.averageValue: Required value: must specify a positive target averageValue"),

        // Access
        Rule(
            #"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","rules":[{"verbs":[],"nonResourceURLs":["/x"]},{"verbs":["get"],"apiGroups":[""]}]}"#,
            "rules[0].verbs: Required value: verbs must contain at least one value",
            #"rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs"#,
            "rules[1].resources: Required value: resource rules must supply at least one resource"),
        Rule(
            #"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"ServiceAccount","name":"s"},{"kind":"Robot","name":"r"}]}"#,
            #"roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole""#, "subjects[0].namespace: Required value",
            #"subjects[1].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group""#),

        Rule(
            #"{"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"FlowSchema","spec":{"matchingPrecedence":1,"priorityLevelConfiguration":{"name":"p"},"rules":[{"subjects":[{"kind":"User","group":{"name":"g"}}],"nonResourceRules":[{"verbs":["see"],"nonResourceURLs":["x"]}]}]}}"#,
            "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
            "spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'User'",
            "spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
            #"spec.rules[0].nonResourceRules[0].verbs: Unsupported value: ["see"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch""#,
            #"spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "x": must start with slash"#),
        Rule(
            #"{"apiVersion":"flowcontrol.apiserver.k8s.io/v1","kind":"PriorityLevelConfiguration","spec":{"type":"Limited","limited":{"limitResponse":{"type":"Queue","queuing":{"queues":1000,"handSize":9,"queueLengthLimit":1}}}}}"#,
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 9: required entropy bits of deckSize 1000 and handSize 9 should not be greater than 60"
        ),
        Rule(
            #"{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","spec":{"cidrs":["10.1.0.0/16","10.2.0.0/16"]}}"#,
            #"spec.cidrs: Invalid value: ["10.1.0.0/16","10.2.0.0/16"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"#
        ),

        // Storage
        Rule(
            #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","spec":{"accessModes":["All"]}}"#,
            #"spec.accessModes: Unsupported value: "All": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod""#,
            "spec.resources[storage]: Required value"),
        Rule(
            #"{"apiVersion":"v1","kind":"PersistentVolume","spec":{"accessModes":["ReadWriteOnce"],"hostPath":{"path":"/x"},"nfs":{"server":"s","path":"/"}}}"#,
            "spec.capacity: Required value", #"spec.capacity: Unsupported value: null: supported values: "storage""#,
            "spec.nfs: Forbidden: may not specify more than 1 volume type"),
        Rule(#"{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass"}"#, "provisioner: Required value"),
        Rule(
            #"{"apiVersion":"storage.k8s.io/v1","kind":"VolumeAttachment","spec":{"attacher":"a","nodeName":"n"}}"#,
            "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"),

        // Extensions
        Rule(
            #"{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","webhooks":[{"name":"a.b","clientConfig":{"url":"http://x"},"admissionReviewVersions":["v2"],"sideEffects":"Some"}]}"#,
            #"webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots"#,
            #"webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun""#,
            #"webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]"#,
            #"webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1"#),
        Rule(
            #"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"crontabs","kind":"CronTab"},"versions":[{"name":"v1","served":true,"storage":true}]}}"#,
            "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"),
        Rule(
            #"{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1.example.com"},"spec":{"group":"example.com","version":"v1","groupPriorityMinimum":0,"versionPriority":1}}"#,
            "spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000"),
        Rule(
            #"{"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingAdmissionPolicyBinding","spec":{"policyName":"p","validationActions":["Stop"]}}"#,
            #"spec.validationActions[0]: Unsupported value: "Stop": supported values: "Audit", "Deny", "Warn""#),
    ]

    @Test(arguments: creations) func `an object keeps its kind's rules`(_ rule: Rule) throws {
        try rule.check(["metadata": ["name": "a"]])
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let old: String
        let patch: String
        let problems: [String]

        init(_ old: String, _ patch: String, _ problems: String...) {
            self.old = old
            self.patch = patch
            self.problems = problems
        }

        var testDescription: String { "\(old) \(patch)" }
    }

    static let changes: [Change] = [
        Change(
            #"{"apiVersion":"v1","kind":"ConfigMap","immutable":true,"data":{"a":"x"}}"#, #"{"data":{"a":"y"}}"#,
            "data: Forbidden: field is immutable when `immutable` is set"),
        Change(
            #"{"apiVersion":"v1","kind":"ConfigMap","immutable":true}"#, #"{"immutable":false}"#,
            "immutable: Forbidden: field is immutable when `immutable` is set"),
        Change(
            #"{"apiVersion":"v1","kind":"Secret","immutable":true,"data":{"a":"eA=="}}"#, #"{"data":{"a":"eQ=="}}"#,
            "data: Forbidden: field is immutable when `immutable` is set"),
        Change(
            #"{"apiVersion":"v1","kind":"Secret","immutable":true}"#, #"{"immutable":null}"#,
            "immutable: Forbidden: field is immutable when `immutable` is set"),
        Change(
            #"{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","spec":{"cidrs":["10.1.0.0/16"]}}"#, #"{"spec":{"cidrs":["10.2.0.0/16"]}}"#,
            #"spec.cidrs[0]: Invalid value: "10.2.0.0/16": field is immutable"#),
        Change(#"{"apiVersion":"v1","kind":"Secret"}"#, #"{"type":"other"}"#, #"type: Invalid value: "other": field is immutable"#),
        Change(
            #"{"apiVersion":"scheduling.k8s.io/v1","kind":"PriorityClass","value":1}"#, #"{"value":2}"#,
            "value: Forbidden: may not be changed in an update."),
        Change(
            #"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","roleRef":{"kind":"Role","name":"r"}}"#,
            #"{"roleRef":{"name":"x"}}"#,
            #"roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"x"}: cannot change roleRef"#),
        Change(
            #"{"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","provisioner":"a"}"#, #"{"provisioner":"b"}"#,
            "provisioner: Forbidden: updates to provisioner are forbidden."),
        Change(
            #"{"apiVersion":"v1","kind":"Node","spec":{"podCIDR":"10.1.0.0/24","podCIDRs":["10.1.0.0/24"]}}"#,
            #"{"spec":{"podCIDR":"10.2.0.0/24","podCIDRs":["10.2.0.0/24"]}}"#,
            #"spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid"#),
        Change(
            #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Bound"}}"#,
            #"{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}"#),
        Change(
            #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","spec":{"accessModes":["ReadWriteOnce"],"volumeMode":"Filesystem","volumeAttributesClassName":"fast","resources":{"requests":{"storage":"2Gi"}}},"status":{"phase":"Bound","capacity":{"storage":"2Gi"}}}"#,
            #"{"spec":{"volumeAttributesClassName":"","resources":{"requests":{"storage":"1Gi"}}}}"#,
            "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity",
            "spec.volumeAttributesClassName: Forbidden: update from non-nil value to an empty string is forbidden"),
        Change(
            #"{"apiVersion":"v1","kind":"PersistentVolume","spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"1Gi"},"csi":{"driver":"d","volumeHandle":"h"}}}"#,
            #"{"spec":{"csi":{"controllerExpandSecretRef":{"name":"s","namespace":"n"}}}}"#),
        Change(
            #"{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"pods":"1"},"scopes":["Terminating"]}}"#,
            #"{"spec":{"scopes":["NotTerminating"]}}"#, #"spec.scopes: Invalid value: ["NotTerminating"]: field is immutable"#),
        Change(
            #"{"apiVersion":"v1","kind":"PersistentVolumeClaim","spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}},"status":{"phase":"Pending"}}"#,
            #"{"spec":{"volumeName":"v"}}"#),
    ]

    @Test(arguments: changes) func `what may not change stays`(_ change: Change) throws {
        let old = try Value(json: change.old).applying(mergePatch: ["metadata": ["name": "a"]])
        try Rule(change.patch, list: change.problems).check(updating: old)
    }

    @Test func `a megabyte is the most that a config map holds`() throws {
        let large: Value = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": .string(String(repeating: "x", count: 1_048_577))],
        ]
        #expect(try Rule.problems(large) == ["[]: Too long: may not be more than 1048576 bytes"])
    }
}
