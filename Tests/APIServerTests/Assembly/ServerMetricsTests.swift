import ClusterClient
import Metrics
import ObjectModel
import Testing

@testable import APIServer

/// What `GET /metrics` tells under upstream's names.
@Suite("Metrics of the server") struct ServerMetricsTests {
    /// The samples as they are told, by name and labels.
    private func samples(_ server: TestServer) async throws -> [String: Double] {
        let response = try await server.admin.transport.send(APIRequest(.get, "/metrics", accept: "*/*"))
        var samples: [String: Double] = [:]
        for line in String(decoding: response.body, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            samples[String(line[..<space])] = Double(line[line.index(after: space)...])
        }
        return samples
    }

    private static let maps = "/api/v1/namespaces/default/configmaps"

    private static func labels(_ verb: String, _ scope: String, resource: String = "configmaps") -> String {
        #"verb="\#(verb)",group="",version="v1",resource="\#(resource)",subresource="",scope="\#(scope)",component="apiserver""#
    }

    @Test("requests are counted by HTTP's verbs, with what became of them and how long that took") func requests() async throws {
        let server = try await TestServer()
        let body = TestServer.configMap("a").json()
        _ = try await server.send(APIRequest(.post, Self.maps, contentType: "application/json", body: body))
        _ = try await server.send(APIRequest(.post, Self.maps, query: [("dryRun", "All")], contentType: "application/json", body: body))
        for name in ["a", "a", "b"] { _ = try await server.send(APIRequest(.get, "\(Self.maps)/\(name)")) }
        _ = try await server.send(APIRequest(.get, Self.maps))
        let apply = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"b"}}"#
        _ = try await server.send(
            APIRequest(
                .patch, "\(Self.maps)/a", query: [("fieldManager", "m")], contentType: "application/apply-patch+yaml", body: Array(apply.utf8)))
        let samples = try await samples(server)
        func total(_ labels: String, dryRun: String = "", _ code: Int) -> Double? {
            samples[#"apiserver_request_total{\#(labels),dry_run="\#(dryRun)",code="\#(code)"}"#]
        }
        #expect(total(Self.labels("POST", "resource"), 201) == 1)
        #expect(total(Self.labels("POST", "resource"), dryRun: "All", 409) == 1)
        #expect(total(Self.labels("GET", "resource"), 200) == 2 && total(Self.labels("GET", "resource"), 404) == 1)
        #expect(total(Self.labels("LIST", "namespace"), 200) == 1)
        #expect(total(Self.labels("APPLY", "resource"), 200) == 1)
        #expect(samples[#"apiserver_request_duration_seconds_count{\#(Self.labels("GET", "resource")),dry_run=""}"#] == 3)
        #expect(samples[#"apiserver_request_sli_duration_seconds_count{\#(Self.labels("POST", "resource"))}"#] == 2)
        #expect(samples[#"apiserver_response_sizes_bucket{\#(Self.labels("GET", "resource")),le="1000"}"#] == 3)
        #expect(samples[#"apiserver_response_sizes_count{\#(Self.labels("POST", "resource"))}"#] == nil)
        let bodies = #"apiserver_request_body_size_bytes_sum{group="",resource="configmaps",verb="create"}"#
        #expect(samples[bodies] == Double(2 * body.count))
    }

    @Test("nobody makes up labels: what is not served is not counted") func unknown() async throws {
        let server = try await TestServer()
        for path in ["/api/v1/nothings", "/apis/nowhere/v1/things", "\(Self.maps)/a/nothing", "/made/up"] {
            #expect(try await server.send(APIRequest(.get, path)).status == 404)
        }
        let told = try await samples(server).keys.filter { $0.hasPrefix("apiserver_request") }
        #expect(!told.contains { $0.contains("nothing") || $0.contains("nowhere") || $0.contains("made") })
    }

    @Test("stored objects and changes are counted by their resource, addresses by their block") func storage() async throws {
        let server = try await TestServer()
        let before = try await samples(server)
        let objects = #"apiserver_resource_objects{group="",resource="configmaps"}"#
        for name in ["a", "b", "c"] { try await server.admin.create(.configMaps, TestServer.configMap(name)) }
        try await server.admin.delete(.configMaps, namespace: "default", name: "b")
        let after = try await samples(server)
        #expect(after[objects] == (before[objects] ?? 0) + 2)
        #expect(after[#"apiserver_storage_objects{resource="configmaps"}"#] == after[objects])
        #expect(after[#"apiserver_storage_objects{resource="deployments.apps"}"#] == 0)
        let events = #"apiserver_watch_cache_events_received_total{group="",resource="configmaps"}"#
        #expect(after[events] == (before[events] ?? 0) + 4)
        let listed = #"apiserver_cache_list_returned_objects_total{group="",resource="configmaps"}"#
        _ = try await server.send(APIRequest(.get, Self.maps))
        let told = try await samples(server)
        #expect(told[listed] == (after[listed] ?? 0) + 2)
        #expect(
            told[#"apiserver_cache_list_total{group="",resource="configmaps",index=""}"#]
                == (after[#"apiserver_cache_list_total{group="",resource="configmaps",index=""}"#] ?? 0) + 1)
        let free = after.filter { $0.key.hasPrefix("kube_apiserver_clusterip_allocator_available_ips{") }.values.first
        let taken = after.filter { $0.key.hasPrefix("kube_apiserver_clusterip_allocator_allocated_ips{") }.values.first
        #expect(taken == 1 && (free ?? 0) > 0, "the API server's own Service")
        #expect(after["kube_apiserver_nodeport_allocator_available_ports"] == 2768)
    }

    @Test("a resource that is on its way out is told of once it is asked for") func deprecated() async throws {
        let server = try await TestServer()
        let sample =
            #"apiserver_requested_deprecated_apis{group="",version="v1",resource="endpoints",subresource="",removed_release=""}"#
        _ = try await server.send(APIRequest(.get, "/api/v1/endpoints"))
        _ = try await server.send(APIRequest(.get, "/api/v1/pods"))
        let told = try await samples(server)
        #expect(told[sample] == 1 && told.keys.filter { $0.hasPrefix("apiserver_requested_deprecated_apis") }.count == 1)
    }

    @Test("the steps of admission are timed, those that refuse apart") func admission() async throws {
        let server = try await TestServer()
        func count(_ operation: String, _ step: String, _ isRefused: Bool) async throws -> Double {
            let labels = #"operation="\#(operation)",rejected="\#(isRefused)",type="\#(step)""#
            return try await samples(server)["apiserver_admission_step_admission_duration_seconds_count{\(labels)}"] ?? 0
        }
        let (admitted, refused) = (try await count("CREATE", "admit", false), try await count("CREATE", "admit", true))
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let nowhere: Value = ["metadata": ["name": "a", "namespace": "nowhere"]]
        let refusal = try await server.post("/api/v1/namespaces/nowhere/configmaps", nowhere)
        #expect(refusal.status == 404)
        #expect(try await count("CREATE", "admit", false) == admitted + 1)
        #expect(try await count("CREATE", "admit", true) == refused + 1)
        try await server.admin.delete(.configMaps, namespace: "default", name: "a")
        #expect(try await count("DELETE", "validate", false) >= 1)
    }

    @Test("levels and queues are shown in columns to whoever may see them") func dumps() async throws {
        let server = try await TestServer()
        func dump(_ name: String) async throws -> [[String]] {
            let answer = try await server.admin.transport.send(APIRequest(.get, "/debug/api_priority_and_fairness/\(name)", accept: "*/*"))
            #expect(answer.status == 200)
            return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map { line in
                line.split(separator: ",").map { String($0.drop { $0 == " " }) }
            }
        }
        let levels = try await dump("dump_priority_levels")
        #expect(levels[0].prefix(4) == ["PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing"] && levels[0].count == 10)
        #expect(levels.contains(["workload-low", "0", "true", "false", "0", "0", "0", "0", "0", "0"]))
        let queues = try await dump("dump_queues")
        #expect(queues[0].last == "TotalWorkSum" && queues.count > 64)
        #expect(queues.contains(["workload-low", "0", "0", "0", "0", "0.00000000ss", "0", "0", "0.00000000ss"]))
        #expect(try await server.send(APIRequest(.get, "/debug/api_priority_and_fairness/nothing")).status == 404)
    }

    @Test("the process tells of itself what the system says of it") func process() async throws {
        let server = try await TestServer()
        let samples = try await samples(server)
        #expect((samples["process_resident_memory_bytes"] ?? 0) > 1_000_000)
        #expect((samples["process_virtual_memory_bytes"] ?? 0) >= (samples["process_resident_memory_bytes"] ?? .infinity))
        #expect((samples["process_cpu_seconds_total"] ?? 0) > 0)
        #expect((samples["process_open_fds"] ?? 0) > 2 && (samples["process_max_fds"] ?? 0) > 2)
        #expect((samples["process_start_time_seconds"] ?? 0) > 1_500_000_000)
        #expect(samples.keys.contains { $0.hasPrefix("kubernetes_build_info{") && $0.contains(#"git_version="v1.36"#) })
    }

    @Test("gates count who came through them, and nobody by name whom anyone could make up") func gates() {
        let registry = MetricsRegistry()
        let gates = GateMetrics(registry)
        gates.authenticated(UserInfo(name: "system:serviceaccount:shop:cart"), after: 10)
        gates.authenticated(UserInfo(name: "jane@example.com"), after: 2_000_000)
        gates.refused(after: 5)
        gates.authorized(.allow(reason: ""), after: 7)
        gates.authorized(.noOpinion(reason: ""), after: 7)
        let text = registry.exposition()
        for line in [
            #"authentication_attempts{result="success"} 2"#, #"authentication_attempts{result="error"} 1"#,
            #"authenticated_user_requests{username="other"} 1"#, #"authenticated_user_requests{username="email_id"} 1"#,
            #"authorization_attempts_total{result="allowed"} 1"#, #"authorization_attempts_total{result="no-opinion"} 1"#,
            #"authentication_duration_seconds_bucket{result="success",le="0.001"} 1"#,
        ] { #expect(text.contains(line + "\n"), "\(line)") }
    }

    @Test("events are counted as they go out to watchers") func events() async throws {
        let server = try await TestServer()
        let selection = Selection(namespace: "default", labels: nil, fields: nil)
        let resource = try #require(server.standard.registry.resource(group: "", version: "v1", plural: "configmaps"))
        let watcher = Watcher(selection, wantsBookmarks: false, encode: nil, sink: Silent(), sizes: resource.eventSizes)
        try resource.collection.add(watcher, .current(endsWithBookmark: false), currentRevision: 0)
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        resource.collection.remove(watcher)
        let samples = try await samples(server)
        #expect((samples[#"apiserver_watch_events_total{group="",version="v1",resource="configmaps"}"#] ?? 0) >= 2)
        #expect((samples[#"apiserver_watch_events_sizes_sum{group="",version="v1",resource="configmaps"}"#] ?? 0) > 100)
    }

    /// Takes all and tells nobody.
    private final class Silent: StreamSink {
        var pendingBytes: Int { 0 }
        func write(_ bytes: [UInt8]) -> Bool { true }
        func finish() {}
        func onClose(_ action: @escaping @Sendable () -> Void) {}
        func onRoom(_ action: @escaping @Sendable () -> Void) {}
    }
}
