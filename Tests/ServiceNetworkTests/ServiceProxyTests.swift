import ClusterClient
import HostNetwork
import NIOCore
import NIOPosix
import ObjectModel
import Testing

@testable import ServiceNetwork

/// Real packets: pods in network namespaces on a real bridge, rules in the kernel.
@Suite(.enabled(if: canMakeNamespaces, "needs root and the CNI plugins"), .serialized, .timeLimit(.minutes(2)))
struct ServiceProxyTests {
    @Test func `pods reach each other, the host, and are reached by it`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let servers = [
            try await TestSocket.serve("a", on: 8080, in: a.namespace), try await TestSocket.serve("host", on: 6443, in: host.namespace),
        ]
        defer { servers.forEach { $0.close() } }
        #expect(await TestSocket.ask(a.address, 8080, from: b.namespace) == .text("a \(b.address)"))
        #expect(await TestSocket.ask(.v4(10, 244, 0, 1), 6443, from: b.namespace) == .text("host \(b.address)"))
        #expect(await TestSocket.ask(a.address, 8080, from: host.namespace) == .text("a 10.244.0.1"))
    }

    @Test func `a cluster IP answers pods with their own address, the host, and the endpoint itself`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
        try await host.withProxy {
            #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: b.namespace) == .text("a \(b.address)"))
            #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server == "a")
            #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: a.namespace) == .text("a 10.244.0.1"))
        }
    }

    @Test func `connections spread over the endpoints`() async throws {
        let host = try await TestHost()
        let pods = [try await host.addPod("a"), try await host.addPod("b"), try await host.addPod("c")]
        var servers: [TestSocket.Server] = []
        for pod in pods { servers.append(try await TestSocket.serve(pod.name, on: 8080, in: pod.namespace)) }
        defer { servers.forEach { $0.close() } }
        host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
        host.api.put(.endpointSlices, Make.slice("web", pods.map { Make.endpoint("\($0.address)") }))
        try await host.withProxy {
            var counts: [String: Int] = [:]
            for _ in 1...150 { counts[await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server ?? "none", default: 0] += 1 }
            #expect(Set(counts.keys) == ["a", "b", "c"])
            // Fewer than 20 of 150 at one third each: less than once in ten million runs.
            #expect(counts.values.allSatisfy { $0 > 20 })
        }
    }

    @Test func `without endpoints TCP and UDP are refused at once, and so is an address that no Service has`() async throws {
        let host = try await TestHost()
        let pod = try await host.addPod("a")
        host.api.put(
            .services,
            Make.service(
                "web", clusterIP: "10.96.0.20", ports: [["name": "t", "port": 80, "protocol": "TCP"], ["name": "u", "port": 80, "protocol": "UDP"]]))
        try await host.withProxy {
            for namespace in [pod.namespace, host.namespace] {
                #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: namespace) == .refused)
                #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, transport: .udp, from: namespace) == .refused)
                #expect(await TestSocket.ask(.v4(10, 96, 0, 21), 80, from: namespace) == .refused)
                #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 81, from: namespace) == .refused)
            }
        }
    }

    @Test func `changes of a Service and its endpoints take effect`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let servers = [
            try await TestSocket.serve("a", on: 8080, in: a.namespace), try await TestSocket.serve("b", on: 8080, in: b.namespace),
            try await TestSocket.serve("b9090", on: 9090, in: b.namespace),
        ]
        defer { servers.forEach { $0.close() } }
        let address = IPAddress.v4(10, 96, 0, 20)
        try await host.withProxy {
            host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
            host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
            try await eventually { await TestSocket.ask(address, 80, from: host.namespace).server == "a" }
            host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(b.address)")]))
            try await eventually { await TestSocket.ask(address, 80, from: host.namespace).server == "b" }
            host.api.put(.endpointSlices, Make.slice("web", port: 9090, [Make.endpoint("\(b.address)")]))
            try await eventually { await TestSocket.ask(address, 80, from: host.namespace).server == "b9090" }
            host.api.delete(.endpointSlices, namespace: "default", name: "web-1")
            try await eventually { await TestSocket.ask(address, 80, from: host.namespace) == .refused }
            host.api.delete(.services, namespace: "default", name: "web")
            try await eventually { try await host.nftables.list(table: "apus")?.contains("10.96.0.20") == false }
        }
    }

    @Test func `the kernel takes every change by itself, whatever count of endpoints and protocol is new`() async throws {
        let host = try await TestHost()
        var rules = ProxyRules(
            table: ProxyTable(clusterCIDRs: [CIDR(.v4(10, 244, 0, 0), prefixLength: 16)], serviceCIDRs: [CIDR(.v4(10, 96, 0, 0), prefixLength: 12)]),
            node: ProxyNode(name: "node-a"))
        try await host.nftables.apply(rules.replacement())
        for transport in ["TCP", "UDP", "SCTP"] {
            for (affinity, traffic) in [("None", "Cluster"), ("None", "Local"), ("ClientIP", "Cluster")] {
                let service = Make.service(
                    "web", clusterIP: "10.96.0.20", ports: [["port": 80, "nodePort": 30080, "protocol": .string(transport)]],
                    spec: ["type": "NodePort", "sessionAffinity": .string(affinity), "externalTrafficPolicy": .string(traffic)])
                for count in [1, 2, 0, 3, 2, 5] {
                    let endpoints = (0..<count).map { Make.endpoint("10.244.0.\($0 + 9)") }
                    let plan = rules.update([("default/web", service, [Make.slice("web", transport: transport, endpoints)])])
                    try await host.nftables.apply(plan.transaction)
                }
            }
        }
        try await host.nftables.apply(rules.update([("default/web", nil, [])]).transaction)
        #expect(try await host.nftables.list(table: "apus")?.contains("10.244.0.9") == false)
    }

    @Test func `node ports answer on the node's addresses and on localhost`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        host.api.put(
            .services,
            Make.service("web", clusterIP: "10.96.0.20", ports: [["port": 80, "nodePort": 30080, "protocol": "TCP"]], spec: ["type": "NodePort"]))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
        try await host.withProxy {
            #expect(await TestSocket.ask(.v4(10, 244, 0, 1), 30080, from: b.namespace).server == "a")
            #expect(await TestSocket.ask(.v4(10, 244, 0, 1), 30080, from: host.namespace).server == "a")
            #expect(await TestSocket.ask(.v4(127, 0, 0, 1), 30080, from: host.namespace).server == "a")
        }
    }

    @Test func `a client with affinity stays with its endpoint`() async throws {
        let host = try await TestHost()
        let pods = [try await host.addPod("a"), try await host.addPod("b"), try await host.addPod("c")]
        var servers: [TestSocket.Server] = []
        for pod in pods { servers.append(try await TestSocket.serve(pod.name, on: 8080, in: pod.namespace)) }
        defer { servers.forEach { $0.close() } }
        let service = Make.service("web", clusterIP: "10.96.0.20", spec: ["sessionAffinity": "ClientIP"])
        host.api.put(.services, service)
        host.api.put(.endpointSlices, Make.slice("web", pods.map { Make.endpoint("\($0.address)") }))
        try await host.withProxy {
            let first = await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server
            for _ in 1...20 { #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server == first) }
            // The endpoint goes: the client gets another one and stays there; back comes the first, and the client stays.
            let rest = pods.filter { $0.name != first }
            host.api.put(.endpointSlices, Make.slice("web", rest.map { Make.endpoint("\($0.address)") }))
            try await eventually { await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server != first }
            let second = await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server
            host.api.put(.endpointSlices, Make.slice("web", pods.map { Make.endpoint("\($0.address)") }))
            try await eventually { try await host.nftables.list(table: "apus")?.contains("numgen random mod 3") == true }
            for _ in 1...20 { #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server == second) }
            host.api.delete(.services, namespace: "default", name: "web")
            try await eventually { try await host.nftables.list(table: "apus")?.contains("affinity/") == false }
        }
    }

    @Test func `a UDP flow leaves an endpoint that is gone`() async throws {
        let host = try await TestHost()
        let (a, b, c) = (try await host.addPod("a"), try await host.addPod("b"), try await host.addPod("c"))
        let servers = [
            try await TestSocket.serve("a", on: 8080, transport: .udp, in: a.namespace),
            try await TestSocket.serve("b", on: 8080, transport: .udp, in: b.namespace),
        ]
        defer { servers.forEach { $0.close() } }
        host.api.put(.services, Make.service("dns", clusterIP: "10.96.0.20", ports: [["port": 53, "protocol": "UDP"]]))
        host.api.put(.endpointSlices, Make.slice("dns", transport: "UDP", [Make.endpoint("\(a.address)")]))
        try await host.withProxy {
            let socket = await c.namespace.inside.run { TestSocket.connect(.v4(10, 96, 0, 20), 53, transport: .udp, timeout: 0.2).descriptor }
            try await eventually { TestSocket.exchange(socket, transport: .udp).server == "a" }
            host.api.put(.endpointSlices, Make.slice("dns", transport: "UDP", [Make.endpoint("\(b.address)")]))
            try await eventually { TestSocket.exchange(socket, transport: .udp).server == "b" }
        }
    }

    @Test func `a restart changes nothing that answers, and removal takes all away`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
        try await host.withProxy { #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: b.namespace).server == "a") }
        #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: b.namespace).server == "a")
        let again = ServiceProxy(
            informers: Informers(host.api.client, logger: quiet), nftables: host.nftables, network: host.network,
            configuration: .init(nodeName: "node-a"), logger: quiet)
        _ = again
        try await ServiceProxy.remove(nftables: host.nftables)
        try await host.podNetwork.remove()
        #expect(try await host.nftables.list(table: "apus") == nil)
        #expect(try await host.nftables.list(table: "apus-pods") == nil)
        #expect(try await host.network.links().map(\.name) == ["lo"])
    }

    @Test func `a client with affinity stays with its endpoint over a restart`() async throws {
        let host = try await TestHost()
        let pods = [try await host.addPod("a"), try await host.addPod("b"), try await host.addPod("c")]
        var servers: [TestSocket.Server] = []
        for pod in pods { servers.append(try await TestSocket.serve(pod.name, on: 8080, in: pod.namespace)) }
        defer { servers.forEach { $0.close() } }
        host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20", spec: ["sessionAffinity": "ClientIP"]))
        host.api.put(.endpointSlices, Make.slice("web", pods.map { Make.endpoint("\($0.address)") }))
        let first = try await host.withProxy { await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server }
        // Four restarts: by chance alone all four would hold once in 81.
        for _ in 1...4 {
            let other = host.anotherProxy()
            try await other.run {
                try await eventually { try await host.nftables.list(table: "apus")?.contains(other.mark) == true }
                #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: host.namespace).server == first)
            }
        }
    }

    @Test func `rules that somebody deletes are put in place again`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        host.api.put(.services, Make.service("web", clusterIP: "10.96.0.20"))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
        try await host.withProxy {
            #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: b.namespace).server == "a")
            for _ in 1...3 {
                try await Shell.run(["nft", "flush", "ruleset"], in: host.namespace)
                try await eventually { await TestSocket.ask(.v4(10, 96, 0, 20), 80, timeout: 0.2, from: b.namespace).server == "a" }
                try await eventually { try await host.nftables.hasTable("apus-pods") }
            }
        }
    }

    @Test func `a load balancer's health check tells whether the node has endpoints`() async throws {
        let server = HealthCheckServer(host: "127.0.0.1", logger: quiet)
        let port = try await freePort()
        let check = { (count: Int) in [port: ServiceRules.HealthCheck(port: port, namespace: "default", name: "web", localEndpoints: count)] }
        await server.update(check(2))
        #expect(try await get(port).hasPrefix("HTTP/1.1 200 OK"))
        await server.update(check(0))
        let answer = try await get(port)
        #expect(
            answer.hasPrefix("HTTP/1.1 503")
                && answer.hasSuffix(#"{"localEndpoints":0,"service":{"name":"web","namespace":"default"},"serviceProxyHealthy":true}"#))
        await server.close()
        await #expect(throws: (any Error).self) { try await get(port) }
    }

    private func get(_ port: UInt16) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: Int(port)) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: "GET / HTTP/1.1\r\nHost: node\r\n\r\n"))
            var text = ""
            for try await buffer in inbound { text += String(buffer: buffer) }
            return text
        }
    }

    private func freePort() async throws -> UInt16 {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(channel.localAddress?.port)
        try await channel.close()
        return UInt16(port)
    }

    @Test func `a host port leads to its pod, also from localhost and from the pod itself`() async throws {
        let host = try await TestHost()
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        let pod: Value = [
            "metadata": ["name": "a", "namespace": "default"],
            "spec": ["nodeName": "node-a", "containers": [["name": "c", "ports": [["containerPort": 8080, "hostPort": 9999, "protocol": "TCP"]]]]],
            "status": ["phase": "Running", "podIP": .string("\(a.address)"), "podIPs": [["ip": .string("\(a.address)")]]],
        ]
        try await host.withProxy {
            host.api.put(.pods, pod)
            try await eventually { await TestSocket.ask(.v4(10, 244, 0, 1), 9999, from: b.namespace).server == "a" }
            #expect(await TestSocket.ask(.v4(127, 0, 0, 1), 9999, from: host.namespace).server == "a")
            #expect(await TestSocket.ask(.v4(10, 244, 0, 1), 9999, from: a.namespace).server == "a")
            host.api.delete(.pods, namespace: "default", name: "a")
            try await eventually { await TestSocket.ask(.v4(10, 244, 0, 1), 9999, from: b.namespace) == .refused }
        }
    }
}
