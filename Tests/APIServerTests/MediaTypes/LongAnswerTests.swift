import ClusterClient
import HTTPServer
import KubernetesAPI
import NIOHTTP1
import ObjectModel
import Schema
import Storage
import Synchronization
import TestSupport
import Testing

@testable import APIServer

/// Lists that are made while they are sent.
@Suite struct LongAnswerTests {
    private static let path = "/api/v1/namespaces/default/configmaps"
    private static let protobuf = "application/vnd.kubernetes.protobuf"

    // MARK: Protobuf

    /// Objects of a kind as they might be stored, some of them by something that knew other fields or wrote JSON in another way.
    private static func objects(_ type: TypeDefinition, _ kind: StoredKind, seed: UInt64) -> [StoredObject] {
        var dice = Dice(seed: seed)
        return (0..<12).map { number in
            var object = dice.object(of: type, depth: 5)
            object["metadata"] = ["name": .string("o\(number)"), "annotations": ["a": .string(String(repeating: "\u{e9}\n", count: number * 130))]]
            if number % 7 == 3 { object["of another time"] = ["x": [1, ["y": "}"]]] }
            var bytes = object.canonicalJSON()
            if number % 5 == 4 { bytes.insert(UInt8(ascii: " "), at: 1) }
            return StoredObject(key: "default/o\(number)", revision: Int64(number), bytes: bytes, kind: kind)
        }
    }

    private static func all(_ source: any AnswerSource) throws -> [UInt8] {
        var source = source
        var bytes: [UInt8] = []
        while let piece = try source.next() { bytes += piece }
        return bytes
    }

    @Test func aListThatIsMadeInPiecesIsTheSameAsOneThatIsMadeAsAWhole() throws {
        let registry = try ResourceRegistry(store: MemoryStore(), serviceCIDR: "10.96.0.0/16")
        for (seed, resource) in registry.all.enumerated() where resource.conversion == nil && resource.definition.verbs.contains("list") {
            let type = resource.definition.type
            let kind = StoredKind(type: type, fieldsOf: { _ in [:] })
            let objects = Self.objects(type, kind, seed: UInt64(seed))
            let list = try ProtobufList(objects, ["resourceVersion": "7", "continue": "x"], resource)
            let whole = try list.pieces().flatMap { $0 }
            // At first lengths are measured, then looked up.
            for _ in 0..<2 { #expect(try Self.all(list.source()) == whole, "\(resource.plural)") }
            #expect(try ProtobufForm.decode(whole, nil)["items"].array.count == objects.count)
        }
    }

    @Test func theLengthThatIsRememberedIsThatOfTheTypeThatIsStored() throws {
        let (pod, map) = (
            Catalog.builtIn.type(group: "", version: "v1", kind: "Pod"), Catalog.builtIn.type(group: "", version: "v1", kind: "ConfigMap")
        )
        let (podType, mapType) = (try #require(pod), try #require(map))
        let object = StoredObject(key: "n/o", revision: 1, bytes: [], kind: StoredKind(type: podType, fieldsOf: { _ in [:] }))
        #expect(object.messageLength(as: podType) == nil)
        object.note(messageLength: 7, as: mapType)
        #expect(object.messageLength(as: podType) == nil)
        object.note(messageLength: 9, as: podType)
        #expect(object.messageLength(as: podType) == 9 && object.messageLength(as: mapType) == nil)
    }

    // MARK: Answers

    /// A server with more than is made in one go, and an administrator's token.
    private struct Filled {
        let server: TestServer
        let token: String

        init() async throws {
            server = try await TestServer()
            let text = String(repeating: "all that there is to say of it; ", count: 32_000)
            for index in 0..<9 {
                try await server.admin.create(.configMaps, TestServer.configMap("m\(index)", ["text": text, "quoted": "\"\(index)\""]))
            }
            _ = try await server.post(
                "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                [
                    "metadata": ["name": "all"],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"],
                    "subjects": [["kind": "ServiceAccount", "name": "default", "namespace": "default"]],
                ])
            let (_, answer) = try await server.post("/api/v1/namespaces/default/serviceaccounts/default/token", ["spec": ["expirationSeconds": 3600]])
            token = try #require(answer.status["token"].string)
        }

        func answer(accept: String, gzip: Bool) throws -> Outcome {
            var headers: HTTPHeaders = ["authorization": "Bearer \(token)"]
            if gzip { headers.add(name: "accept-encoding", value: "gzip") }
            return server.standard.server.handle(HTTPRequest(api: APIRequest(.get, LongAnswerTests.path, accept: accept), headers: headers))
        }

        /// The same as a component of this process gets it.
        func whole(accept: String) async throws -> [UInt8] {
            try await server.admin.transport.send(APIRequest(.get, LongAnswerTests.path, accept: accept)).body
        }
    }

    @Test func aLongListComesAsItsClientTakesIt() async throws {
        let filled = try await Filled()
        for accept in [Self.protobuf, "application/json"] {
            guard case .stream(let head, let start) = try filled.answer(accept: accept, gzip: true) else {
                throw APIError(.internalError, "the list is no stream")
            }
            #expect(head.headers["content-type"] == [accept] && head.headers["content-encoding"] == ["gzip"])
            let sink = ReadingSink()
            start(sink)
            let (bytes, most) = await sink.all()
            #expect(most <= 3 * 1024 * 1024, "made before it was taken: \(most)")
            let whole = try await filled.whole(accept: accept)
            #expect(whole.count > 8 * 1024 * 1024)
            #expect(try CompressionTests.inflated(bytes) == whole)
        }
        for accept in [Self.protobuf, "application/json"] {
            guard case .respond(let response) = try filled.answer(accept: accept, gzip: false) else {
                throw APIError(.internalError, "what isn't compressed is no whole answer")
            }
            #expect(try await response.body.flatMap { $0 } == filled.whole(accept: accept))
        }
    }
}

/// A client that takes all that was written whenever its server waits for that.
private final class ReadingSink: StreamSink {
    private struct State {
        var bytes: [UInt8] = []
        var pending = 0
        var most = 0
    }

    private let state = Mutex(State())
    private let (end, ended) = AsyncStream<Void>.makeStream()

    var pendingBytes: Int { state.withLock { $0.pending } }

    func write(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            state.bytes += bytes
            state.pending += bytes.count
            state.most = max(state.most, state.pending)
        }
        return true
    }

    func onRoom(_ handler: @escaping @Sendable () -> Void) {
        state.withLock { $0.pending = 0 }
        handler()
    }

    func onClose(_ handler: @escaping @Sendable () -> Void) {}

    func finish() { ended.finish() }

    /// What was written in all, and how much at most before any of it was taken.
    func all() async -> (bytes: [UInt8], most: Int) {
        for await _ in end {}
        return state.withLock { ($0.bytes, $0.most) }
    }
}
