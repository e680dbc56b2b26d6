import APIServer
import ClusterClient
import KubernetesAPI
import ObjectModel
import Testing

/// Validation as a client meets it.
@Suite struct ValidationTests {
    @Test func `what is wrong comes back with every cause`() async throws {
        let server = try await TestServer()
        var pod = TestServer.pod("web")
        pod["spec"]["restartPolicy"] = "Sometimes"
        pod["spec"]["containers"] = [["name": "c"]]
        let (status, body) = try await server.post("/api/v1/namespaces/default/pods", pod)
        #expect(status == 422)
        #expect(body["reason"] == "Invalid")
        #expect(
            body["message"]
                == #"Pod "web" is invalid: [spec.containers[0].image: Required value, spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"]"#
        )
        #expect(body["details"]["kind"] == "Pod")
        #expect(
            body["details"]["causes"] == [
                ["reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers[0].image"],
                [
                    "reason": "FieldValueNotSupported",
                    "message": #"Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#, "field": "spec.restartPolicy",
                ],
            ])
    }

    @Test func `a patch that makes an invalid object changes nothing`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.pods, TestServer.pod("web"))
        let patch: Value = ["spec": ["hostname": "other"]]
        do {
            try await server.admin.patch(.pods, namespace: "default", name: "web", .merge, patch)
            Issue.record("taken")
        } catch let error as APIError {
            #expect(error.reason == .invalid)
            #expect(
                error.message.hasPrefix(
                    #"Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`"#))
        }
        #expect(try await server.admin.get(.pods, namespace: "default", name: "web")["spec"]["hostname"].isNull)
    }

    static let types = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]

    @Test(arguments: types, types) func `a service may turn into any other type`(from: String, to: String) async throws {
        let server = try await TestServer()
        var service: Value = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web", "namespace": "default"],
            "spec": ["type": .string(from), "ports": [["port": 80]]],
        ]
        if from == "ExternalName" { service["spec"]["externalName"] = "a.example.com" }
        try await server.admin.create(.services, service)
        var change: Value = ["spec": ["type": .string(to)]]
        if to == "ExternalName" { change["spec"]["externalName"] = "b.example.com" }
        let changed = try await server.admin.patch(.services, namespace: "default", name: "web", .merge, change)
        #expect(changed["spec"]["clusterIP"].isEmpty == (to == "ExternalName"))
        #expect((changed["spec"]["ports"][0]["nodePort"].int ?? 0 > 0) == ["NodePort", "LoadBalancer"].contains(to))
    }

    @Test func `a scale can't go below zero`() async throws {
        let server = try await TestServer()
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"],
            "spec": [
                "selector": ["matchLabels": ["app": "web"]],
                "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]],
            ],
        ]
        try await server.admin.create(.deployments, deployment)
        await #expect(throws: APIError.self) {
            try await server.admin.patch(.deployments, namespace: "default", name: "web", subresource: "scale", .merge, ["spec": ["replicas": -1]])
        }
    }

    @Test func `all that a fresh server holds is right`() {
        for (resource, object) in BootstrapObjects.objects() {
            let definition = Catalog.builtIn.resource(group: resource.group, version: resource.version, plural: resource.plural)
            let errors = definition.map { KindValidation.validate(object, old: nil, definition: $0, subresource: "") }
            #expect(errors == [], "\(object.kind) \(object.name)")
        }
    }
}

/// Status and spec are written apart, and `metadata.generation` tells how often the spec changed.
@Suite struct SpecAndStatusTests {
    private static let template: Value = [
        "metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
    ]

    struct Example: Sendable, CustomTestStringConvertible {
        let resource: Resource
        let body: Value
        let spec: Value
        let status: Value
        var isCounted = true

        var testDescription: String { resource.plural }
    }

    private static func workload(_ resource: Resource, _ more: Value = [:]) -> Example {
        let body: Value = ["spec": ["selector": ["matchLabels": ["app": "a"]], "template": template]]
        return Example(resource: resource, body: body.applying(mergePatch: more), spec: ["minReadySeconds": 5], status: ["observedGeneration": 7])
    }

    static let examples: [Example] = [
        workload(.deployments), workload(.daemonSets), workload(.statefulSets, ["spec": ["serviceName": "a"]]),
        Example(
            resource: .jobs, body: ["spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i:1"]]]]]],
            spec: ["parallelism": 3], status: ["failed": 2]),
        Example(
            resource: .pods, body: ["spec": ["containers": [["name": "c", "image": "repo/i:1"]]]], spec: ["activeDeadlineSeconds": 5],
            status: ["message": "m"]),
        Example(
            resource: .services, body: ["spec": ["type": "LoadBalancer", "ports": [["port": 80]]]], spec: ["sessionAffinity": "ClientIP"],
            status: ["loadBalancer": ["ingress": [["ip": "10.1.1.1", "ipMode": "VIP"]]]], isCounted: false),
        Example(
            resource: .persistentVolumeClaims,
            body: ["spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]], spec: ["volumeName": "v"],
            status: ["phase": "Lost"], isCounted: false),
    ]

    @Test(arguments: examples) func `each write changes its own half`(_ example: Example) async throws {
        let server = try await TestServer()
        let body = example.body.applying(mergePatch: [
            "apiVersion": .string(example.resource.apiVersion), "kind": .string(example.resource.kind),
            "metadata": ["name": "a", "namespace": "default"], "status": example.status,
        ])
        let created = try await server.admin.create(example.resource, body)
        #expect(Self.differs(created["status"], example.status))
        #expect(created.generation == (example.isCounted ? 1 : 0))

        let both: Value = ["spec": example.spec, "status": example.status]
        let main = try await server.admin.patch(example.resource, namespace: "default", name: "a", .merge, both)
        #expect(!Self.differs(main["spec"], example.spec))
        #expect(main["status"] == created["status"])
        #expect(main.generation == (example.isCounted ? 2 : 0))

        let other = try await server.admin.patch(
            example.resource, namespace: "default", name: "a", subresource: "status", .merge,
            ["spec": .object(Fields(example.spec.fields.map { ($0.key, .null) })), "status": example.status])
        #expect(other["spec"] == main["spec"])
        #expect(!Self.differs(other["status"], example.status))
        #expect(other.generation == main.generation)
    }

    /// Whether `part` isn't all in `whole`.
    private static func differs(_ whole: Value, _ part: Value) -> Bool { whole.applying(mergePatch: part) != whole }

    @Test func `a deployment's annotations count, a pod's labels don't`() async throws {
        let server = try await TestServer()
        let body: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "a", "namespace": "default"],
            "spec": ["selector": ["matchLabels": ["app": "a"]], "template": Self.template],
        ]
        try await server.admin.create(.deployments, body)
        let annotated = try await server.admin.patch(
            .deployments, namespace: "default", name: "a", .merge, ["metadata": ["annotations": ["team": "a"]]])
        #expect(annotated.generation == 2)
        try await server.admin.create(.pods, TestServer.pod("p"))
        let labelled = try await server.admin.patch(.pods, namespace: "default", name: "p", .merge, ["metadata": ["labels": ["team": "a"]]])
        #expect(labelled.generation == 1)
    }
}

/// What is said beside a service's fields, and what may not change of them.
@Suite struct ServiceUpdateTests {
    @Test func `a cluster IP that changes in one of its two places is refused once`() async throws {
        let server = try await TestServer()
        let service: Value = ["apiVersion": "v1", "kind": "Service", "metadata": ["name": "web"], "spec": ["ports": [["port": 80]]]]
        let path = "/api/v1/namespaces/default/services"
        let created = try await server.post(path, service).body
        let change = try await server.send(
            APIRequest(
                .patch, "\(path)/web", contentType: "application/merge-patch+json",
                body: (["spec": ["clusterIP": "10.96.200.200"]] as Value).json()))
        #expect(change.status == 422)
        #expect(
            change.body["message"].string
                == #"Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.200.200"]: may not change once set"#)
        let cleared = try await server.send(
            APIRequest(.patch, "\(path)/web", contentType: "application/merge-patch+json", body: (["spec": ["clusterIP": nil]] as Value).json()))
        #expect(cleared.body["spec"]["clusterIP"] == created["spec"]["clusterIP"])
        var alone = service
        alone.metadata["name"] = "alone"
        alone["spec"]["clusterIPs"] = ["10.96.200.201"]
        #expect(
            try await server.post(path, alone).body["message"].string
                == #"Service "alone" is invalid: spec.clusterIPs: Invalid value: ["10.96.200.201"]: must be empty when `clusterIP` is not specified"#
        )
    }
}

/// Headers that warn, and patches that fail.
@Suite struct WarningTests {
    @Test func `what is unwise is told beside the answer`() async throws {
        let server = try await TestServer()
        var pod = TestServer.pod("web")
        pod["spec"]["nodeSelector"]["beta.kubernetes.io/os"] = "linux"
        pod["spec"]["containers"][0]["env"] = [["name": "A", "value": "1"], ["name": "A", "value": "2"]]
        let response = try await server.admin.transport.send(APIRequest(.post, "/api/v1/namespaces/default/pods", body: pod.json()))
        #expect(response.status == 201)
        #expect(
            response.headers.filter { $0.name.lowercased() == "warning" }.map(\.value) == [
                #"299 - "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead""#,
                #"299 - "spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply""#,
            ])
    }

    @Test func `a JSON patch that can't be applied is refused as a whole`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a", ["k": "v"]))
        for patch: Value in [
            [["op": "test", "path": "/data/k", "value": "other"]], [["op": "remove", "path": "/data/none"]],
            [["op": "replace", "path": "/data/k", "value": "x"], ["op": "test", "path": "/data/k", "value": "v"]],
        ] {
            do {
                try await server.admin.patch(.configMaps, namespace: "default", name: "a", .json, patch)
                Issue.record("taken")
            } catch let error as APIError {
                #expect(error.code == 422)
                #expect(error.reason == .invalid)
                #expect(error.message == "the server rejected our request due to an error in our request")
            }
        }
        #expect(try await server.admin.get(.configMaps, namespace: "default", name: "a")["data"] == ["k": "v"])
    }
}
