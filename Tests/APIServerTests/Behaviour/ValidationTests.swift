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
                == #"Pod "web" is invalid: [spec.containers[0].image: Required value, spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"]"#
        )
        #expect(body["details"]["kind"] == "Pod")
        #expect(
            body["details"]["causes"] == [
                ["reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers[0].image"],
                [
                    "reason": "FieldValueNotSupported",
                    "message": #"Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure""#, "field": "spec.restartPolicy",
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

    @Test func `all that a fresh server holds is right`() {
        for (resource, object) in BootstrapObjects.objects() {
            let definition = Catalog.builtIn.resource(group: resource.group, version: resource.version, plural: resource.plural)
            let errors = definition.map { KindValidation.validate(object, old: nil, definition: $0, subresource: "") }
            #expect(errors == [], "\(object.kind) \(object.name)")
        }
    }
}
