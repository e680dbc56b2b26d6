import ClusterClient
import Identity
import Logging
import ObjectModel
import Storage
import Testing

@testable import APIServer

/// A whole API server in memory, as the behaviour suite talks to it.
struct TestServer {
    let standard: StandardServer
    let admin: Client

    init(store: any Store = MemoryStore()) async throws {
        let configuration = APIServer.Configuration(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        standard = try StandardServer(
            configuration, store: store, serviceCIDR: "10.96.0.0/16", serviceAccountKeys: ServiceAccountKeys(),
            connect: { _, _, _, _ throws(APIError) in throw APIError(.serviceUnavailable, "no nodes here") })
        admin = standard.client(user: "admin", groups: ["system:masters"], userAgent: "test")
        try await standard.bootstrap(addresses: ["127.0.0.1"], port: 6443)
        try await admin.create(.serviceAccounts, ["metadata": ["name": "default", "namespace": "default"]])
    }

    func send(_ request: APIRequest) async throws -> (status: Int, body: Value) {
        let response = try await admin.transport.send(request)
        return (response.status, (try? Value(json: response.body)) ?? .string(String(decoding: response.body, as: UTF8.self)))
    }

    func post(_ path: String, _ body: Value, query: [(name: String, value: String)] = []) async throws -> (status: Int, body: Value) {
        try await send(APIRequest(.post, path, query: query, body: body.json()))
    }

    static func pod(_ name: String, labels: [String: String] = [:]) -> Value {
        [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "default", "labels": Value(labels)],
            "spec": ["containers": [["name": "c", "image": "repo/i:1"]]],
        ]
    }

    static func configMap(_ name: String, _ data: [String: String] = [:]) -> Value {
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "default"], "data": Value(data)]
    }
}
