import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Requests that go to the wrong place, or whose body says something else than their path.
@Suite struct WellFormedRequestTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"
    private static let logs = "/api/v1/namespaces/default/pods/web/log"

    private static let misplaced: [(APIRequest, status: Int)] = [
        (APIRequest(.post, "/api/v1/configmaps", body: body("m")), 405),
        (APIRequest(.delete, "/api/v1/configmaps"), 405),
        (APIRequest(.get, "/api/v1/configmaps/m"), 404),
        (APIRequest(.post, "/api/v1/namespaces/default/nodes", body: body("n")), 404),
        (APIRequest(.post, "\(maps)/m", body: body("m")), 405),
        (APIRequest(.put, maps, body: body("m")), 405),
        (APIRequest(.post, logs), 405), (APIRequest(.put, logs), 405), (APIRequest(.delete, logs), 405),
    ]

    private static func body(_ name: String) -> [UInt8] {
        let object: Value = ["metadata": ["name": .string(name)]]
        return object.json()
    }

    @Test(arguments: misplaced.indices) func `a request goes where its verb goes, or nowhere`(_ index: Int) async throws {
        let server = try await TestServer()
        let (request, wanted) = Self.misplaced[index]
        let (status, answer) = try await server.send(request)
        #expect(status == wanted, "\(answer)")
        #expect(answer["details"] == [:])
        let (_, all) = try await server.send(APIRequest(.get, "/api/v1/configmaps"))
        #expect(!all["items"].array.contains { $0.name == "m" })
    }

    @Test func `nothing is known of a group that isn't served`() async throws {
        let server = try await TestServer()
        for path in ["/apis/example.com/v1", "/apis/example.com", "/apis/example.com/v1/foos"] {
            let (status, answer) = try await server.send(APIRequest(.get, path))
            #expect(status == 404 && answer == "404 page not found\n")
        }
        let (status, paths) = try await server.send(APIRequest(.get, "/nowhere"))
        #expect(status == 404 && paths["paths"].strings.contains("/apis/apps/v1"))
        let (_, answer) = try await server.send(APIRequest(.get, "/apis/apps/v9/deployments"))
        #expect(answer["reason"] == "NotFound")
    }

    private static let replacements: [(name: String, body: Value, status: Int, message: String)] = [
        ("m", [:], 400, "the name of the object (m based on URL) was undeterminable: name must be provided"),
        ("m", ["metadata": ["name": "n"]], 400, "the name of the object (n) does not match the name on the URL (m)"),
        ("none", [:], 400, "the name of the object (none based on URL) was undeterminable: name must be provided"),
        (
            "none", ["kind": "Pod", "apiVersion": "v1", "metadata": ["name": "none"]], 400,
            "Pod in version \"v1\" cannot be handled as a ConfigMap: converting (v1.Pod) to (core.ConfigMap): unknown conversion"
        ),
        ("none", ["metadata": ["name": "none"]], 404, "configmaps \"none\" not found"),
        (
            "m", ["metadata": ["name": "m", "deletionTimestamp": "2020-01-01T00:00:00Z"]], 422,
            "ConfigMap \"m\" is invalid: metadata.deletionTimestamp: Invalid value: \"2020-01-01T00:00:00Z\": field is immutable"
        ),
        (
            "m", ["metadata": ["name": "m", "deletionGracePeriodSeconds": 5]], 422,
            "ConfigMap \"m\" is invalid: metadata.deletionGracePeriodSeconds: Invalid value: 5: field is immutable"
        ),
    ]

    @Test(arguments: replacements.indices) func `a replacement says what it replaces`(_ index: Int) async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["a": "b"]))
        let (name, body, wanted, message) = Self.replacements[index]
        let (status, answer) = try await server.send(APIRequest(.put, "\(Self.maps)/\(name)", body: body.json()))
        #expect(status == wanted && answer["message"].string == message, "\(answer)")
        #expect(try await server.admin.get(.configMaps, namespace: "default", name: "m")["data"] == ["a": "b"])
    }

    @Test func `version 0 is any version`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("m"))
        var map = TestServer.configMap("m", ["a": "b"])
        map.metadata["resourceVersion"] = "0"
        let (status, answer) = try await server.send(APIRequest(.put, "\(Self.maps)/m", body: map.json()))
        #expect(status == 200 && answer["data"] == ["a": "b"])
    }

    @Test func `a patch can't make an object another`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("m"))
        let patch: Value = ["metadata": ["uid": "other"]]
        let (status, answer) = try await server.send(
            APIRequest(.patch, "\(Self.maps)/m", contentType: "application/merge-patch+json", body: patch.json()))
        #expect(status == 422)
        #expect(answer["message"] == "ConfigMap \"m\" is invalid: metadata.uid: Invalid value: \"other\": field is immutable")
    }

    private static let configurations = ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]

    @Test(arguments: configurations) func `some kinds are replaced in a known version only`(_ plural: String) async throws {
        let server = try await TestServer()
        let path = "/apis/admissionregistration.k8s.io/v1/\(plural)"
        #expect(try await server.post(path, ["metadata": ["name": "hooks"]]).status == 201)
        let (status, answer) = try await server.send(APIRequest(.put, "\(path)/hooks", body: Self.body("hooks")))
        #expect(status == 422)
        let resource = "\(plural).admissionregistration.k8s.io"
        #expect(
            answer["message"].string
                == "\(resource) \"hooks\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update")
    }

    private static let unreadable: [(String, String)] = [
        ("", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"),
        (#"{"a":"#, #"couldn't get version/kind; json parse error: unexpected end of JSON input ({"a":)"#),
        ("not json", "couldn't get version/kind; json parse error: invalid character 'o' in literal null (expecting 'u') (6e6f74206a736f6e)"),
        (
            #"{"metadata":{"name":"long enough to be cut"}} and more"#,
            #"couldn't get version/kind; json parse error: invalid character 'a' after top-level value ({"metadata":{"name":"long enou ...)"#
        ),
        (
            "[]",
            #"couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" } (5b5d)"#
        ),
    ]

    @Test(arguments: unreadable) func `what can't be read is shown`(_ body: String, _ message: String) async throws {
        let server = try await TestServer()
        let (status, answer) = try await server.send(APIRequest(.post, Self.maps, body: Array(body.utf8)))
        #expect(status == 400)
        #expect(answer["message"].string == "the object provided is unrecognized (must be of type ConfigMap): \(message)")
    }

    @Test func `null is an object without a name`() async throws {
        let server = try await TestServer()
        let (status, answer) = try await server.send(APIRequest(.post, Self.maps, body: Array("null".utf8)))
        #expect(status == 422 && answer["details"]["name"].isNull)
        #expect(answer["message"] == "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required")
    }

    @Test func `an owner that is named twice counts once`() async throws {
        let server = try await TestServer()
        var map = TestServer.configMap("m")
        let owner: Value = ["apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u", "controller": true]
        map.metadata["ownerReferences"] = [owner, owner]
        let response = try await server.admin.transport.send(APIRequest(.post, Self.maps, body: map.json()))
        #expect(response.status == 201)
        #expect(try Value(json: response.body).metadata["ownerReferences"] == [owner])
        let warnings = response.headers.filter { $0.name == "warning" }.map(\.value)
        #expect(warnings.count == 1 && warnings[0].hasSuffix("duplicate UID(s) observed: u\""))
    }

    @Test func `a pod is bound and evicted by its own name`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.pods, TestServer.pod("web"))
        for (subresource, kind) in [("binding", "Binding"), ("eviction", "Eviction")] {
            let body: Value = ["metadata": ["name": "other"], "target": ["name": "node"]]
            let (status, answer) = try await server.post("/api/v1/namespaces/default/pods/web/\(subresource)", body)
            #expect(status == 400 && answer["message"].string == "name in URL does not match name in \(kind) object")
        }
    }

    @Test func `a token lives ten minutes at least and 136 years at most`() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/serviceaccounts/default/token"
        for (seconds, word) in [(Int64(5), "less than 10 minutes"), (5_000_000_000, "larger than 2^32 seconds")] {
            let (status, answer) = try await server.post(path, ["spec": ["expirationSeconds": .integer(seconds)]])
            #expect(status == 422)
            #expect(
                answer["message"].string
                    == "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: \(seconds): may not specify a duration \(word)"
            )
        }
    }
}
