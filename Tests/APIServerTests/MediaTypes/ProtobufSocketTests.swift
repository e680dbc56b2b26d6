import ClusterClient
import HTTPServer
import Identity
import Logging
import NIOPosix
import ObjectModel
import Testing

@testable import APIServer

/// What clients in Go send to subresources and collections, over TLS and HTTP/2.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProtobufSocketTests {
    private static let mediaType = "application/vnd.kubernetes.protobuf"
    private static let pods = "/api/v1/namespaces/default/pods"

    /// A server behind a listener on loopback, and an administrator's way to it.
    private struct Remote {
        let transport: HTTPSTransport

        /// Sends protobuf, or a patch in JSON, and wants protobuf back.
        func send(
            _ method: APIRequest.Method, _ path: String, _ body: Value? = nil, contentType: String = mediaType,
            query: [(name: String, value: String)] = []
        ) async throws -> (status: Int, body: Value) {
            let bytes = contentType == mediaType ? try body.map { try #require(ProtobufForm.encode($0)) } : body?.json()
            let response = try await transport.send(
                APIRequest(method, path, query: query, contentType: contentType, accept: mediaType, body: bytes ?? []))
            #expect(response.contentType == mediaType)
            return (response.status, try ProtobufForm.decode(response.body, nil))
        }
    }

    private func run(_ test: (TestServer, Remote) async throws -> Void) async throws {
        let server = try await TestServer()
        let now = Timestamp.now()
        let authority = try CertificateAuthority(now: now)
        let serving = try authority.issue(.apiServer(serviceAddress: nil), now: now)
        let admin = try authority.issue(.client("admin", groups: ["system:masters"]), now: now)
        let tls = ServingTLS(certificateChainPEM: serving.certificatePEM, keyPEM: serving.privateKeyPEM, clientCAPEM: authority.certificatePEM)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let listener = try Listener(
            .init(host: "127.0.0.1", port: 0, tls: tls, limits: .init(), group: MultiThreadedEventLoopGroup.singleton, logger: logger),
            handler: server.standard.server)
        let port = try await listener.start().port ?? 0
        var timeouts = HTTPSTransport.Timeouts()
        timeouts.connect = .seconds(60)
        let transport = HTTPSTransport(ServerURL(host: "127.0.0.1", port: port), timeouts: timeouts) {
            HTTPSIdentity(caPEM: authority.certificatePEM, certificatePEM: admin.certificatePEM, keyPEM: admin.privateKeyPEM)
        }
        do {
            try await test(server, Remote(transport: transport))
        } catch {
            transport.close()
            await listener.stop(within: .zero)
            throw error
        }
        transport.close()
        await listener.stop(within: .seconds(5))
    }

    @Test func podsAreBoundAndEvicted() async throws {
        try await run { server, remote in
            for name in ["p", "q"] { #expect(try await remote.send(.post, Self.pods, TestServer.pod(name)).status == 201) }
            let binding: Value = [
                "apiVersion": "v1", "kind": "Binding", "metadata": ["name": "p", "namespace": "default"], "target": ["kind": "Node", "name": "n1"],
            ]
            var answer = try await remote.send(.post, "\(Self.pods)/p/binding", binding)
            #expect(answer.status == 201 && answer.body.kind == "Status" && answer.body["status"] == "Success")
            #expect(try await remote.send(.get, "\(Self.pods)/p").body.spec["nodeName"] == "n1")
            answer = try await remote.send(.post, "\(Self.pods)/p/binding", binding)
            #expect(answer.status == 409 && answer.body["reason"] == "Conflict")
            var other = binding
            other.metadata["name"] = "q"
            answer = try await remote.send(.post, "/api/v1/namespaces/default/bindings", other)
            #expect(answer.status == 201 && answer.body["status"] == "Success")

            let eviction: Value = [
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "p", "namespace": "default"],
                "deleteOptions": ["gracePeriodSeconds": 7],
            ]
            answer = try await remote.send(.post, "\(Self.pods)/p/eviction", eviction)
            #expect(answer.status == 201 && answer.body["status"] == "Success", "\(answer.body)")
            let pod = try await remote.send(.get, "\(Self.pods)/p").body
            #expect(pod.metadata["deletionGracePeriodSeconds"] == 7)
            let condition = pod.status["conditions"].array.first { $0["type"] == "DisruptionTarget" }
            #expect(condition?["reason"] == "EvictionByEvictionAPI" && condition?["status"] == "True")
            #expect(condition?["message"] == "Eviction API: evicting")
            answer = try await remote.send(.post, "\(Self.pods)/q/eviction", eviction)
            #expect(answer.status == 400 && answer.body["message"] == "name in URL does not match name in Eviction object")
            answer = try await remote.send(
                .post, "\(Self.pods)/none/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "none"]])
            #expect(answer.status == 404 && answer.body["reason"] == "NotFound" && answer.body["details"]["kind"] == "pods")
        }
    }

    @Test func tokensAreIssued() async throws {
        try await run { _, remote in
            let (status, answer) = try await remote.send(
                .post, "/api/v1/namespaces/default/serviceaccounts/default/token",
                [
                    "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
                    "spec": ["expirationSeconds": 3600, "audiences": ["https://example.com"]],
                ])
            #expect(status == 201 && answer.kind == "TokenRequest" && answer.apiVersion == "authentication.k8s.io/v1")
            #expect(answer.status["token"].string?.split(separator: ".").count == 3 && answer.spec["audiences"] == ["https://example.com"])
            #expect(Timestamp(rfc3339: answer.status["expirationTimestamp"].string ?? "") != nil)
        }
    }

    @Test func whatHasReplicasIsScaled() async throws {
        try await run { _, remote in
            let created = try await remote.send(.post, "/apis/apps/v1/namespaces/default/deployments", ApplyTests.deployment)
            #expect(created.status == 201)
            let path = "\(ApplyTests.path)/scale"
            var (status, scale) = try await remote.send(.get, path)
            #expect(status == 200 && scale.kind == "Scale" && scale.apiVersion == "autoscaling/v1" && scale.spec["replicas"] == 2)
            scale.spec["replicas"] = 5
            (status, scale) = try await remote.send(.put, path, scale)
            #expect(status == 200 && scale.spec["replicas"] == 5)
            scale.metadata["resourceVersion"] = "1"
            #expect(try await remote.send(.put, path, scale).status == 409)
            (status, scale) = try await remote.send(.patch, path, ["spec": ["replicas": 6]], contentType: "application/merge-patch+json")
            #expect(status == 200 && scale.spec["replicas"] == 6 && scale.status["selector"] == "app=web")
        }
    }

    @Test func collectionsAreDeleted() async throws {
        try await run { server, remote in
            let path = "/api/v1/namespaces/default/configmaps"
            for name in ["a", "b", "c"] {
                var map = TestServer.configMap(name, ["k": name])
                map.metadata["labels"] = ["keep": .string(name == "c" ? "yes" : "no")]
                #expect(try await remote.send(.post, path, map).status == 201)
            }
            let options: Value = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"]
            let dry = try await remote.send(.delete, path, options, query: [("labelSelector", "keep=no"), ("dryRun", "All")])
            #expect(dry.status == 200 && dry.body["items"].array.count == 2)
            let (status, list) = try await remote.send(.delete, path, options, query: [("labelSelector", "keep=no")])
            #expect(status == 200 && list.kind == "ConfigMapList" && list["items"].array.map(\.name) == ["a", "b"])
            #expect(list["items"][0]["data"] == ["k": "a"])
            let left = try await remote.send(.get, path)
            #expect(left.body["items"].array.map(\.name) == ["c"])
        }
    }
}
