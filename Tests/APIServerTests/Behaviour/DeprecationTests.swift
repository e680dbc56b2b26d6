import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite("Deprecated kinds") struct DeprecationTests {
    private static let endpoints = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"

    @Test("whoever uses one is told so, with every verb, and nobody else") func warnings() async throws {
        let server = try await TestServer()
        func warnings(_ method: APIRequest.Method, _ path: String, _ body: Value? = nil) async throws -> [String] {
            let request = APIRequest(method, path, body: body?.json() ?? [])
            return try await server.admin.transport.send(request).headers.filter { $0.name == "warning" }.map(\.value)
        }
        let path = "/api/v1/namespaces/default/endpoints"
        let object: Value = ["apiVersion": "v1", "kind": "Endpoints", "metadata": ["name": "a", "namespace": "default"]]
        let told = ["299 - \"\(Self.endpoints)\""]
        #expect(try await warnings(.get, path) == told)
        #expect(try await warnings(.post, path, object) == told)
        #expect(try await warnings(.get, "\(path)/a") == told)
        #expect(try await warnings(.put, "\(path)/a", object) == told)
        #expect(try await warnings(.delete, "\(path)/a") == told)
        #expect(try await warnings(.get, "\(path)/a") == told, "where there is none, too")
        #expect(try await warnings(.get, "/api/v1/componentstatuses") == ["299 - \"v1 ComponentStatus is deprecated in v1.19+\""])
        #expect(try await warnings(.get, "/api/v1/pods").isEmpty)
    }

    @Test("a write that means another object of the same name says whose uid is whose") func anotherObject() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let uid = try await server.admin.find(.configMaps, namespace: "default", name: "a")?.uid ?? ""
        var map = TestServer.configMap("a")
        map.metadata["uid"] = "1"
        let (status, body) = try await server.send(APIRequest(.put, "/api/v1/namespaces/default/configmaps/a", body: map.json()))
        #expect(status == 409)
        let words = "Precondition failed: UID in precondition: 1, UID in object meta: \(uid)"
        #expect(
            body["message"].string
                == "Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: \(words)"
        )
    }
}
