import ClusterClient
import Identity
import ObjectModel
import Testing

/// What may not be changed any more, as a client meets it.
@Suite struct UpdateRuleTests {
    private func refusal(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "taken"
        } catch {
            return (error as? APIError)?.message ?? "\(error)"
        }
    }

    @Test func `a container that ended for good is not told to run`() async throws {
        let server = try await TestServer()
        var pod = TestServer.pod("once")
        pod["spec"]["restartPolicy"] = "Never"
        try await server.admin.create(.pods, pod)
        func tell(_ state: Value) async throws {
            let status: Value = [
                "containerStatuses": [["name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": state]]
            ]
            try await server.admin.patch(.pods, namespace: "default", name: "once", subresource: "status", .merge, ["status": status])
        }
        try await tell(["terminated": ["exitCode": 1]])
        #expect(
            await refusal { try await tell(["running": ["startedAt": "2026-01-01T00:00:00Z"]]) }
                == #"Pod "once" is invalid: status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state"#)
    }

    @Test func `a resize changes cpu and memory and keeps the class`() async throws {
        let server = try await TestServer()
        var pod = TestServer.pod("web")
        pod["spec"]["containers"][0]["resources"] = ["requests": ["cpu": "1"], "limits": ["cpu": "2"]]
        try await server.admin.create(.pods, pod)
        func resize(_ resources: Value) async throws -> Value {
            let patch: Value = ["spec": ["containers": [["name": "c", "resources": resources]]]]
            return try await server.admin.patch(.pods, namespace: "default", name: "web", subresource: "resize", .strategicMerge, patch)
        }
        let resized = try await resize(["requests": ["cpu": "500m", "memory": "1Gi"]])
        #expect(resized["spec"]["containers"][0]["resources"]["requests"] == ["cpu": "500m", "memory": "1Gi"])
        #expect(resized["spec"]["containers"][0]["image"] == "repo/i:1")
        #expect(
            await refusal { _ = try await resize(["requests": ["cpu": "2"], "limits": ["memory": "1Gi"]]) }
                == #"Pod "web" is invalid: spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing"#)
        #expect(
            await refusal { _ = try await resize(["limits": ["ephemeral-storage": "1Gi"]]) }.contains("only cpu and memory resources are mutable"))
        let renamed: Value = ["spec": ["containers": [["name": "other", "image": "i"]]]]
        #expect(
            await refusal {
                try await server.admin.patch(.pods, namespace: "default", name: "web", subresource: "resize", .merge, renamed)
            }.contains("spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"))
    }

    @Test func `the end of a job is final`() async throws {
        let server = try await TestServer()
        let job: Value = [
            "apiVersion": "batch/v1", "kind": "Job", "metadata": ["name": "sum", "namespace": "default"],
            "spec": ["template": ["spec": ["restartPolicy": "Never", "containers": [["name": "c", "image": "i"]]]]],
        ]
        try await server.admin.create(.jobs, job)
        func tell(_ status: Value) async throws {
            try await server.admin.patch(.jobs, namespace: "default", name: "sum", subresource: "status", .merge, ["status": status])
        }
        let failed: Value = [["type": "FailureTarget", "status": "True"], ["type": "Failed", "status": "True"]]
        try await tell(["startTime": "2026-01-01T00:00:00Z", "failed": 1, "conditions": failed])
        #expect(
            await refusal { try await tell(["conditions": [["type": "FailureTarget", "status": "True"]]]) }
                == #"Job.batch "sum" is invalid: status.conditions: Invalid value: cannot disable the terminal Failed=True condition"#)
        #expect(await refusal { try await tell(["active": 1]) }.hasSuffix("active>0 is invalid for finished job"))
    }

    @Test func `a stateful set with claims is taken as it is written`() async throws {
        let server = try await TestServer()
        let claim: Value = [
            "metadata": ["name": "data"],
            "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]],
        ]
        let container: Value = ["name": "c", "image": "i:1", "volumeMounts": [["name": "data", "mountPath": "/data"]]]
        let set: Value = [
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": ["name": "db", "namespace": "default"],
            "spec": [
                "serviceName": "db", "selector": ["matchLabels": ["app": "db"]], "volumeClaimTemplates": [claim],
                "template": ["metadata": ["labels": ["app": "db"]], "spec": ["containers": [container]]],
            ],
        ]
        let made = try await server.admin.create(.statefulSets, set)
        #expect(made["spec"]["template"]["spec"]["volumes"].isNull)
        try await server.admin.patch(.statefulSets, namespace: "default", name: "db", .merge, ["spec": ["replicas": 3]])
    }

    @Test func `a request for a certificate is approved once and signed once`() async throws {
        let server = try await TestServer()
        let pem = try SigningRequest.make(.client("ann", groups: [])).requestPEM
        var request: Value = [
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": "ann"],
            "spec": ["request": .string(Base64.encode(pem.utf8)), "signerName": "example.com/s", "usages": ["client auth"]],
        ]
        try await server.admin.create(.certificateSigningRequests, request)
        func write(_ subresource: String, _ status: Value) async throws -> Value {
            try await server.admin.patch(.certificateSigningRequests, name: "ann", subresource: subresource, .merge, ["status": status])
        }
        let approval: Value = ["conditions": [["type": "Approved", "status": "True", "reason": "R"]]]
        #expect(await refusal { _ = try await write("status", approval) }.contains(#"updates may not add a condition of type "Approved""#))
        let approved = try await write("approval", approval)
        #expect(!approved["status"]["conditions"][0]["lastUpdateTime"].isEmpty && !approved["status"]["conditions"][0]["lastTransitionTime"].isEmpty)
        #expect(await refusal { _ = try await write("approval", ["conditions": []]) }.contains("updates may not remove a condition"))
        let certificate = Base64.encode("-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n".utf8)
        _ = try await write("status", ["certificate": .string(certificate)])
        let other = Base64.encode("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n".utf8)
        #expect(
            await refusal { _ = try await write("status", ["certificate": .string(other)]) }
                .contains("updates may not modify existing certificate content"))
        request["metadata"]["name"] = "bob"
        request["spec"]["request"] = .string(Base64.encode(pem.replacing("A", with: "B").utf8))
        #expect(await refusal { try await server.admin.create(.certificateSigningRequests, request) }.contains("spec.request: Invalid value: "))
    }

    @Test func `versions that a definition stored are remembered`() async throws {
        let server = try await TestServer()
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let schema: Value = ["openAPIV3Schema": ["type": "object"]]
        func version(_ name: String, isStored: Bool) -> Value {
            ["name": .string(name), "served": true, "storage": .bool(isStored), "schema": schema]
        }
        let definition: Value = [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": ["name": "tabs.example.com"],
            "spec": [
                "group": "example.com", "scope": "Cluster", "names": ["plural": "tabs", "kind": "Tab"], "versions": [version("v1", isStored: true)],
            ],
        ]
        var (status, live) = try await server.post(path, definition)
        #expect(status == 201 && live["status"]["storedVersions"] == ["v1"], "\(live)")
        live["spec"]["versions"] = [version("v1", isStored: false), version("v2", isStored: true)]
        (status, live) = try await server.send(APIRequest(.put, "\(path)/tabs.example.com", body: live.json()))
        #expect(status == 200 && live["status"]["storedVersions"] == ["v1", "v2"] && live.generation == 2, "\(live)")
        live["spec"]["versions"] = [version("v2", isStored: true)]
        let (refused, why) = try await server.send(APIRequest(.put, "\(path)/tabs.example.com", body: live.json()))
        #expect(refused == 422 && why["details"]["causes"][0]["field"] == "status.storedVersions[0]", "\(why)")
        live.metadata["resourceVersion"] = .null
        let (unconditional, _) = try await server.send(APIRequest(.put, "\(path)/tabs.example.com", body: live.json()))
        #expect(unconditional == 422)
    }
}
