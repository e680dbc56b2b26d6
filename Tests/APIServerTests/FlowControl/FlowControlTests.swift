import ClusterClient
import Identity
import Logging
import Metrics
import ObjectModel
import Storage
import Synchronization
import Testing

@testable import APIServer

/// Requests as they come over the network, by users who are not administrators, on a server of few seats.
@Suite("Flow control", .timeLimit(.minutes(1))) struct FlowControlTests {
    /// A server whose writes stay under way until the test lets them go.
    private struct Server {
        let server: APIServer
        let admin: Client
        let commits: HeldStore
        let metrics = MetricsRegistry()

        init(seats: Int = 4, wait: Duration = .seconds(60)) async throws {
            commits = HeldStore()
            var configuration = APIServer.Configuration(metrics: metrics, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            configuration.flowControl.seats = seats
            configuration.flowControl.wait = wait
            let standard = try StandardServer(
                configuration, store: commits, serviceCIDR: "10.96.0.0/16", serviceAccountKeys: ServiceAccountKeys(),
                connect: { _, _, _, _ throws(APIError) in throw APIError(.serviceUnavailable, "no nodes here") })
            server = standard.server
            admin = standard.client(user: "admin", groups: ["system:masters"], userAgent: "test")
            try await standard.bootstrap(addresses: ["127.0.0.1"], port: 6443)
            // Everyone may do anything, so that only flow control decides.
            try await admin.create(
                Resource(
                    group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterrolebindings", kind: "ClusterRoleBinding", isNamespaced: false),
                [
                    "metadata": ["name": "everyone"],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"],
                    "subjects": [["kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"]],
                ])
        }

        /// Takes requests of `user` to a level of its own, which has all seats but those of catch-all.
        func addLevel(
            _ name: String, user: String, shares: Int64 = 1000, queuing: Value? = nil, lendable: Int64 = 0, borrowing: Int64? = nil
        ) async throws {
            var response: Value = ["type": "Reject"]
            if let queuing { response = ["type": "Queue", "queuing": queuing] }
            try await admin.create(
                .priorityLevelConfigurations,
                [
                    "metadata": ["name": .string(name)],
                    "spec": [
                        "type": "Limited",
                        "limited": [
                            "nominalConcurrencyShares": .integer(shares), "limitResponse": response, "lendablePercent": .integer(lendable),
                            "borrowingLimitPercent": borrowing.map { .integer($0) } ?? .null,
                        ],
                    ],
                ])
            try await admin.create(
                .flowSchemas,
                [
                    "metadata": ["name": .string(name)],
                    "spec": [
                        "priorityLevelConfiguration": ["name": .string(name)], "matchingPrecedence": 50, "distinguisherMethod": ["type": "ByUser"],
                        "rules": [
                            [
                                "subjects": [["kind": "User", "user": ["name": .string(user)]]],
                                "resourceRules": [
                                    ["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"], "clusterScope": true]
                                ],
                            ]
                        ],
                    ],
                ])
        }

        func begin(_ method: APIRequest.Method, _ path: String, _ body: Value? = nil, user: String, groups: [String] = []) -> Outcome {
            server.handle(
                HTTPRequest(
                    api: APIRequest(method, path, body: body?.json() ?? []),
                    clientCertificate: CertificateName(commonName: user, organizations: groups)))
        }

        func send(_ method: APIRequest.Method, _ path: String, _ body: Value? = nil, user: String, groups: [String] = []) async -> HTTPResponse? {
            await Self.answer(begin(method, path, body, user: user, groups: groups))
        }

        static func answer(_ outcome: Outcome) async -> HTTPResponse? {
            switch outcome {
            case .respond(let response): response
            case .wait(let answer): await answer()
            case .deferred(let later): await answer(later())
            case .stream, .tunnel, .forward: nil
            }
        }

        func create(_ name: String, user: String) async -> Int {
            await send(.post, "/api/v1/namespaces/default/configmaps", TestServer.configMap(name), user: user)?.status ?? 0
        }

        func uid(_ resource: Resource, _ name: String) async throws -> String { try await admin.find(resource, name: name)?.uid ?? "" }
    }

    /// Memory whose commits of ConfigMaps named `held-…` wait for the test.
    private struct HeldStore: Store {
        private let store = MemoryStore()
        private let state: State

        private final class State: Sendable {
            let value = Mutex<
                (isOpen: Bool, arrived: Int, waiting: [CheckedContinuation<Void, Never>], expected: [(Int, CheckedContinuation<Void, Never>)])
            >(
                (false, 0, [], []))
        }

        init() { state = State() }

        var revision: Int64 { store.revision }
        var compactedRevision: Int64 { store.compactedRevision }
        func list(prefix: String, at revision: Int64?) throws(StoreError) -> Listing { try store.list(prefix: prefix, at: revision) }
        func changes(prefix: String, after revision: Int64) throws(StoreError) -> [Change] { try store.changes(prefix: prefix, after: revision) }
        func subscribe(_ handler: @escaping @Sendable ([Change]) -> Void) { store.subscribe(handler) }
        func compact(through revision: Int64) async throws(StoreError) { try await store.compact(through: revision) }
        func close() async { await store.close() }

        func commit(_ writes: [Write]) async throws(StoreError) -> Int64 {
            if writes.contains(where: { $0.key.contains("/held-") }) { await hold() }
            return try await store.commit(writes)
        }

        private func hold() async {
            await withCheckedContinuation { continuation in
                let ready = state.value.withLock { state -> [CheckedContinuation<Void, Never>] in
                    state.arrived += 1
                    if state.isOpen { return [continuation] }
                    state.waiting.append(continuation)
                    let due = state.expected.filter { $0.0 <= state.arrived }.map(\.1)
                    state.expected.removeAll { $0.0 <= state.arrived }
                    return due
                }
                for continuation in ready { continuation.resume() }
            }
        }

        /// Returns when so many commits have been held.
        func arrived(_ count: Int) async {
            await withCheckedContinuation { continuation in
                let isThere = state.value.withLock { state in
                    if state.arrived < count { state.expected.append((count, continuation)) }
                    return state.arrived >= count
                }
                if isThere { continuation.resume() }
            }
        }

        func release() {
            let waiting = state.value.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    // MARK: Classification

    @Test("every answer names the flow schema and the priority level that it was classified by") func headers() async throws {
        let server = try await Server(seats: 600)
        for (user, groups, path, schema, level) in [
            ("jane", [], "/api/v1/namespaces/default/pods", "global-default", "global-default"),
            ("root", ["system:masters"], "/api/v1/nodes", "exempt", "exempt"),
            ("system:node:a", ["system:nodes"], "/api/v1/nodes/a", "system-node-high", "node-high"),
            ("system:node:a", ["system:nodes"], "/api/v1/pods", "system-nodes", "system"),
            ("system:serviceaccount:shop:web", ["system:serviceaccounts"], "/api/v1/pods", "service-accounts", "workload-low"),
            ("jane", [], "/readyz", "probes", "exempt"),
        ] as [(String, [String], String, String, String)] {
            let headers = try #require(await server.send(.get, path, user: user, groups: groups)?.headers)
            #expect(headers.first(name: "x-kubernetes-pf-flowschema-uid") == (try await server.uid(.flowSchemas, schema)), "\(user) \(path)")
            #expect(headers.first(name: "x-kubernetes-pf-prioritylevel-uid") == (try await server.uid(.priorityLevelConfigurations, level)))
        }
    }

    @Test("a schema that is written is in force when its writer is answered, one without its level is not") func configuration() async throws {
        let server = try await Server(seats: 600)
        try await server.addLevel("shop", user: "jane")
        let uid = try await server.uid(.flowSchemas, "shop")
        func schema() async -> String? {
            await server.send(.get, "/api/v1/namespaces/default/pods", user: "jane")?.headers.first(name: "x-kubernetes-pf-flowschema-uid")
        }
        #expect(await schema() == uid)
        try await server.admin.delete(.priorityLevelConfigurations, name: "shop")
        #expect(await schema() == (try await server.uid(.flowSchemas, "global-default")))
        for name in ["global-default", "catch-all"] { try await server.admin.delete(.flowSchemas, name: name) }
        #expect(await schema() == "", "what is mandatory holds even where it was deleted")
    }

    // MARK: Seats

    @Test("a level that rejects answers 429 to what finds no seat, with when to come again") func rejecting() async throws {
        let server = try await Server(seats: 2)
        try await server.addLevel("shop", user: "jane", shares: 1_000_000)
        async let first = server.create("held-1", user: "jane")
        async let second = server.create("held-2", user: "jane")
        await server.commits.arrived(2)
        let refused = try #require(await server.send(.get, "/api/v1/namespaces/default/pods", user: "jane"))
        #expect(refused.status == 429)
        #expect(refused.headers.first(name: "retry-after") == "1")
        let status = try Value(json: refused.body[0])
        #expect(status["reason"].string == "TooManyRequests" && status["details"]["retryAfterSeconds"].int == 1)
        // Others go on: administrators, health checks, components of the server's own process.
        #expect(await server.send(.get, "/api/v1/nodes", user: "root", groups: ["system:masters"])?.status == 200)
        #expect(await server.send(.get, "/readyz", user: "jane")?.status == 200)
        _ = try await server.admin.list(.pods, namespace: "default")
        server.commits.release()
        #expect(await [first, second] == [201, 201])
        #expect(await server.send(.get, "/api/v1/namespaces/default/pods", user: "jane")?.status == 200)
        let metrics = server.metrics.exposition()
        #expect(
            metrics.contains(
                #"apiserver_flowcontrol_rejected_requests_total{priority_level="shop",flow_schema="shop",reason="concurrency-limit"} 1"#))
        #expect(metrics.contains(#"apiserver_flowcontrol_dispatched_requests_total{priority_level="shop",flow_schema="shop"} 3"#))
        #expect(metrics.contains(#"apiserver_flowcontrol_current_executing_requests{priority_level="shop",flow_schema="shop"} 0"#))
        #expect(metrics.contains(#"apiserver_flowcontrol_nominal_limit_seats{priority_level="shop"} 2"#))
    }

    @Test("a level that queues answers when a seat is free, and 429 when its queue is full") func queuing() async throws {
        let server = try await Server(seats: 1)
        try await server.addLevel("shop", user: "jane", shares: 1_000_000, queuing: ["queues": 1, "handSize": 1, "queueLengthLimit": 2])
        async let first = server.create("held-1", user: "jane")
        await server.commits.arrived(1)
        let waiting = (0..<2).map { _ in server.begin(.get, "/api/v1/namespaces/default/pods", user: "jane") }
        #expect(waiting.allSatisfy { if case .deferred = $0 { true } else { false } })
        #expect(await server.send(.get, "/api/v1/namespaces/default/pods", user: "jane")?.status == 429)
        #expect(server.metrics.exposition().contains(#"apiserver_flowcontrol_current_inqueue_requests{priority_level="shop",flow_schema="shop"} 2"#))
        server.commits.release()
        #expect(await first == 201)
        for outcome in waiting { #expect(await Server.answer(outcome)?.status == 200) }
        #expect(server.metrics.exposition().contains(#"apiserver_flowcontrol_current_inqueue_requests{priority_level="shop",flow_schema="shop"} 0"#))
        let metrics = server.metrics.exposition()
        for line in [
            #"request_wait_duration_seconds_count{priority_level="shop",flow_schema="shop",execute="true"} 3"#,
            #"request_wait_duration_seconds_bucket{priority_level="shop",flow_schema="shop",execute="true",le="0"} 1"#,
            #"request_wait_duration_seconds_count{priority_level="shop",flow_schema="shop",execute="false"} 0"#,
            #"request_queue_length_after_enqueue_sum{priority_level="shop",flow_schema="shop"} 3"#,
            #"request_execution_seconds_count{priority_level="shop",flow_schema="shop",type="regular"} 3"#,
            #"request_execution_seconds_count{priority_level="shop",flow_schema="shop",type="watch"} 0"#,
            #"work_estimated_seats_bucket{priority_level="shop",flow_schema="shop",le="1"} 4"#,
            #"work_estimated_seats_sum{priority_level="shop",flow_schema="shop"} 4"#,
            #"watch_count_samples_count{priority_level="shop",flow_schema="shop"} 1"#,
            #"request_dispatch_no_accommodation_total{priority_level="shop",flow_schema="shop"} 0"#,
            #"priority_level_seat_utilization_bucket{phase="executing",priority_level="shop",le="0.99"}"#,
            #"priority_level_request_utilization_count{phase="waiting",priority_level="shop"}"#,
            #"demand_seats_count{priority_level="shop"}"#,
        ] { #expect(metrics.contains("apiserver_flowcontrol_\(line)"), "\(line)") }
    }

    @Test("what waits too long is answered with 429") func waiting() async throws {
        let server = try await Server(seats: 1, wait: .milliseconds(1))
        try await server.addLevel("shop", user: "jane", shares: 1_000_000, queuing: ["queues": 1, "handSize": 1, "queueLengthLimit": 2])
        async let first = server.create("held-1", user: "jane")
        await server.commits.arrived(1)
        #expect(await server.create("late", user: "jane") == 429)
        server.commits.release()
        #expect(await first == 201)
        #expect(await server.create("again", user: "jane") == 201)
        #expect(server.metrics.exposition().contains(#"reason="time-out"} 1"#))
    }

    @Test("a client that leaves gives its place in the queue up") func leaving() async throws {
        let server = try await Server(seats: 1)
        try await server.addLevel("shop", user: "jane", shares: 1_000_000, queuing: ["queues": 1, "handSize": 1, "queueLengthLimit": 1])
        async let first = server.create("held-1", user: "jane")
        await server.commits.arrived(1)
        let outcome = server.begin(.get, "/api/v1/namespaces/default/pods", user: "jane")
        let client = Task { await Server.answer(outcome)?.status }
        client.cancel()
        #expect(await client.value == 429)
        // There is room again.
        let next = server.begin(.get, "/api/v1/namespaces/default/pods", user: "jane")
        server.commits.release()
        #expect(await first == 201)
        #expect(await Server.answer(next)?.status == 200)
    }

    @Test("a level that finds no seat borrows those that another lends, within its bounds, and gives them back when all is quiet")
    func lending() async throws {
        let server = try await Server(seats: 8)
        let queuing: Value = ["queues": 1, "handSize": 1, "queueLengthLimit": 50]
        try await server.addLevel("shop", user: "jane", shares: 1_000_000, queuing: queuing, borrowing: 50)
        try await server.addLevel("bakery", user: "jim", shares: 1_000_000, queuing: queuing, lendable: 75)
        func seats(_ name: String, _ level: String) -> String? {
            let flow = name == "current_inqueue" ? ",flow_schema=\"\(level)\"" : ""
            let start = "apiserver_flowcontrol_\(name)_seats{priority_level=\"\(level)\"\(flow)} "
            return server.metrics.exposition().split(separator: "\n").first { $0.hasPrefix(start) }.map { String($0.dropFirst(start.count)) }
        }
        #expect(["nominal_limit", "lower_limit", "upper_limit", "current_limit"].map { seats($0, "shop") } == ["4", "4", "6", "4"])
        #expect(["nominal_limit", "lower_limit", "current_limit"].map { seats($0, "bakery") } == ["4", "1", "4"])
        let control = server.server.flowControl
        var isLending: Bool { control.isLending.load(ordering: .relaxed) }
        #expect(!isLending)
        // Ten at a level of four seats.
        let creations = Task {
            await withTaskGroup { group in
                for number in 0..<10 { group.addTask { await server.create("held-\(number)", user: "jane") } }
                return await group.reduce(into: [Int]()) { $0.append($1) }
            }
        }
        await server.commits.arrived(4)
        while seats("current_inqueue", "shop") != "6" { await Task.yield() }
        #expect(isLending)
        #expect(control.adjust(at: MonotonicTime.now))
        // Two more than its own, as it may; they come from those of whom nobody wants anything.
        await server.commits.arrived(6)
        #expect(seats("current_limit", "shop") == "6")
        #expect(server.metrics.exposition().contains(#"apiserver_flowcontrol_demand_seats_high_watermark{priority_level="shop"} 10"#))
        #expect(seats("current_inqueue", "shop") == "4")
        server.commits.release()
        #expect(await creations.value == Array(repeating: 201, count: 10))
        // The period with the rush, then one without.
        control.adjust(at: MonotonicTime.now)
        #expect(!control.adjust(at: MonotonicTime.now))
        #expect(["shop", "bakery"].map { seats("current_limit", $0) } == ["4", "4"])
    }

    @Test("a watch has a seat while it starts only, and one that nobody follows gives it back") func watches() async throws {
        let server = try await Server(seats: 1)
        try await server.addLevel("shop", user: "jane", shares: 1_000_000)
        func isServed() async -> Bool { await server.send(.get, "/api/v1/namespaces/default/pods", user: "jane")?.status == 200 }
        let request = HTTPRequest(
            api: APIRequest(.get, "/api/v1/namespaces/default/pods", query: [("watch", "1")]),
            clientCertificate: CertificateName(commonName: "jane", organizations: []))
        do {
            let outcome = server.server.handle(request)
            guard case .stream(_, let start) = outcome else { return #expect(Bool(false), "no watch") }
            #expect(await !isServed(), "a watch that has not begun has its seat")
            let sink = NoSink()
            start(sink)
            #expect(await isServed())
            sink.close()
        }
        do { _ = server.server.handle(request) }
        #expect(await isServed(), "a watch that was let go of has none")
    }

    /// Takes what it is given.
    private final class NoSink: StreamSink {
        private let handlers = Mutex<[@Sendable () -> Void]>([])
        let pendingBytes = 0
        func write(_ bytes: [UInt8]) -> Bool { true }
        func finish() {}
        func onClose(_ handler: @escaping @Sendable () -> Void) { handlers.withLock { $0.append(handler) } }
        func close() { for handler in handlers.withLock({ $0 }) { handler() } }
    }
}
