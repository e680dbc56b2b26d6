import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// `fieldValidation` for writes of typed objects: unknown and repeated fields are refused, told of, or passed over.
@Suite struct FieldValidationTests {
    let server: TestServer
    private static let path = "/apis/apps/v1/namespaces/default/deployments"
    private static let unknown = #"unknown field "spec.lamp""#

    init() async throws { server = try await TestServer() }

    private static func body(_ extra: String, metadata: String = "") -> String {
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","labels":{"app":"web"}\(metadata)},"spec":{"replicas":2\(extra),\
        "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
        """
    }

    /// The status, the message, and the warnings of a write.
    private func write(
        _ method: APIRequest.Method, _ path: String, _ body: String, _ validation: String, contentType: String = "application/json"
    ) async throws -> (status: Int, message: String, warnings: [String]) {
        var query = [(name: "fieldManager", value: "test")]
        if !validation.isEmpty { query.append(("fieldValidation", validation)) }
        let response = try await server.admin.transport.send(APIRequest(method, path, query: query, contentType: contentType, body: Array(body.utf8)))
        let answer = (try? Value(json: response.body)) ?? .null
        let warnings = response.headers.filter { $0.name.lowercased() == "warning" }.map { $0.value.replacing("\\\"", with: "\"") }
        return (response.status, answer["message"].string ?? "", warnings)
    }

    private static func warning(_ text: String) -> String { "299 - \"\(text)\"" }

    private static let problems: [(String, String, String)] = [
        (#","lamp":true"#, "", #"unknown field "spec.lamp""#), (#","paused":true,"paused":false"#, "", #"duplicate field "spec.paused""#),
        ("", #","lamp":true"#, #"unknown field "metadata.lamp""#),
        ("", #","annotations":{"a":"1","a":"2"}"#, #"duplicate field "metadata.annotations.a""#),
    ]

    @Test(arguments: problems) func aCreationIsChecked(extra: String, metadata: String, problem: String) async throws {
        let body = Self.body(extra, metadata: metadata)
        let strict = try await write(.post, Self.path, body, "Strict")
        #expect(strict.status == 400)
        #expect(strict.message == "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: \(problem)")
        #expect(try await server.send(APIRequest(.get, "\(Self.path)/web")).status == 404)
        let warned = try await write(.post, Self.path, body, "Warn")
        #expect(warned.status == 201 && warned.warnings == [Self.warning(problem)])
    }

    @Test(arguments: problems) func aReplacementIsChecked(extra: String, metadata: String, problem: String) async throws {
        #expect(try await write(.post, Self.path, Self.body(""), "Strict").status == 201)
        let body = Self.body(extra, metadata: metadata)
        let path = "\(Self.path)/web"
        let strict = try await write(.put, path, body, "Strict")
        #expect(strict.status == 400 && strict.message.hasSuffix("strict decoding error: \(problem)"))
        let ignored = try await write(.put, path, body, "Ignore")
        #expect(ignored.status == 200 && ignored.warnings.isEmpty)
        // Without a word it is as with Warn.
        for validation in ["Warn", ""] {
            let warned = try await write(.put, path, body, validation)
            #expect(warned.status == 200 && warned.warnings == [Self.warning(problem)])
        }
    }

    @Test func severalProblemsAreToldOneByOne() async throws {
        let body = Self.body(#","lamp":true,"shade":1,"paused":true,"paused":true"#)
        let strict = try await write(.post, Self.path, body, "Strict")
        let problems = [Self.unknown, #"unknown field "spec.shade""#, #"duplicate field "spec.paused""#]
        #expect(strict.message.hasSuffix("strict decoding error: \(problems.joined(separator: ", "))"))
        let warned = try await write(.post, Self.path, body, "Warn")
        #expect(warned.warnings == problems.map(Self.warning))
    }

    @Test func theyAreToldInTheOrderOfTheDocument() async throws {
        let body = """
            {"zeal":1,"kind":"Deployment","spec":{"paused":true,"template":{"spec":{"zone":[{"a":1,"a":2}],"containers":[{"name":"c","image":"i"},\
            {"image":"i","name":"d","lamp":{"x":"\\"}"},"image":"j"}]},"metadata":{"labels":{"app":"web","app":"web"}}},"paused":true,\
            "selector":{"matchLabels":{"app":"web"}},"Replicas":1},"apiVersion":"apps/v1","metadata":{"name":"web","na\\u006de":"web"},"arc":[]}
            """
        let problems = [
            #"unknown field "zeal""#, #"unknown field "spec.template.spec.zone""#, #"unknown field "spec.template.spec.containers[1].lamp""#,
            #"duplicate field "spec.template.spec.containers[1].image""#, #"duplicate field "spec.template.metadata.labels.app""#,
            #"duplicate field "spec.paused""#, #"unknown field "spec.Replicas""#, #"duplicate field "metadata.name""#, #"unknown field "arc""#,
        ]
        let strict = try await write(.post, Self.path, body, "Strict")
        #expect(strict.message.hasSuffix("strict decoding error: \(problems.joined(separator: ", "))"), "\(strict.message)")
        let warned = try await write(.post, Self.path, body, "Warn")
        #expect(warned.status == 201 && warned.warnings == problems.map(Self.warning))
    }

    @Test func ofYAMLTheyAreToldInTheOrderOfTheKeys() async throws {
        let body = """
            kind: Deployment
            apiVersion: apps/v1
            zeal: 1
            metadata: {name: web, name: web}
            spec:
              shade: 1
              lamp: on
              selector: {matchLabels: {app: web}}
              template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
            arc: 1
            """
        let warned = try await write(.post, Self.path, body, "Warn", contentType: "application/yaml")
        let problems = [
            #"line 4: key "name" already set in map"#, #"unknown field "arc""#, Self.unknown, #"unknown field "spec.shade""#,
            #"unknown field "zeal""#,
        ]
        #expect(warned.status == 201 && warned.warnings == problems.map(Self.warning))
    }

    @Test func whatIsUnknownIsToldOnce() async throws {
        let body = Self.body(#","lamp":{"on":1,"on":2},"lamp":{"a":[{"b":1,"b":2}]}"#)
        let strict = try await write(.post, Self.path, body, "Strict")
        #expect(strict.message == "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: \(Self.unknown)")
        let warned = try await write(.post, Self.path, body, "Warn")
        #expect(warned.warnings == [Self.warning(Self.unknown)])
    }

    @Test func yamlIsCheckedToo() async throws {
        let body = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              lamp: on
              paused: true
              paused: false
              selector: {matchLabels: {app: web}}
              template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
            """
        let strict = try await write(.post, Self.path, body, "Strict", contentType: "application/yaml")
        #expect(strict.status == 400)
        #expect(
            strict.message
                == "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: yaml: unmarshal errors:\n  line 7: key \"paused\" already set in map, \(Self.unknown)"
        )
        let warned = try await write(.post, Self.path, body, "Warn", contentType: "application/yaml")
        #expect(warned.warnings == [Self.warning(#"line 7: key "paused" already set in map"#), Self.warning(Self.unknown)])
    }

    @Test func anAppliedConfigurationIsChecked() async throws {
        let path = "\(Self.path)/web"
        let type = "application/apply-patch+yaml"
        let unknown = try await write(.patch, path, Self.body(#","lamp":true"#), "Ignore", contentType: type)
        #expect(unknown.status == 500 && unknown.message.hasSuffix(".spec.lamp: field not declared in schema"))
        let twice = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web}
            spec:
              paused: true
              paused: false
              selector: {matchLabels: {app: web}}
              template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
            """
        let strict = try await write(.patch, path, twice, "Strict", contentType: type)
        #expect(strict.status == 400)
        #expect(
            strict.message
                == "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 6: key \"paused\" already set in map")
        let warned = try await write(.patch, path, twice, "Warn", contentType: type)
        #expect(warned.status == 201 && warned.warnings == [Self.warning(#"line 6: key "paused" already set in map"#)])
        // An applied configuration is read as YAML, whatever it is.
        let json = try await write(.patch, path, Self.body(#","paused":true,"paused":true"#), "Strict", contentType: type)
        #expect(json.status == 400 && json.message.hasSuffix("yaml: unmarshal errors:\n  line 1: key \"paused\" already set in map"))
    }

    @Test func anotherDirectiveIsRefused() async throws {
        let answer = try await write(.post, Self.path, Self.body(""), "Sometimes")
        #expect(answer.status == 422)
        #expect(
            answer.message
                == "CreateOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Sometimes\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\""
        )
    }

    @Test func warningsAreBounded() async throws {
        // Neither a name with a line's end in it nor thousands of names may break the answer's headers.
        var body = Self.body(##","lamp\r\nx-evil: 1":true"##)
        var answer = try await write(.post, Self.path, body, "Warn")
        #expect(answer.status == 201 && answer.warnings.isEmpty)
        body = Self.body((0..<2_000).map { #","lamp\#($0)":1"# }.joined())
        answer = try await write(.put, "\(Self.path)/web", body, "Warn")
        #expect(answer.status == 200 && answer.warnings.count == 100 && answer.warnings.joined().count < 20_000)
        body = Self.body(#","\#(String(repeating: "x", count: 5_000))":1"#)
        answer = try await write(.put, "\(Self.path)/web", body, "Warn")
        #expect(answer.status == 200 && answer.warnings.count == 1 && answer.warnings[0].count == 256 + 8)
    }
}
