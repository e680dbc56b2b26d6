import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Patches whose result is not what the path holds, as clients are told of it.
@Suite struct PatchTests {
    let server: TestServer
    private static let path = "/apis/apps/v1/namespaces/default/deployments/web"

    init() async throws {
        server = try await TestServer()
        _ = try await server.post("/apis/apps/v1/namespaces/default/deployments", ApplyTests.deployment)
    }

    private func patch(
        _ type: Client.PatchType, _ body: String, to path: String = path, validation: String = ""
    ) async throws -> (status: Int, body: Value) {
        try await server.send(
            APIRequest(.patch, path, query: [("fieldValidation", validation)], contentType: type.rawValue, body: Array(body.utf8)))
    }

    /// The one cause of a 422 on the field `patch`, apart from the value shown.
    private func cause(_ answer: (status: Int, body: Value)) -> String {
        let cause = answer.body["details"]["causes"][0]
        let message = cause["message"].string ?? ""
        #expect(answer.status == 422 && answer.body["reason"] == "Invalid", "\(answer)")
        #expect(answer.body["message"] == .string(" \"\" is invalid: patch: \(message)"))
        #expect(answer.body["details"]["name"].isNull && answer.body["details"]["kind"].isNull)
        #expect(cause["field"] == "patch" && cause["reason"] == "FieldValueInvalid" && message.hasPrefix("Invalid value: \""))
        return message
    }

    // MARK: Types

    private static let misfits: [(Client.PatchType, String, String)] = [
        (.merge, #"{"spec":{"replicas":"many"}}"#, "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (
            .json, #"[{"op":"replace","path":"/spec/replicas","value":[1]}]"#,
            "json: cannot unmarshal array into Go struct field DeploymentSpec.spec.replicas of type int32"
        ),
        (.strategicMerge, #"{"spec":{"replicas":"many"}}"#, "unrecognized type: int32"),
        (.strategicMerge, #"{"spec":{"replicas":1.5}}"#, "cannot convert float64 to int32"),
        (.strategicMerge, #"{"metadata":{"labels":{"a":5}}}"#, "cannot convert int64 to string"),
        (.strategicMerge, #"{"metadata":{"labels":{"a":true}}}"#, "unrecognized type: string"),
        (.strategicMerge, #"{"spec":"none"}"#, "cannot restore struct from: string"),
        (.strategicMerge, #"{"metadata":{"finalizers":"a"}}"#, "cannot restore slice from string"),
        (.strategicMerge, #"{"metadata":{"annotations":["a"]}}"#, "cannot restore map from slice"),
    ]

    @Test(arguments: misfits) func aResultOfAnotherTypeIsRefusedOnTheFieldPatch(type: Client.PatchType, body: String, why: String) async throws {
        let message = cause(try await patch(type, body))
        #expect(message.hasSuffix("\": \(why)"), "\(message)")
        let now = try await server.send(APIRequest(.get, Self.path)).body
        #expect(now.generation == 1 && now["spec"]["replicas"] == 2)
    }

    @Test func whatIsShownIsTheResultOrTheStrategicPatch() async throws {
        var message = cause(try await patch(.strategicMerge, #"{"spec":{"replicas":"many","paused":true}}"#))
        #expect(message == #"Invalid value: "map[spec:map[paused:true replicas:many]]": unrecognized type: int32"#)
        message = cause(try await patch(.merge, #"{"spec":{"replicas":"many"}}"#))
        #expect(message.hasPrefix(#"Invalid value: "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\""#))
    }

    // MARK: Strictness

    private static let sloppy: [(Client.PatchType, String, String)] = [
        (.merge, #"{"spec":{"foo":1}}"#, #"unknown field "spec.foo""#),
        (.strategicMerge, #"{"spec":{"foo":1}}"#, #"unknown field "spec.foo""#),
        (.json, #"[{"op":"add","path":"/spec/foo","value":1}]"#, #"unknown field "spec.foo""#),
        (.merge, #"{"spec":{"paused":true,"paused":true}}"#, #"duplicate field "spec.paused""#),
        (.strategicMerge, #"{"spec":{"paused":true,"paused":true}}"#, #"duplicate field "spec.paused""#),
        (.json, #"[{"op":"add","path":"/spec/paused","value":true,"foo":1}]"#, #"json patch unknown field "[0].foo""#),
        (.json, #"[{"op":"add","op":"add","path":"/spec/paused","value":true}]"#, #"json patch duplicate field "[0].op""#),
    ]

    @Test(arguments: sloppy) func strictnessCountsForPatches(type: Client.PatchType, body: String, problem: String) async throws {
        let message = cause(try await patch(type, body, validation: "Strict"))
        #expect(message.hasSuffix("\": strict decoding error: \(problem)"), "\(message)")
        for (validation, isTold) in [("Warn", true), ("", true), ("Ignore", false)] {
            let response = try await server.admin.transport.send(
                APIRequest(
                    .patch, Self.path, query: [("dryRun", "All"), ("fieldValidation", validation)], contentType: type.rawValue,
                    body: Array(body.utf8)))
            #expect(response.status == 200)
            let warnings = response.headers.filter { $0.name.lowercased() == "warning" }.map(\.value)
            let quoted = problem.replacing("\"", with: "\\\"")
            #expect(warnings == (isTold ? ["299 - \"\(quoted)\""] : []))
        }
    }

    @Test func aPatchsProblemsAreToldInTheirOrder() async throws {
        let body = #"[{"foo":1,"op":"add","path":"/spec/paused","value":true,"op":"add","bar":1}]"#
        let message = cause(try await patch(.json, body, validation: "Strict"))
        let problems = #"unknown field "[0].foo", json patch duplicate field "[0].op", json patch unknown field "[0].bar""#
        #expect(message.hasSuffix("strict decoding error: json patch \(problems)"))
    }

    // MARK: Bodies that are no patches

    private static let broken: [(Client.PatchType, String, String)] = [
        (.json, #"{"op":"add"}"#, "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        (.json, #"["add"]"#, "error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp"),
        (.merge, "[1]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (.strategicMerge, "7", "json: cannot unmarshal number into Go value of type map[string]interface {}"),
    ]

    @Test(arguments: broken) func whatIsNoPatchIsABadRequest(type: Client.PatchType, body: String, message: String) async throws {
        let answer = try await patch(type, body)
        #expect(answer.status == 400 && answer.body["reason"] == "BadRequest")
        #expect(answer.body["message"] == .string(message))
    }

    @Test func aStrategicPatchThatSetsWhatItDoesNotRetainCannotBeProcessed() async throws {
        let answer = try await patch(.strategicMerge, #"{"spec":{"strategy":{"$retainKeys":["type"],"rollingUpdate":{"maxSurge":1}}}}"#)
        #expect(answer.status == 422 && answer.body["message"] == "the server rejected our request due to an error in our request")
    }

    // MARK: Kinds

    @Test func aPatchDoesNotChangeTheKind() async throws {
        let message = cause(try await patch(.merge, #"{"kind":"Lamp"}"#))
        #expect(message.contains(#"no kind "Lamp" is registered for version "apps/v1""#))
        let answer = try await patch(.strategicMerge, #"{"kind":"Lamp","spec":{"replicas":3}}"#)
        #expect(answer.status == 200 && answer.body.kind == "Deployment" && answer.body["spec"]["replicas"] == 3)
    }

    @Test func aScaleIsCheckedAsAnyObject() async throws {
        let scale = Self.path + "/scale"
        var message = cause(try await patch(.merge, #"{"spec":{"replicas":"many"}}"#, to: scale))
        #expect(message.hasSuffix("json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32"))
        message = cause(try await patch(.strategicMerge, #"{"spec":{"replicas":"many"}}"#, to: scale))
        #expect(message.hasSuffix("unrecognized type: int32"))
        message = cause(try await patch(.merge, #"{"spec":{"foo":1}}"#, to: scale, validation: "Strict"))
        #expect(message.hasSuffix(#"unknown field "spec.foo""#))
        let failed = try await patch(.json, #"[{"op":"test","path":"/spec/replicas","value":9}]"#, to: scale)
        #expect(failed.status == 422 && failed.body["message"] == "the server rejected our request due to an error in our request")
        let put = try await server.send(APIRequest(.put, scale, body: Array(#"{"spec":{"replicas":"x"}}"#.utf8)))
        #expect(put.status == 400 && put.body["message"].string?.hasSuffix("ScaleSpec.spec.replicas of type int32") == true)
        let taken = try await patch(.strategicMerge, #"{"spec":{"replicas":4}}"#, to: scale)
        #expect(taken.status == 200 && taken.body["spec"]["replicas"] == 4)
    }
}
