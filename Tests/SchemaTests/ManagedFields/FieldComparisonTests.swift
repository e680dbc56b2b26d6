import KubernetesAPI
import ObjectModel
import Testing

@testable import Schema

@Suite struct FieldComparisonTests {
    static func type(_ kind: String) throws -> TypeDefinition {
        try #require(Catalog.builtIn.resources.first { $0.kind == kind && $0.isStored }).type
    }

    static func completed(_ object: Value, _ kind: String) throws -> Value {
        var object = object
        _ = try SchemaDecoder.decode(&object, as: type(kind))
        Defaulter.apply(to: &object, type: try type(kind))
        return object
    }

    static let deployment: Value = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "labels": ["app": "web"]],
        "spec": [
            "selector": ["matchLabels": ["app": "web"]],
            "template": [
                "metadata": ["labels": ["app": "web"]],
                "spec": ["containers": [["name": "nginx", "image": "nginx", "ports": [["containerPort": 80]]]]],
            ],
        ],
    ]

    /// What an upstream server writes for this Deployment, but for `metadata.name`, which is never owned.
    @Test func aNewObjectHasTheFieldsThatUpstreamGivesIt() throws {
        let object = try Self.completed(Self.deployment, "Deployment")
        let fields = FieldComparison(from: nil, to: object, type: try Self.type("Deployment")).changed
        let spec = fields.json["f:spec"]
        let expected: Value = [
            "f:progressDeadlineSeconds": [:], "f:replicas": [:], "f:revisionHistoryLimit": [:], "f:selector": [:],
            "f:strategy": ["f:rollingUpdate": [".": [:], "f:maxSurge": [:], "f:maxUnavailable": [:]], "f:type": [:]],
            "f:template": [
                "f:metadata": ["f:labels": [".": [:], "f:app": [:]]],
                "f:spec": [
                    "f:containers": [
                        "k:{\"name\":\"nginx\"}": [
                            ".": [:], "f:image": [:], "f:imagePullPolicy": [:], "f:name": [:],
                            "f:ports": [
                                ".": [:], "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": [".": [:], "f:containerPort": [:], "f:protocol": [:]],
                            ],
                            "f:resources": [:], "f:terminationMessagePath": [:], "f:terminationMessagePolicy": [:],
                        ]
                    ],
                    "f:dnsPolicy": [:], "f:restartPolicy": [:], "f:schedulerName": [:], "f:securityContext": [:],
                    "f:terminationGracePeriodSeconds": [:],
                ],
            ],
        ]
        #expect(spec == expected)
        #expect(fields.json["f:metadata"]["f:labels"] == [".": [:], "f:app": [:]])
    }

    @Test func equalObjectsDifferInNothing() throws {
        let object = try Self.completed(Self.deployment, "Deployment")
        #expect(FieldComparison(from: object, to: object, type: try Self.type("Deployment")).isSame)
    }

    @Test func aChangeIsThePathOfTheLeafThatChanged() throws {
        let old = try Self.completed(Self.deployment, "Deployment")
        var new = old
        new["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"
        new["spec"]["replicas"] = 3
        new.metadata["labels"] = ["tier": "front"]
        let change = FieldComparison(from: old, to: new, type: try Self.type("Deployment"))
        #expect(
            change.changed.paths.map(PathElement.describe) == [
                ".metadata.labels.tier", ".spec.replicas", ".spec.template.spec.containers[name=\"nginx\"].image",
            ])
        #expect(change.removed.paths.map(PathElement.describe) == [".metadata.labels.app"])
    }

    @Test func elementsOfAnAssociativeListAreToldApartByTheirKeysAndDefaults() throws {
        let type = try Self.type("Service")
        let old: Value = ["spec": ["ports": [["port": 53], ["port": 53, "protocol": "UDP"]]]]
        let new: Value = ["spec": ["ports": [["port": 53, "protocol": "UDP"], ["port": 53, "protocol": "TCP", "name": "dns"]]]]
        let change = FieldComparison(from: old, to: new, type: type)
        #expect(
            change.changed.paths.map(PathElement.describe) == [
                ".spec.ports[port=53,protocol=\"TCP\"].name", ".spec.ports[port=53,protocol=\"TCP\"].protocol",
            ])
        #expect(change.removed.isEmpty)
    }

    @Test func whatGoesIsRemovedWithAllThatItHeld() throws {
        let type = try Self.type("Deployment")
        let old = try Self.completed(Self.deployment, "Deployment")
        var new = old
        new["spec"]["template"]["spec"]["containers"][0]["ports"] = .null
        let change = FieldComparison(from: old, to: new, type: type)
        #expect(change.changed.isEmpty)
        #expect(
            change.removed.paths.map { PathElement.describe($0.dropFirst(6)) } == [
                "", "[containerPort=80,protocol=\"TCP\"]", "[containerPort=80,protocol=\"TCP\"].containerPort",
                "[containerPort=80,protocol=\"TCP\"].protocol",
            ])
    }

    @Test func setsDifferByTheirElements() throws {
        let change = FieldComparison(
            from: ["metadata": ["finalizers": ["a", "b"]]], to: ["metadata": ["finalizers": ["b", "c"]]], type: try Self.type("ConfigMap"))
        #expect(change.changed.paths == [["f:metadata", "f:finalizers", "v:\"c\""]])
        #expect(change.removed.paths == [["f:metadata", "f:finalizers", "v:\"a\""]])
    }

    @Test func atomicsAreOnePiece() throws {
        let change = FieldComparison(
            from: ["spec": ["selector": ["matchLabels": ["a": "b"]]]], to: ["spec": ["selector": ["matchLabels": ["a": "c"]]]],
            type: try Self.type("Deployment"))
        #expect(change.changed.paths == [["f:spec", "f:selector"]])
    }

    @Test func anAppliedConfigurationOwnsItsLeavesElementsAndKeys() throws {
        let fields = try FieldSet(of: Self.deployment, type: try Self.type("Deployment"))
        let expected: Value = [
            "f:selector": [:],
            "f:template": [
                "f:metadata": ["f:labels": ["f:app": [:]]],
                "f:spec": [
                    "f:containers": [
                        "k:{\"name\":\"nginx\"}": [
                            ".": [:], "f:image": [:], "f:name": [:],
                            "f:ports": ["k:{\"containerPort\":80,\"protocol\":\"TCP\"}": [".": [:], "f:containerPort": [:]]],
                        ]
                    ]
                ],
            ],
        ]
        #expect(fields.json["f:spec"] == expected)
    }

    @Test func whatDoesNotFitTheTypeIsNamed() throws {
        var wrong = Self.deployment
        wrong["spec"]["replica"] = 3
        wrong["spec"]["template"]["spec"]["containers"] = [["name": "a"], ["name": "a"], ["image": "b"]]
        let error = #expect(throws: TypedError.self) { try FieldSet(of: wrong, type: try Self.type("Deployment")) }
        #expect(
            error?.problems == [
                ".spec.replica: field not declared in schema",
                ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]",
                ".spec.template.spec.containers: element 2: associative list with keys has an element that omits key field \"name\" (and doesn't have default value)",
            ])
    }

    @Test func aScalarOfAnotherTypeIsNamed() throws {
        var wrong = Self.deployment
        wrong["spec"]["replicas"] = "three"
        wrong["spec"]["paused"] = "yes"
        wrong["metadata"]["labels"] = ["a": 5, "b": nil]
        wrong["spec"]["template"]["spec"]["nodeName"] = ["a": "b"]
        let error = #expect(throws: TypedError.self) { try FieldSet(of: wrong, type: try Self.type("Deployment")) }
        #expect(
            error?.problems == [
                ".metadata.labels.a: expected string, got &value.valueUnstructured{Value:5}",
                ".spec.paused: expected boolean, got &{yes}",
                ".spec.replicas: expected numeric (int or float), got string",
                ".spec.template.spec.nodeName: expected string, got &value.valueUnstructured{Value:map[a:b]}",
            ])
    }
}
