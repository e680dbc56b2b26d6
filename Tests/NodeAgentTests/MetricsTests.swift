import ClusterClient
import HTTPServer
import NIOHTTP1
import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A node's metrics` {
    @Test func `time a pod's start without pulls and init containers`() throws {
        var startup = PodStartup(testPod(), seen: testTime + .seconds(1))
        startup.pulled(from: testTime + .seconds(2), to: testTime + .seconds(5))
        let early = startup.finish(testPod(), now: testTime + .seconds(6))
        #expect(early == nil)
        var object = testPod().object
        object["metadata"]["creationTimestamp"] = .string(testTime.rfc3339)
        let ended: Value = [
            "startedAt": .string((testTime + .seconds(4)).rfc3339), "finishedAt": .string((testTime + .seconds(7)).rfc3339), "exitCode": 0,
        ]
        object["status"] = [
            "initContainerStatuses": [["name": "init", "state": ["terminated": ended]]],
            "containerStatuses": [["name": "main", "state": ["running": ["startedAt": .string((testTime + .seconds(8)).rfc3339)]]]],
        ]
        let took = startup.finish(Pod(object), now: testTime + .seconds(9))
        #expect(took == PodStartup.Durations(sinceSeen: .seconds(8), sinceCreation: .seconds(9), sli: .seconds(4)))
        let again = startup.finish(Pod(object), now: testTime + .seconds(10))
        #expect(again == nil)
    }

    @Test func `do not count a pod that an earlier run started`() {
        var object = testPod().object
        object["metadata"]["creationTimestamp"] = .string(testTime.rfc3339)
        object["status"] = ["containerStatuses": [["name": "main", "state": ["running": ["startedAt": .string(testTime.rfc3339)]]]]]
        var startup = PodStartup(Pod(object), seen: testTime)
        let took = startup.finish(Pod(object), now: testTime)
        #expect(took == nil)
    }

    @Test func `read the machine's counters`() {
        #expect(MachineUsage.busyNanoseconds("cpu  10 1 5 1000 50 2 3 4 9 9\ncpu0 1 1 1 1\n") == 250_000_000)
        let table = """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0
              eth0:12345 7 1 0 0 0 0 0 678 5 2 0 0 0 0 0
            """
        #expect(
            InterfaceUsage.parse(table) == [InterfaceUsage(name: "eth0", received: 12_345, receiveErrors: 1, transmitted: 678, transmitErrors: 2)])
    }

    @Test(arguments: [(0, "N/A"), (1, "0-10MB"), (10 << 20, "0-10MB"), (11 << 20, "10MB-100MB"), (200 << 30, "GT100GB")] as [(UInt64, String)])
    func `know the classes of images' sizes`(bytes: UInt64, name: String) { #expect(NodeMetrics.sizeClass(bytes) == name) }

    @Test func `tell resources with the moment they were read at`() {
        var usage = CgroupUsage()
        (usage.cpuNanoseconds, usage.workingSetBytes) = (1_500_000_000, 4_096)
        let container = NodeSurvey.Container(name: "main", id: "c1", image: "hello:1", createdAt: testTime, usage: usage)
        let survey = NodeSurvey(
            time: testTime, machine: MachineUsage(),
            pods: [
                .init(
                    pod: testPod(), group: "/kubepods/poduid-web", createdAt: testTime, sandboxID: "s0", usage: usage, network: nil,
                    containers: [container])
            ])
        let lines = survey.resourceMetrics.split(separator: "\n")
        #expect(lines.contains("container_cpu_usage_seconds_total{container=\"main\",namespace=\"default\",pod=\"web\"} 1.5 1800000000000"))
        #expect(lines.contains("pod_memory_working_set_bytes{namespace=\"default\",pod=\"web\"} 4096 1800000000000"))
        #expect(lines.contains("container_start_time_seconds{container=\"main\",namespace=\"default\",pod=\"web\"} 1800000000"))
    }
}

@Suite(.timeLimit(.minutes(1))) struct `Who may ask a node` {
    private func request(_ path: String, token: String? = nil) -> HTTPRequest {
        HTTPRequest(api: APIRequest(.get, path), headers: token.map { ["authorization": "Bearer \($0)"] } ?? [:])
    }

    @Test func `is known by a token, and the cluster decides what for`() async throws {
        let cluster = try await TestCluster()
        let authorizer = NodeAuthorizer(client: cluster.client(node: "n1"), nodeName: "n1")
        let answer: Value = try await cluster.admin.create(
            .serviceAccounts, ["metadata": ["namespace": "default"], "spec": [:]], name: "default", subresource: "token")
        let token = try #require(answer.status["token"].string)
        #expect(await authorizer.refusal(request("/metrics"))?.status == 401)
        #expect(await authorizer.refusal(request("/metrics", token: "none"))?.status == 401)
        #expect(await authorizer.refusal(request("/metrics", token: token))?.status == 403)
        let rbac = "rbac.authorization.k8s.io"
        try await cluster.admin.create(
            .clusterRoles,
            ["metadata": ["name": "scrape"], "rules": [["apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]]]])
        let bindings = Resource(group: rbac, version: "v1", plural: "clusterrolebindings", kind: "ClusterRoleBinding", isNamespaced: false)
        try await cluster.admin.create(
            bindings,
            [
                "metadata": ["name": "scrape"], "roleRef": ["apiGroup": .string(rbac), "kind": "ClusterRole", "name": "scrape"],
                "subjects": [["kind": "ServiceAccount", "name": "default", "namespace": "default"]],
            ])
        // A refusal is remembered for a little while; another node has not heard of it.
        let other = NodeAuthorizer(client: cluster.client(node: "n1"), nodeName: "n1")
        #expect(await other.refusal(request("/metrics/resource", token: token)) == nil)
        #expect(await other.refusal(request("/stats/summary", token: token))?.status == 403)
        #expect(await other.refusal(request("/pods", token: token))?.status == 403)
    }
}
