import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Server-side apply, as clients meet it.
@Suite struct ApplyTests {
    let server: TestServer
    static let path = "/apis/apps/v1/namespaces/default/deployments/web"

    init() async throws { server = try await TestServer() }

    static let deployment: Value = [
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default", "labels": ["app": "web"]],
        "spec": [
            "replicas": 2, "selector": ["matchLabels": ["app": "web"]],
            "template": [
                "metadata": ["labels": ["app": "web"]],
                "spec": ["containers": [["name": "nginx", "image": "nginx:1", "ports": [["containerPort": 80]]]]],
            ],
        ],
    ]

    func apply(
        _ configuration: Value, by manager: String = "kubectl", to path: String = path, force: Bool = false,
        query: [(name: String, value: String)] = []
    ) async throws -> (status: Int, body: Value) {
        var all = query + [("fieldManager", manager)]
        if force { all.append(("force", "true")) }
        return try await server.send(
            APIRequest(.patch, path, query: all, contentType: "application/apply-patch+yaml", userAgent: "test", body: configuration.json()))
    }

    func get(_ path: String = path) async throws -> Value { try await server.send(APIRequest(.get, path)).body }

    static func partial(_ spec: Value) -> Value {
        ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web", "namespace": "default"], "spec": spec]
    }

    static func managers(_ object: Value) -> [String] {
        object.metadata["managedFields"].array.map { "\($0["manager"].string ?? "") \($0["operation"].string ?? "")" }
    }

    // MARK: Creating

    @Test func applyCreatesWhatIsNotThere() async throws {
        let (status, object) = try await apply(Self.deployment)
        #expect(status == 201, "\(object)")
        #expect(Self.managers(object) == ["kubectl Apply"])
        let fields = object.metadata["managedFields"][0]["fieldsV1"]
        #expect(fields["f:metadata"] == ["f:labels": ["f:app": [:]]])
        #expect(fields["f:spec"]["f:replicas"] == [:])
        #expect(fields["f:spec"]["f:strategy"].isNull)
        #expect(object["spec"]["strategy"]["type"] == "RollingUpdate")
    }

    @Test func cborIsTaken() async throws {
        let configuration: Value = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c"], "data": ["a": "1"]]
        let path = "/api/v1/namespaces/default/configmaps/c"
        for (body, code) in [(CBOR.encode(configuration), 201), (CBOR.encode(configuration), 200), ([0xFF], 400)] {
            let (status, answer) = try await server.send(
                APIRequest(.patch, path, query: [("fieldManager", "m")], contentType: "application/apply-patch+cbor", body: body))
            #expect(status == code, "\(answer)")
        }
        #expect(Self.managers(try await get(path)) == ["m Apply"])
    }

    /// As many as the writer makes attempts: whoever loses one lost it to another who is done, so that each comes through.
    @Test func manyAppliesAtOnceMakeOneObject() async throws {
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 { group.addTask { try await apply(Self.deployment, by: "m\(number)").status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 1)
        #expect(statuses.allSatisfy { $0 == 200 || $0 == 201 }, "\(statuses)")
        #expect(Self.managers(try await get()).count == 8)
    }

    @Test func yamlIsTaken() async throws {
        let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: \"1\"\n"
        let (status, body) = try await server.send(
            APIRequest(
                .patch, "/api/v1/namespaces/default/configmaps/c", query: [("fieldManager", "m")], contentType: "application/apply-patch+yaml",
                body: Array(yaml.utf8)))
        #expect(status == 201)
        #expect(body["data"] == ["a": "1"])
    }

    @Test func applyingTheSameTwiceIsNoChange() async throws {
        let (_, first) = try await apply(Self.deployment)
        let (status, second) = try await apply(Self.deployment)
        #expect(status == 200)
        #expect(second == first)
    }

    @Test func dryRunAppliesNothing() async throws {
        let (status, object) = try await apply(Self.deployment, query: [("dryRun", "All")])
        #expect(status == 201)
        #expect(object["spec"]["replicas"] == 2)
        #expect(try await get()["code"] == 404)
    }

    // MARK: Conflicts

    @Test func aConflictNamesManagerAndField() async throws {
        _ = try await apply(Self.deployment)
        let (status, body) = try await apply(Self.partial(["replicas": 5]), by: "other")
        #expect(status == 409)
        #expect(body["reason"] == "Conflict")
        #expect(body["message"] == "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.replicas")
        #expect(
            body["details"]["causes"] == [
                ["reason": "FieldManagerConflict", "message": "conflict with \"kubectl\"", "field": ".spec.replicas"]
            ])
    }

    @Test func severalConflictsAreListedByManager() async throws {
        _ = try await apply(Self.deployment)
        var other = Self.partial(["replicas": 5, "template": ["spec": ["containers": [["name": "nginx", "image": "nginx:2"]]]]])
        other.metadata["labels"] = ["app": "other"]
        let (_, body) = try await apply(other, by: "other")
        #expect(
            body["message"]
                == "Apply failed with 3 conflicts: conflicts with \"kubectl\":\n- .metadata.labels.app\n- .spec.replicas\n- .spec.template.spec.containers[name=\"nginx\"].image"
        )
    }

    @Test func forceTakesTheFields() async throws {
        _ = try await apply(Self.deployment)
        let (status, object) = try await apply(Self.partial(["replicas": 5]), by: "other", force: true)
        #expect(status == 200)
        #expect(object["spec"]["replicas"] == 5)
        #expect(Set(Self.managers(object)) == ["kubectl Apply", "other Apply"])
        let owner = object.metadata["managedFields"].array.first { $0["manager"] == "kubectl" } ?? .null
        #expect(owner["fieldsV1"]["f:spec"]["f:replicas"].isNull)
    }

    @Test func theSameValueIsSharedWithoutConflict() async throws {
        _ = try await apply(Self.deployment)
        let (status, _) = try await apply(Self.partial(["replicas": 2]), by: "other")
        #expect(status == 200)
        var without = Self.deployment
        without["spec"]["replicas"] = .null
        let (_, object) = try await apply(without)
        #expect(object["spec"]["replicas"] == 2)
        let (_, given) = try await apply(Self.partial([:]), by: "other")
        #expect(given["spec"]["replicas"] == 1)
    }

    @Test func scalingGivesTheConflictThatPeopleKnow() async throws {
        _ = try await apply(Self.deployment)
        _ = try await server.send(
            APIRequest(
                .patch, Self.path + "/scale", query: [("fieldManager", "kubectl")], contentType: "application/merge-patch+json",
                body: (["spec": ["replicas": 4]] as Value).json()))
        let (status, body) = try await apply(Self.deployment)
        #expect(status == 409)
        #expect(
            body["message"] == "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using apps/v1: .spec.replicas")
    }

    // MARK: Giving up

    @Test func whatIsNoLongerAppliedGoes() async throws {
        var first = Self.deployment
        first["spec"]["template"]["spec"]["containers"].append(["name": "sidecar", "image": "s:1"])
        first.metadata["annotations"] = ["a": "1"]
        _ = try await apply(first)
        let (_, object) = try await apply(Self.deployment)
        #expect(object["spec"]["template"]["spec"]["containers"].array.map { $0["name"].string } == ["nginx"])
        #expect(object.metadata["annotations"].isNull)
        #expect(object["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent")
    }

    @Test func aFieldThatSomebodyElseSetStays() async throws {
        _ = try await apply(Self.deployment)
        _ = try await server.send(
            APIRequest(
                .patch, Self.path, contentType: "application/merge-patch+json", userAgent: "other/1",
                body: (["metadata": ["annotations": ["b": "1"]]] as Value).json()))
        let (_, object) = try await apply(Self.deployment)
        #expect(object.metadata["annotations"] == ["b": "1"])
    }

    // MARK: Objects that were not applied before

    @Test func whatWasNeverTrackedBelongsToThoseBefore() async throws {
        _ = try await server.post("/apis/apps/v1/namespaces/default/deployments", Self.deployment)
        _ = try await server.send(
            APIRequest(
                .patch, Self.path, contentType: "application/merge-patch+json",
                body: (["metadata": ["managedFields": [[:]]]] as Value).json()))
        let (status, body) = try await apply(Self.partial(["replicas": 7]), by: "m")
        #expect(status == 409)
        #expect(body["message"] == "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.replicas")
        let (_, object) = try await apply(Self.partial(["replicas": 2]), by: "m")
        #expect(Self.managers(object) == ["m Apply", "before-first-apply Update"])
    }

    @Test func kubectlTakesOverWhatItsClientSideApplySet() async throws {
        var configuration = Self.deployment
        configuration["spec"]["replicas"] = 3
        var created = configuration
        created.metadata["annotations"] = ["kubectl.kubernetes.io/last-applied-configuration": .string(configuration.description + "\n")]
        _ = try await server.send(
            APIRequest(
                .post, "/apis/apps/v1/namespaces/default/deployments", query: [("fieldManager", "kubectl-client-side-apply")], body: created.json()))
        var changed = configuration
        changed["spec"]["replicas"] = 4
        let (refused, _) = try await apply(changed, by: "somebody")
        #expect(refused == 409)
        let (status, object) = try await apply(changed, by: "kubectl")
        #expect(status == 200, "\(object)")
        #expect(object["spec"]["replicas"] == 4)
        let annotation = object.metadata["annotations"]["kubectl.kubernetes.io/last-applied-configuration"].string ?? ""
        #expect(try Value(json: annotation)["spec"]["replicas"] == 4)
    }

    // MARK: Subresources

    @Test func statusIsAppliedApart() async throws {
        _ = try await apply(Self.deployment)
        let condition: Value = ["type": "Custom", "status": "True", "reason": "r", "message": "m"]
        var configuration = Self.partial(["replicas": 9])
        configuration["status"] = ["conditions": [condition]]
        let (status, object) = try await apply(configuration, by: "controller", to: Self.path + "/status")
        #expect(status == 200, "\(object)")
        #expect(object["spec"]["replicas"] == 2)
        #expect(object["status"]["conditions"][0]["type"] == "Custom")
        let entry = object.metadata["managedFields"].array.first { $0["manager"] == "controller" } ?? .null
        #expect(entry["subresource"] == "status")
        #expect(entry["fieldsV1"]["f:spec"].isNull)
    }

    @Test func aScaleIsApplied() async throws {
        var unsized = Self.deployment
        unsized["spec"]["replicas"] = .null
        _ = try await apply(unsized)
        let configuration: Value = [
            "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": ["name": "web", "namespace": "default"], "spec": ["replicas": 6],
        ]
        let (status, scale) = try await apply(configuration, by: "autoscaler", to: Self.path + "/scale")
        #expect(status == 200, "\(scale)")
        #expect(scale["spec"]["replicas"] == 6)
        let object = try await get()
        #expect(object["spec"]["replicas"] == 6)
        let entry = object.metadata["managedFields"].array.first { $0["manager"] == "autoscaler" } ?? .null
        #expect(entry["subresource"] == "scale")
        #expect(entry["operation"] == "Apply")
    }

    // MARK: Refusals

    @Test func aManagerIsRequired() async throws {
        let (status, body) = try await server.send(
            APIRequest(.patch, Self.path, contentType: "application/apply-patch+yaml", body: Self.deployment.json()))
        #expect(status == 422)
        #expect(body["message"] == "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
    }

    @Test func forceIsForAppliesOnly() async throws {
        let (status, body) = try await server.send(
            APIRequest(.patch, Self.path, query: [("force", "true")], contentType: "application/merge-patch+json", body: Array("{}".utf8)))
        #expect(status == 422)
        #expect(body["message"] == "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch")
    }

    @Test func whatDoesNotFitTheSchemaIsRefused() async throws {
        var unknown = Self.deployment
        unknown["spec"]["replica"] = 1
        let (status, body) = try await apply(unknown)
        #expect(status == 500)
        #expect(
            body["message"]
                == "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema")
        var twice = Self.deployment
        twice["spec"]["template"]["spec"]["containers"][0]["ports"] = [["containerPort": 80], ["containerPort": 80, "protocol": "TCP"]]
        let (_, refused) = try await apply(twice)
        #expect(
            refused["message"]
                == "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name=\"nginx\"].ports: duplicate entries for key [containerPort=80,protocol=\"TCP\"]"
        )
    }

    @Test func managedFieldsAreNotApplied() async throws {
        let (_, object) = try await apply(Self.deployment)
        var configuration = Self.deployment
        configuration.metadata["managedFields"] = object.metadata["managedFields"]
        let (status, body) = try await apply(configuration)
        #expect(status == 400)
        #expect(body["message"] == "metadata.managedFields must be nil")
    }

    @Test func versionNameAndIdentityMustFit() async throws {
        var other = Self.deployment
        other["apiVersion"] = "apps/v1beta1"
        let (status, body) = try await apply(other)
        #expect(status == 400)
        #expect(body["message"] == "Incorrect version specified in apply patch. Specified patch version: apps/v1beta1, expected: apps/v1")
        var named = Self.deployment
        named.metadata["name"] = "else"
        #expect(try await apply(named).status == 400)
        var known = Self.deployment
        known.metadata["uid"] = "u"
        #expect(try await apply(known).status == 409)
        let (_, object) = try await apply(Self.deployment)
        var stale = Self.deployment
        stale.metadata["resourceVersion"] = "1"
        #expect(try await apply(stale).status == 409)
        stale.metadata["resourceVersion"] = object.metadata["resourceVersion"]
        #expect(try await apply(stale).status == 200)
    }

    @Test func patchesThatAreNoYAMLAreRefused() async throws {
        let (status, body) = try await server.send(
            APIRequest(
                .patch, Self.path, query: [("fieldManager", "m")], contentType: "application/apply-patch+yaml", body: Array("a: [".utf8)))
        #expect(status == 400)
        #expect(body["message"].string?.hasPrefix("error decoding YAML") == true)
    }
}
