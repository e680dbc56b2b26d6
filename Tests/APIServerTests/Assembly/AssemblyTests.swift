import ClusterClient
import Logging
import ObjectModel
import Testing

@testable import APIServer

@Suite struct AssemblyTests {
    @Test func `componentstatuses lists the parts of the control plane`() async throws {
        let server = try await TestServer()
        server.standard.health.register("scheduler") { nil }
        server.standard.health.register("controller-manager") { "not synced" }
        let list = try await server.send(APIRequest(.get, "/api/v1/componentstatuses")).body
        #expect(list["kind"] == "ComponentStatusList")
        #expect(list["items"].array.map(\.name) == ["controller-manager", "etcd-0", "scheduler"])
        let one = try await server.send(APIRequest(.get, "/api/v1/componentstatuses/scheduler"))
        #expect(one.body["conditions"] == [["type": "Healthy", "status": "True", "message": "ok"]])
        #expect(try await server.send(APIRequest(.get, "/api/v1/componentstatuses/nobody")).status == 404)
        let table = try await server.send(
            APIRequest(.get, "/api/v1/componentstatuses", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
        ).body
        #expect(table["rows"].array.map { $0["cells"] }.first == ["controller-manager", "Unhealthy", "not synced", "not synced"])
    }

    @Test func `events go an hour after they were last heard of`() async throws {
        let server = try await TestServer()
        let now = Timestamp.now()
        func event(_ name: String, _ heard: Timestamp) -> Value {
            [
                "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string(name), "namespace": "default"],
                "involvedObject": ["kind": "Pod", "namespace": "default", "name": "p"], "reason": "R", "message": "m", "type": "Normal",
                "lastTimestamp": .string(heard.rfc3339),
            ]
        }
        try await server.admin.create(.events, event("old", now))
        try await server.admin.create(.events, event("fresh", now + .seconds(1800)))
        let expiry = EventExpiry(server.standard, lifetime: .seconds(3600), now: { now + .seconds(3700) })
        let next = await expiry.sweep()
        #expect(try await server.admin.list(.events, namespace: "default").items.map(\.name) == ["fresh"])
        #expect(next.seconds == now.seconds + 5400)
    }

    @Test func `a join token says who its bearer is until it expires`() async throws {
        let server = try await TestServer()
        let text = { (value: String) in Value.string(Base64.encode(Array(value.utf8))) }
        try await server.admin.create(
            .secrets,
            [
                "metadata": ["name": "bootstrap-token-abcdef", "namespace": "kube-system"], "type": "bootstrap.kubernetes.io/token",
                "data": [
                    "token-id": text("abcdef"), "token-secret": text("0123456789abcdef"), "usage-bootstrap-authentication": text("true"),
                    "expiration": text((Timestamp.now() + .seconds(60)).rfc3339),
                ],
            ])
        let review: Value = ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"]
        var request = HTTPRequest(
            api: APIRequest(.post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", body: review.json()),
            headers: ["authorization": "Bearer abcdef.0123456789abcdef"])
        #expect(try Self.user(server.standard.server.handle(request)) == "system:bootstrap:abcdef")
        request.headers.replaceOrAdd(name: "authorization", value: "Bearer abcdef.fedcba9876543210")
        #expect(Self.status(server.standard.server.handle(request)) == 401)
    }

    private static func status(_ outcome: Outcome) -> Int? {
        guard case .respond(let response) = outcome else { return nil }
        return response.status
    }

    private static func user(_ outcome: Outcome) throws -> String? {
        guard case .respond(let response) = outcome else { return nil }
        return try Value(json: response.body.flatMap { $0 })["status"]["userInfo"]["username"].string
    }

    @Test func `a node reads the volume of its pod's claim`() async throws {
        let server = try await TestServer()
        let node = server.standard.client(user: "system:node:one", groups: ["system:nodes", "system:authenticated"], userAgent: "kubelet")
        try await server.admin.create(
            .persistentVolumes,
            [
                "metadata": ["name": "disk"],
                "spec": [
                    "capacity": ["storage": "1Gi"], "accessModes": ["ReadWriteOnce"], "hostPath": ["path": "/data"],
                    "claimRef": ["namespace": "default", "name": "data"],
                ],
            ])
        await #expect(throws: APIError.self) { _ = try await node.get(.persistentVolumes, name: "disk") }
        var pod = TestServer.pod("p")
        pod["spec"]["nodeName"] = "one"
        pod["spec"]["volumes"] = [["name": "data", "persistentVolumeClaim": ["claimName": "data"]]]
        try await server.admin.create(.pods, pod)
        #expect(try await node.get(.persistentVolumes, name: "disk").name == "disk")
    }

    @Test func `commits are timed under the store's metrics`() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let response = try await server.admin.transport.send(APIRequest(.get, "/metrics", accept: "*/*"))
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.contains(#"etcd_requests_total{operation="create",group="",resource="configmaps"} 1"#))
        #expect(text.contains(#"etcd_request_duration_seconds_count{operation="create",group="",resource="configmaps"} 1"#))
    }
}
