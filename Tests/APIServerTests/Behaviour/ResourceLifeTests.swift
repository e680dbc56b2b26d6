import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// One object's whole life through every verb that its resource has, and its status'.
@Suite struct ResourceLifeTests {
    /// A resource, an object of it, and what a client changes of it.
    struct Example: Sendable, CustomTestStringConvertible {
        var group: String
        var plural: String
        var object: Value
        var spec: Value
        var status: Value = .null
        var isNamespaced = true
        var names = ["one", "two", "three"]

        var testDescription: String { "\(plural).\(group)" }
        var base: String { group.isEmpty ? "/api/v1" : "/apis/\(group)/v1" }
        var path: String { "\(base)\(isNamespaced ? "/namespaces/default" : "")/\(plural)" }
    }

    private static let pod: Value = ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "i"]]]]

    static let examples: [Example] = [
        Example(
            group: "flowcontrol.apiserver.k8s.io", plural: "flowschemas",
            object: [
                "kind": "FlowSchema",
                "spec": [
                    "matchingPrecedence": 10_000, "priorityLevelConfiguration": ["name": "global-default"],
                    "distinguisherMethod": ["type": "ByUser"],
                    "rules": [
                        [
                            "subjects": [["kind": "User", "user": ["name": "example"]]],
                            "nonResourceRules": [["verbs": ["get"], "nonResourceURLs": ["*"]]],
                        ]
                    ],
                ],
            ],
            spec: ["matchingPrecedence": 9_999],
            status: [
                "conditions": [
                    ["type": "Dangling", "status": "False", "reason": "Found", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"]
                ]
            ], isNamespaced: false),
        Example(
            group: "flowcontrol.apiserver.k8s.io", plural: "prioritylevelconfigurations",
            object: [
                "kind": "PriorityLevelConfiguration",
                "spec": ["type": "Limited", "limited": ["nominalConcurrencyShares": 2, "limitResponse": ["type": "Reject"]]],
            ],
            spec: ["limited": ["nominalConcurrencyShares": 4]],
            status: [
                "conditions": [["type": "Tested", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"]]
            ],
            isNamespaced: false),
        Example(
            group: "coordination.k8s.io", plural: "leases",
            object: ["kind": "Lease", "spec": ["holderIdentity": "one", "leaseDurationSeconds": 30, "renewTime": "2026-01-01T00:00:00.123456Z"]],
            spec: ["holderIdentity": "other"]),
        Example(
            group: "apps", plural: "controllerrevisions",
            object: ["kind": "ControllerRevision", "revision": 1, "data": ["spec": ["template": ["a": "b"]]]], spec: .null),
        Example(group: "", plural: "podtemplates", object: ["kind": "PodTemplate", "template": pod], spec: .null),
        Example(group: "", plural: "configmaps", object: ["kind": "ConfigMap", "data": ["a": "b"]], spec: .null),
        Example(group: "", plural: "secrets", object: ["kind": "Secret", "stringData": ["a": "b"]], spec: .null),
        Example(
            group: "", plural: "limitranges", object: ["kind": "LimitRange", "spec": ["limits": [["type": "Pod", "max": ["cpu": "2"]]]]],
            spec: ["limits": [["type": "Pod", "max": ["cpu": "3"]]]]),
        Example(
            group: "", plural: "resourcequotas", object: ["kind": "ResourceQuota", "spec": ["hard": ["count/lamps.example.com": "5"]]],
            spec: ["hard": ["count/lamps.example.com": "6"]], status: ["hard": ["cpu": "1"], "used": ["cpu": "0"]]),
        Example(
            group: "policy", plural: "poddisruptionbudgets",
            object: ["kind": "PodDisruptionBudget", "spec": ["minAvailable": 1, "selector": ["matchLabels": ["a": "b"]]]],
            spec: ["minAvailable": 2],
            status: ["currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1, "observedGeneration": 1]),
        Example(
            group: "networking.k8s.io", plural: "ingresses",
            object: [
                "kind": "Ingress", "spec": ["defaultBackend": ["service": ["name": "s", "port": ["number": 80]]]],
            ],
            spec: ["ingressClassName": "c"], status: ["loadBalancer": ["ingress": [["ip": "169.1.1.1"]]]]),
        Example(
            group: "networking.k8s.io", plural: "ingressclasses", object: ["kind": "IngressClass", "spec": ["controller": "example.com/c"]],
            spec: .null,
            isNamespaced: false),
        Example(
            group: "node.k8s.io", plural: "runtimeclasses", object: ["kind": "RuntimeClass", "handler": "h"], spec: .null, isNamespaced: false),
        Example(
            group: "apps", plural: "deployments",
            object: ["kind": "Deployment", "spec": ["selector": ["matchLabels": ["a": "b"]], "template": pod]],
            spec: ["replicas": 3], status: ["replicas": 1, "observedGeneration": 1]),
        Example(
            group: "batch", plural: "cronjobs",
            object: [
                "kind": "CronJob",
                "spec": [
                    "schedule": "@daily",
                    "jobTemplate": ["spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]]]],
                ],
            ], spec: ["suspend": true], status: ["lastScheduleTime": "2026-01-01T00:00:00Z"]),
        Example(
            group: "", plural: "events",
            object: [
                "kind": "Event", "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"], "reason": "R", "message": "m",
                "type": "Normal",
                "source": ["component": "c"], "count": 1,
            ], spec: .null),
        Example(
            group: "events.k8s.io", plural: "events",
            object: [
                "kind": "Event", "regarding": ["kind": "Pod", "name": "p", "namespace": "default"], "reason": "R", "note": "n", "type": "Normal",
                "action": "A", "reportingController": "example.com/c", "reportingInstance": "c-1", "eventTime": "2026-01-01T00:00:00.000001Z",
            ], spec: .null),
    ]

    private static let constraints: Value = [
        "resourceRules": [["apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]]]
    ]

    /// Kinds that are kept, and not yet acted on.
    static let policies: [Example] = [
        Example(
            group: "admissionregistration.k8s.io", plural: "validatingadmissionpolicies",
            object: [
                "kind": "ValidatingAdmissionPolicy",
                "spec": ["matchConstraints": constraints, "validations": [["expression": "object.spec.replicas > 1"]]],
            ], spec: ["failurePolicy": "Ignore"],
            status: [
                "conditions": [["type": "Tested", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2026-01-01T00:00:00Z"]]
            ], isNamespaced: false),
        Example(
            group: "admissionregistration.k8s.io", plural: "validatingadmissionpolicybindings",
            object: ["kind": "ValidatingAdmissionPolicyBinding", "spec": ["policyName": "p", "validationActions": ["Deny"]]], spec: .null,
            isNamespaced: false),
        Example(
            group: "admissionregistration.k8s.io", plural: "mutatingadmissionpolicies",
            object: [
                "kind": "MutatingAdmissionPolicy",
                "spec": [
                    "matchConstraints": constraints, "reinvocationPolicy": "Never",
                    "mutations": [["patchType": "ApplyConfiguration", "applyConfiguration": ["expression": "Object{}"]]],
                ],
            ], spec: ["failurePolicy": "Ignore"], isNamespaced: false),
        Example(
            group: "admissionregistration.k8s.io", plural: "mutatingadmissionpolicybindings",
            object: ["kind": "MutatingAdmissionPolicyBinding", "spec": ["policyName": "p"]], spec: .null, isNamespaced: false),
    ]

    let server: TestServer
    init() async throws { server = try await TestServer() }

    private func made(_ example: Example, _ name: String) -> Value {
        var object = example.object
        object["apiVersion"] = example.group.isEmpty ? "v1" : .string("\(example.group)/v1")
        object.metadata["name"] = .string(name)
        object.metadata["labels"] = ["life": "full"]
        if example.isNamespaced { object.metadata["namespace"] = "default" }
        return object
    }

    private func patch(_ path: String, _ body: Value, _ type: Client.PatchType = .merge) async throws -> (status: Int, body: Value) {
        try await server.send(APIRequest(.patch, path, contentType: type.rawValue, body: body.json()))
    }

    private func watch(_ path: String) throws -> GatheringSink {
        let request = APIRequest(.get, path, query: [("watch", "1"), ("labelSelector", "life=full")])
        let outcome = server.standard.server.handle(HTTPRequest(api: request, inProcessUser: UserInfo(name: "admin", groups: ["system:masters"])))
        guard case .stream(_, let start) = outcome else { throw APIError(.internalError, "no stream") }
        let sink = GatheringSink()
        start(sink)
        return sink
    }

    @Test(arguments: examples + policies + workloads + network + nodes + storage) func everyVerbDoesItsWork(_ example: Example) async throws {
        try await isDiscovered(example)
        let names = example.names
        let one = "\(example.path)/\(names[0])"
        let sink = try watch(example.path)
        for name in names {
            let (status, body) = try await server.post(example.path, made(example, name))
            #expect(status == 201, "\(body)")
        }
        var (status, object) = try await server.send(APIRequest(.get, one))
        #expect(status == 200 && object.kind == example.object.kind && !object.uid.isEmpty)
        let list = try await server.send(APIRequest(.get, example.path, query: [("labelSelector", "life=full")])).body
        #expect(list.kind == "\(object.kind)List" && list["items"].array.map(\.name).sorted() == names.sorted())
        if example.isNamespaced {
            let everywhere = try await server.send(
                APIRequest(
                    .get, "\(example.base)/\(example.plural)",
                    query: [("fieldSelector", "metadata.name=\(names[0])"), ("labelSelector", "life=full")]))
            #expect(everywhere.body["items"].array.map(\.name) == [names[0]])
        }

        (status, object) = try await patch(one, ["metadata": ["annotations": ["patched": "true"]]])
        #expect(status == 200 && object.annotations["patched"] == "true")
        if !example.spec.isNull {
            (status, object) = try await patch(one, ["spec": example.spec], .strategicMerge)
            #expect(status == 200, "\(object)")
            for (name, value) in example.spec.fields where value.isObject == false { #expect(object.spec[name] == value) }
        }
        object.metadata["annotations"]["updated"] = "true"
        (status, object) = try await server.send(APIRequest(.put, one, body: object.json()))
        let own = object.annotations.filter { !$0.key.hasPrefix("deprecated.daemonset.") }
        #expect(status == 200 && own == ["patched": "true", "updated": "true"], "\(object)")
        try await statusIsApart(example)

        let events = try sink.bytes.map { try Value(json: $0) }
        #expect(events.prefix(3).map { "\($0["type"].string ?? "") \($0["object"].name)" } == names.map { "ADDED \($0)" })
        #expect(events.dropFirst(3).allSatisfy { $0["type"] == "MODIFIED" && $0["object"].name == names[0] })
        #expect(events.contains { $0["object"].annotations["updated"] == "true" })

        try await release(example)
        (status, _) = try await server.send(APIRequest(.delete, one, query: Self.inTheBackground))
        #expect(status == 200)
        #expect(try await server.send(APIRequest(.get, one)).status == 404)
        let all = try await server.send(APIRequest(.delete, example.path, query: [("labelSelector", "life=full")] + Self.inTheBackground))
        #expect(all.status == 200, "\(all.body)")
        let left = try await server.send(APIRequest(.get, example.path, query: [("labelSelector", "life=full")])).body
        #expect(left["items"].array.isEmpty)
        let deleted = try sink.bytes.map { try Value(json: $0) }.filter { $0["type"] == "DELETED" }
        #expect(deleted.map { $0["object"].name }.sorted() == names.sorted())
    }

    /// Some kinds orphan what belongs to them where nothing is said, for which a controller would have to be here.
    private static let inTheBackground = [(name: "propagationPolicy", value: "Background")]

    /// Takes away the finalizers that a controller would take away.
    private func release(_ example: Example) async throws {
        for name in example.names {
            guard try await !server.send(APIRequest(.get, "\(example.path)/\(name)")).body.metadata["finalizers"].isNull else { continue }
            #expect(try await patch("\(example.path)/\(name)", .object(["metadata": .object(["finalizers": .null])])).status == 200)
        }
    }

    private func isDiscovered(_ example: Example) async throws {
        let resources = try await server.send(APIRequest(.get, example.base)).body["resources"].array
        let found = try #require(resources.first { $0["name"].string == example.plural })
        #expect(found["namespaced"].bool == example.isNamespaced && found["kind"] == example.object["kind"])
        let verbs: Set = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        #expect(verbs.isSubset(of: Set(found["verbs"].strings)))
        #expect(resources.contains { $0["name"].string == "\(example.plural)/status" } == !example.status.isNull)
        guard !example.group.isEmpty else { return }
        let group = try await server.send(APIRequest(.get, "/apis/\(example.group)")).body
        #expect(group["versions"].array.contains { $0["version"] == "v1" })
    }

    /// Reads, patches and replaces the status; the rest stays.
    private func statusIsApart(_ example: Example) async throws {
        guard !example.status.isNull else { return }
        let path = "\(example.path)/\(example.names[0])/status"
        var (status, object) = try await patch(path, ["status": example.status, "spec": .object(Fields())])
        #expect(status == 200, "\(object)")
        for (name, value) in example.status.fields { #expect(object.status[name] == value) }
        object.metadata["annotations"]["status"] = "updated"
        (status, object) = try await server.send(APIRequest(.put, path, body: object.json()))
        #expect(status == 200 && object.annotations["status"] == "updated", "\(object)")
        (status, object) = try await server.send(APIRequest(.get, path))
        #expect(status == 200 && object.kind == example.object.kind)
        for (name, value) in example.status.fields { #expect(object.status[name] == value) }
    }
}
