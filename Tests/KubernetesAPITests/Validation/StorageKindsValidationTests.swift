import ObjectModel
import Testing

@Suite struct StorageKindsValidationTests {
    private static func object(_ kind: String, _ spec: Value) -> Value {
        ["apiVersion": "storage.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "a.example.com"], "spec": spec]
    }

    // MARK: Drivers

    static let driver = object("CSIDriver", ["volumeLifecycleModes": ["Persistent"], "tokenRequests": [["audience": "a"]]])

    static let drivers: [Rule] = [
        Rule("{}"), Rule(#"{"serviceAccountTokenInSecrets":true,"nodeAllocatableUpdatePeriodSeconds":10}"#),
        Rule(
            #"{"volumeLifecycleModes":["Forever"]}"#,
            #"spec.volumeLifecycleModes: Unsupported value: "Forever": supported values: "Persistent", "Ephemeral""#),
        Rule(
            #"{"fsGroupPolicy":"X"}"#,
            #"spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType""#),
        Rule(
            #"{"tokenRequests":[{"audience":"a","expirationSeconds":599},{"audience":"a"},{"audience":"b","expirationSeconds":4294967297}]}"#,
            "spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
            #"spec.tokenRequests[1].audience: Duplicate value: "a""#,
            "spec.tokenRequests[2].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"),
        Rule(
            #"{"nodeAllocatableUpdatePeriodSeconds":9}"#,
            "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds"),
        Rule(
            #"{"serviceAccountTokenInSecrets":true,"tokenRequests":null}"#,
            "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests are specified"),
    ]

    @Test(arguments: drivers) func `a driver keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.driver) }

    @Test func `how a driver attaches can't change`() throws {
        try Rule(#"{"spec":{"podInfoOnMount":true}}"#).check(updating: Self.driver)
        try Rule(
            #"{"spec":{"attachRequired":false,"volumeLifecycleModes":["Ephemeral"]}}"#,
            "spec.attachedRequired: Invalid value: false: field is immutable",
            #"spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable"#
        ).check(updating: Self.driver)
    }

    static let node = object("CSINode", ["drivers": [["name": "a.b", "nodeID": "n", "topologyKeys": ["zone"]]]])

    static let nodes: [Rule] = [
        Rule("{}"),
        Rule(
            #"{"drivers":[{"name":"","nodeID":"","allocatable":{"count":-1}}]}"#, "spec.drivers[0].name: Required value",
            "spec.drivers[0].nodeID: Required value",
            "spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0"),
        Rule(
            #"{"drivers":[{"name":"a.b","nodeID":"n","topologyKeys":["zone","zone"]},{"name":"a.b","nodeID":"n"}]}"#,
            #"spec.drivers[0]: Duplicate value: "zone""#, #"spec.drivers[1].name: Duplicate value: "a.b""#),
    ]

    @Test(arguments: nodes) func `a node's drivers keep their rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.node) }

    @Test func `of a driver on a node only its room changes`() throws {
        try Rule(#"{"spec":{"drivers":[{"name":"a.b","nodeID":"n","topologyKeys":["zone"],"allocatable":{"count":3}},{"name":"c","nodeID":"n"}]}}"#)
            .check(updating: Self.node)
        try Rule(#"{"spec":{"drivers":[]}}"#).check(updating: Self.node)
        try Rule(
            #"{"spec":{"drivers":[{"name":"a.b","nodeID":"other","topologyKeys":["zone"]}]}}"#,
            #"spec.drivers: Invalid value: {"name":"a.b","nodeID":"other","topologyKeys":["zone"]}: field is immutable"#
        ).check(updating: Self.node)
    }

    @Test func `room is where and of what class it was`() throws {
        let capacity: Value = [
            "apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity", "metadata": ["name": "a", "namespace": "default"],
            "storageClassName": "fast", "nodeTopology": ["matchLabels": ["zone": "a"]], "capacity": "1Gi",
        ]
        try Rule("{}").check(capacity)
        try Rule(#"{"capacity":"-1"}"#, #"capacity: Invalid value: "-1": must be greater than or equal to 0"#).check(capacity)
        try Rule(
            #"{"nodeTopology":{"matchExpressions":[{"key":"a","operator":"Is"}]}}"#,
            #"nodeTopology.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator"#
        ).check(capacity)
        try Rule(#"{"capacity":"2Gi"}"#).check(updating: capacity)
        try Rule(
            #"{"storageClassName":"slow","nodeTopology":null}"#, #"nodeTopology: Invalid value: "null": field is immutable"#,
            #"storageClassName: Invalid value: "slow": field is immutable"#
        ).check(updating: capacity)
    }

    // MARK: Attachments

    static let attachment = object("VolumeAttachment", ["attacher": "a.b", "nodeName": "n", "source": ["persistentVolumeName": "v"]])

    static let attachments: [Rule] = [
        Rule("{}"),
        Rule(#"{"attacher":""}"#, "spec.attacher: Required value"),
        Rule(
            #"{"source":{"inlineVolumeSpec":{"accessModes":["ReadWriteOnce"],"csi":{"driver":"a.b","volumeHandle":"h"}},"persistentVolumeName":null}}"#
        ),
        Rule(
            #"{"source":{"inlineVolumeSpec":{"capacity":{"storage":"1Gi"}},"persistentVolumeName":null}}"#,
            "spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes",
            "spec.source.inlineVolumeSpec.accessModes: Required value",
            "spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes"),
        Rule(
            #"{"source":{"inlineVolumeSpec":{}}}"#,
            "spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName"),
        Rule(
            #"{"source":{"persistentVolumeName":""}}"#,
            "spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName"),
    ]

    @Test(arguments: attachments) func `an attachment keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.attachment) }

    @Test func `an attachment is for good, and tells how it went`() throws {
        try Rule(#"{"status":{"attached":true,"attachError":{"message":"m","errorCode":5}}}"#).check(updating: Self.attachment, subresource: "status")
        try Rule(
            #"{"status":{"attached":false,"detachError":{"message":"m","errorCode":-5}}}"#,
            "status.detachError.errorCode: Invalid value: -5: must be between 0 and 2147483647, inclusive"
        ).check(updating: Self.attachment, subresource: "status")
        let spec = #"{"attacher":"a.b","nodeName":"other","source":{"persistentVolumeName":"v"}}"#
        try Rule(#"{"spec":{"nodeName":"other"}}"#, "spec: Invalid value: \(spec): field is immutable").check(updating: Self.attachment)
    }

    // MARK: Classes

    @Test func `a class stays what it is`() throws {
        let storage: Value = [
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": ["name": "fast"], "provisioner": "example.com/p",
            "parameters": ["a": "b"],
        ]
        try Rule(#"{"reclaimPolicy":"Retain","allowVolumeExpansion":true}"#).check(storage)
        try Rule(
            #"{"reclaimPolicy":"Recycle","volumeBindingMode":"Later","parameters":{"":"x"}}"#,
            #"parameters: Invalid value: "": field can not be empty."#,
            #"reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain""#,
            #"volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer""#
        ).check(storage)
        try Rule(#"{"allowVolumeExpansion":true}"#).check(updating: storage)
        try Rule(
            #"{"parameters":{"a":"c"},"provisioner":"other","reclaimPolicy":"Retain"}"#,
            "parameters: Forbidden: updates to parameters are forbidden.", "provisioner: Forbidden: updates to provisioner are forbidden.",
            "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden."
        ).check(updating: storage)
        let long = String(repeating: "x", count: 256 * 1024)
        try Rule(#"{"parameters":{"a":"\#(long)"}}"#, "parameters: Too long: may not be more than 262144 bytes").check(storage)
    }

    @Test func `what may change in a volume stays as it is`() throws {
        let attributes: Value = [
            "apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": ["name": "gold"], "driverName": "a.b",
            "parameters": ["iops": "1"],
        ]
        try Rule("{}").check(attributes)
        try Rule(
            #"{"driverName":"","parameters":null}"#, "driverName: Required value",
            "parameters: Required value: must contain at least one key/value pair"
        ).check(attributes)
        try Rule(#"{"parameters":{"iops":"2"}}"#, "parameters: Forbidden: updates to parameters are forbidden.").check(updating: attributes)
    }
}
