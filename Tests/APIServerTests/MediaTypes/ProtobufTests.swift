import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema
import Synchronization
import Testing

@testable import APIServer

/// The API as clients in Go talk to it.
@Suite struct ProtobufTests {
    private static let mediaType = "application/vnd.kubernetes.protobuf"

    private static func encode(_ object: Value) throws -> [UInt8] { try #require(ProtobufForm.encode(object)) }

    private static func decode(_ bytes: [UInt8]) throws -> Value { try ProtobufForm.decode(bytes, nil) }

    private static func send(
        _ server: TestServer, _ method: APIRequest.Method, _ path: String, _ body: Value? = nil, accept: String = mediaType
    ) async throws -> (status: Int, contentType: String, body: Value) {
        let request = APIRequest(method, path, contentType: mediaType, accept: accept, body: try body.map(encode) ?? [])
        let response = try await server.admin.transport.send(request)
        let isProtobuf = response.contentType == mediaType
        return (response.status, response.contentType, isProtobuf ? try decode(response.body) : try Value(json: response.body))
    }

    @Test func objectsAreCreatedReadReplacedAndDeletedInProtobuf() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/configmaps"
        var (status, contentType, map) = try await Self.send(server, .post, path, TestServer.configMap("m", ["a": "b"]))
        #expect(status == 201 && contentType == Self.mediaType)
        #expect(map["data"] == ["a": "b"] && map.kind == "ConfigMap" && !map.uid.isEmpty)
        map["data"]["c"] = "d"
        (status, _, map) = try await Self.send(server, .put, "\(path)/m", map)
        #expect(status == 200 && map["data"] == ["a": "b", "c": "d"])
        let (_, json) = try await server.send(APIRequest(.get, "\(path)/m"))
        (status, _, map) = try await Self.send(server, .get, "\(path)/m")
        #expect(status == 200 && map == json)
        let options: Value = ["apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "other"]]
        (status, contentType, map) = try await Self.send(server, .delete, "\(path)/m", options)
        #expect(status == 409 && contentType == Self.mediaType && map.kind == "Status" && map["reason"] == "Conflict")
        (status, _, map) = try await Self.send(server, .delete, "\(path)/m", ["apiVersion": "v1", "kind": "DeleteOptions"])
        #expect(status == 200 && map["status"] == "Success")
    }

    @Test func listsArePagesOfTheSameObjects() async throws {
        let server = try await TestServer()
        for index in 0..<5 { try await server.admin.create(.pods, TestServer.pod("p\(index)", labels: ["n": "\(index)"])) }
        let (_, json) = try await server.send(APIRequest(.get, "/api/v1/pods"))
        let (status, _, list) = try await Self.send(server, .get, "/api/v1/pods")
        #expect(status == 200 && list.kind == "PodList" && list.resourceVersion == json.resourceVersion)
        var items = json["items"].array
        // Items of a list carry no kind of their own in protobuf.
        for index in items.indices {
            items[index]["apiVersion"] = .null
            items[index]["kind"] = .null
        }
        #expect(list["items"].array.map(\.name) == items.map(\.name))
        for (item, wanted) in zip(list["items"].array, items) { #expect(Self.completed(item) == Self.completed(wanted)) }
    }

    /// As it is once defaults and zeros that are always written are in.
    private static func completed(_ pod: Value) -> Value {
        var pod = pod
        pod["apiVersion"] = "v1"
        pod["kind"] = "Pod"
        if let type = Catalog.builtIn.type(group: "", version: "v1", kind: "Pod") { Defaulter.apply(to: &pod, type: type) }
        return pod
    }

    @Test func subresourcesAndReviewsSpeakItToo() async throws {
        let server = try await TestServer()
        let deployment: Value = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d", "namespace": "default"],
            "spec": [
                "replicas": 2, "selector": ["matchLabels": ["a": "b"]],
                "template": ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "i"]]]],
            ],
        ]
        _ = try await Self.send(server, .post, "/apis/apps/v1/namespaces/default/deployments", deployment)
        var (status, _, answer) = try await Self.send(server, .get, "/apis/apps/v1/namespaces/default/deployments/d/scale")
        #expect(status == 200 && answer.kind == "Scale" && answer["spec"]["replicas"] == 2)
        answer["spec"]["replicas"] = 3
        (status, _, answer) = try await Self.send(server, .put, "/apis/apps/v1/namespaces/default/deployments/d/scale", answer)
        #expect(status == 200 && answer["spec"]["replicas"] == 3)
        (status, _, answer) = try await Self.send(
            server, .post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                "spec": ["resourceAttributes": ["verb": "get", "resource": "pods"]],
            ])
        #expect(status == 201 && answer["status"]["allowed"] == true)
        (status, _, answer) = try await Self.send(
            server, .post, "/api/v1/namespaces/default/serviceaccounts/default/token",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 3600]])
        #expect(status == 201 && !(answer["status"]["token"].string ?? "").isEmpty)
    }

    @Test func discoveryIsReadInProtobuf() async throws {
        let server = try await TestServer()
        let (_, contentType, groups) = try await Self.send(server, .get, "/apis")
        #expect(contentType == Self.mediaType && groups["groups"].array.contains { $0["name"] == "apps" })
        let (_, _, resources) = try await Self.send(server, .get, "/api/v1")
        #expect(resources["resources"].array.first { $0["name"] == "pods" }?["verbs"].strings.contains("list") == true)
    }

    @Test func brokenBodiesAreBadRequests() async throws {
        let server = try await TestServer()
        func message(_ body: [UInt8], _ contentType: String = Self.mediaType) async throws -> (Int, String) {
            let (status, answer) = try await server.send(APIRequest(.post, "/api/v1/namespaces", contentType: contentType, body: body))
            return (status, answer["message"].string ?? "")
        }
        var answer = try await message(Array("{}".utf8))
        #expect(answer.0 == 400)
        #expect(
            answer.1
                == "the object provided is unrecognized (must be of type Namespace): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})"
        )
        let good = try Self.encode(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "x"]])
        answer = try await message(good.map { $0 == 0x78 ? 0xFF : $0 }.dropLast(6) + [])
        #expect(answer.0 == 400)
        answer = try await message(try Self.encode(["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "x"]]))
        #expect(answer.0 == 400)
        answer = try await message(good, "application/x-other")
        #expect(
            answer == (
                415,
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf"
            ))
    }

    @Test func tablesAreNotForReviews() async throws {
        let server = try await TestServer()
        let (status, answer) = try await server.send(
            APIRequest(
                .post, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
                body: (["kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"] as Value).json()))
        #expect(status == 406 && answer["reason"] == "NotAcceptable")
    }

    // MARK: Metadata alone

    @Test func metadataAloneComesInBothEncodings() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["a": "b"]))
        let path = "/api/v1/namespaces/default/configmaps"
        for version in ["v1", "v1beta1"] {
            for type in [Self.mediaType, "application/json"] {
                let one = try await Self.send(server, .get, "\(path)/m", accept: "\(type);as=PartialObjectMetadata;g=meta.k8s.io;v=\(version)")
                #expect(one.contentType == type && one.body.kind == "PartialObjectMetadata" && one.body.apiVersion == "meta.k8s.io/\(version)")
                #expect(one.body.name == "m" && one.body["data"].isNull)
                let list = try await Self.send(server, .get, path, accept: "\(type);as=PartialObjectMetadataList;g=meta.k8s.io;v=\(version)")
                #expect(list.contentType == type && list.body.kind == "PartialObjectMetadataList" && !list.body.resourceVersion.isEmpty)
                #expect(list.body["items"].array.map(\.name).contains("m"))
            }
        }
        let wrong = try await Self.send(server, .get, path, accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
        #expect(wrong.status == 406)
    }

    // MARK: Watches

    @Test func aWatchInProtobufSendsFramesWithTheirLength() async throws {
        let server = try await TestServer()
        let sink = GatheringSink()
        let request = APIRequest(
            .get, "/api/v1/namespaces/default/configmaps", query: [("watch", "1"), ("fieldSelector", "metadata.name=m")],
            accept: "\(Self.mediaType);stream=watch")
        let outcome = server.standard.server.handle(HTTPRequest(api: request, inProcessUser: UserInfo(name: "admin", groups: ["system:masters"])))
        guard case .stream(let head, let start) = outcome else {
            Issue.record("no stream")
            return
        }
        #expect(head.headers.first(name: "content-type") == "\(Self.mediaType);stream=watch")
        start(sink)
        try await server.admin.create(.configMaps, TestServer.configMap("m", ["a": "b"]))
        try await server.admin.delete(.configMaps, namespace: "default", name: "m")
        let frames = sink.bytes
        #expect(frames.count == 2)
        for (frame, kind) in zip(frames, ["ADDED", "DELETED"]) {
            let length = frame.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            #expect(length == frame.count - 4)
            let type = try #require(Catalog.builtIn.registry.type(named: "io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent"))
            // The event itself is bare; the object within has an envelope, so it is no JSON.
            #expect(throws: ProtobufError.self) {
                try frame.withUnsafeBytes { try ProtobufDecoder.decode(UnsafeRawBufferPointer(rebasing: $0[4...]), as: type) }
            }
            let start = try #require(frame.indices.first { frame[$0...].starts(with: ProtobufEnvelope.magic) })
            let object = try Self.decode(Array(frame[start...]))
            #expect(object.name == "m" && object["data"] == ["a": "b"])
            #expect(frame[6..<6 + kind.utf8.count].elementsEqual(kind.utf8))
        }
    }
}

/// Takes what a stream writes.
final class GatheringSink: StreamSink {
    private let written = Mutex<[[UInt8]]>([])

    var bytes: [[UInt8]] { written.withLock { $0 } }

    let pendingBytes = 0

    func write(_ bytes: [UInt8]) -> Bool {
        written.withLock { $0.append(bytes) }
        return true
    }

    func finish() {}

    func onClose(_ handler: @escaping @Sendable () -> Void) {}
}
