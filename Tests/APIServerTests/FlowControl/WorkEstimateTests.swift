import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

@Suite("Work of a request") struct WorkEstimateTests {
    private let counts = FlowCounts()

    private func estimate(
        _ server: TestServer, _ path: String, by method: APIRequest.Method = .get, query: [(name: String, value: String)] = [], max: Int = 10
    ) throws -> WorkEstimate {
        let request = APIRequest(method, path, query: query)
        return server.standard.server.flowControl.estimator.estimate(try RequestInfo(request), request, counts, seatsMax: max)
    }

    @Test("a list takes a seat for each 100 kB that it returns, anything else that reads takes one") func lists() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/configmaps"
        #expect(try estimate(server, "/api/v1/configmaps").seats == 1, "nothing there")
        for number in 0..<30 {
            #expect(try await server.post(path, TestServer.configMap("c\(number)", ["text": String(repeating: "x", count: 10_000)])).status == 201)
        }
        for path in [path, "/api/v1/configmaps"] {
            #expect(try estimate(server, path).seats == 4)
            #expect(try estimate(server, path, query: [("limit", "5")]).seats == 1)
            #expect(try estimate(server, path, query: [("limit", "25"), ("labelSelector", "a=b")]).seats == 3)
            #expect(try estimate(server, path, query: [("limit", "0")]).seats == 4)
            #expect(try estimate(server, path, max: 2).seats == 2)
            #expect(try estimate(server, path, query: [("fieldSelector", "metadata.name=c1")]).seats == 1)
            #expect(try estimate(server, path, query: [("watch", "true")]).seats == 1)
            #expect(try estimate(server, path, query: [("watch", "true"), ("sendInitialEvents", "true")]).seats == 4)
        }
        #expect(try estimate(server, "\(path)/c1").seats == 1)
        #expect(try estimate(server, "/api/v1/namespaces/other/configmaps").seats == 1)
        #expect(try estimate(server, "/apis/none/v1/things").seats == 1)
        #expect(try estimate(server, path, by: .delete).seats == 1)
        for number in 30..<120 {
            #expect(try await server.post(path, TestServer.configMap("c\(number)", ["text": String(repeating: "x", count: 10_000)])).status == 201)
        }
        #expect(try estimate(server, path).seats == 10, "no more than is held at a time")
    }

    @Test("a write that many watch takes more seats, and keeps them while they are told") func writes() async throws {
        let server = try await TestServer()
        let watches = server.standard.server.flowControl.estimator.watches
        let path = "/api/v1/namespaces/default/pods/a"
        func watch(_ path: String, _ query: [(name: String, value: String)] = []) throws -> WatchCounts.Watch? {
            let request = APIRequest(.get, path, query: query + [("watch", "1")])
            return watches.watch(try RequestInfo(request))
        }
        #expect(try estimate(server, path, by: .put) == WorkEstimate())
        var begun: [WatchCounts.Watch] = []
        func begin(_ count: Int, _ path: String, _ query: [(name: String, value: String)] = []) throws {
            for _ in 0..<count {
                let watch = try #require(try watch(path, query))
                watch.begin()
                begun.append(watch)
            }
        }
        try begin(9, "/api/v1/pods")
        #expect(try estimate(server, path, by: .put) == WorkEstimate())
        try begin(10, "/api/v1/namespaces/default/pods")
        try begin(3, "/api/v1/namespaces/default/pods", [("fieldSelector", "metadata.name=a")])
        try begin(50, "/api/v1/namespaces/other/pods")
        #expect(try watch("/api/v1/pods", [("fieldSelector", "spec.nodeName=n1")]) == nil, "a node's pods are few")
        #expect(try estimate(server, path, by: .put) == WorkEstimate(seats: 3, afterwards: 100_000))
        #expect(try estimate(server, "/api/v1/namespaces/default/pods", by: .post) == WorkEstimate(seats: 2, afterwards: 100_000))
        #expect(try estimate(server, path, by: .put, max: 1) == WorkEstimate(seats: 1, afterwards: 300_000), "as much, but for longer")
        #expect(try estimate(server, "/api/v1/namespaces/default/services/a", by: .put) == WorkEstimate())
        #expect(counts.watchers.reading().sum == 9 + 22 + 19 + 22)
        for watch in begun { watch.end() }
        #expect(try estimate(server, path, by: .put) == WorkEstimate())
    }
}
