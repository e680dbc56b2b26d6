import ObjectModel
import Testing

@testable import APIServer

@Suite struct AnswerFormTests {
    @Test(
        arguments: [
            ("", .json), ("*/*", .json), ("application/*", .json), ("application/yaml", AnswerForm(encoding: .yaml)),
            ("application/vnd.kubernetes.protobuf,application/json", AnswerForm(encoding: .protobuf)),
            ("application/vnd.kubernetes.protobuf;q=0.5,application/json;q=0.9", .json),
            ("*/*;q=0.8, application/vnd.kubernetes.protobuf;q=0.8", AnswerForm(encoding: .protobuf)), ("text/html, */*;q=0.1", .json),
            ("application/cbor", AnswerForm(encoding: .cbor)),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", AnswerForm(shape: .table(version: "v1"))),
            ("application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json", .json),
            ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", .json),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json",
                AnswerForm(encoding: .protobuf, shape: .partialMetadata(version: "v1"))
            ),
        ] as [(String, AnswerForm)])
    func theFirstWishThatCanBeServedIs(accept: String, form: AnswerForm) throws { #expect(try AnswerForm.negotiate(accept) == form) }

    @Test func whatCannotBeServedIsRefused() {
        func message(_ accept: String, _ endpoint: AnswerForm.Endpoint) -> String? {
            do {
                _ = try AnswerForm.negotiate(accept, endpoint)
                return nil
            } catch {
                #expect(error.code == 406)
                return error.message
            }
        }
        #expect(
            message("text/plain", AnswerForm.Endpoint())
                == "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")
        #expect(
            message("application/vnd.kubernetes.protobuf", AnswerForm.Endpoint(hasProtobuf: false))
                == "only the following media types are accepted: application/json, application/yaml")
        #expect(
            message("application/yaml", AnswerForm.Endpoint(isStream: true))
                == "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch")
        #expect(message("application/json;as=Table;v=v1;g=meta.k8s.io", AnswerForm.Endpoint(hasTable: false)) != nil)
    }
}
