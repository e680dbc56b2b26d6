import ClusterClient
import Glibc
import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

/// What comes from beyond the node, and what leaves it. The outside is a namespace behind the node's `eth0`.
@Suite(.enabled(if: canMakeNamespaces, "needs root and the CNI plugins"), .serialized, .timeLimit(.minutes(2)))
struct OutsideTrafficTests {
    private static let node = IPAddress.v4(198, 51, 100, 1)
    private static let outsider = IPAddress.v4(198, 51, 100, 2)

    private func makeOutside(_ host: TestHost) async throws -> NetworkNamespace {
        let outside = try NetworkNamespace(name: "outside")
        try await Shell.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", outside.path], in: host.namespace)
        for (namespace, number) in [(host.namespace, 1), (outside, 2)] {
            try await Shell.run(["ip", "addr", "add", "198.51.100.\(number)/24", "dev", "eth0"], in: namespace)
            try await Shell.run(["ip", "addr", "add", "2001:db8::\(number)/64", "dev", "eth0", "nodad"], in: namespace)
            try await Shell.run(["ip", "link", "set", "eth0", "up"], in: namespace)
            try await Shell.run(["ip", "link", "set", "lo", "up"], in: namespace)
        }
        // External addresses and load balancers' are routed to the node.
        try await Shell.run(["ip", "route", "add", "203.0.113.0/24", "via", "198.51.100.1"], in: outside)
        return outside
    }

    @Test func `what pods send beyond the cluster comes from the node`() async throws {
        let host = try await TestHost()
        let outside = try await makeOutside(host)
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("outside", on: 80, in: outside)
        defer { server.close() }
        #expect(await TestSocket.ask(Self.outsider, 80, from: pod.namespace) == .text("outside 198.51.100.1"))
    }

    @Test func `outside traffic to a Service is masqueraded, and under externalTrafficPolicy Local keeps its source`() async throws {
        let host = try await TestHost()
        let outside = try await makeOutside(host)
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("a", on: 8080, in: pod.namespace)
        defer { server.close() }
        let ports: [Value] = [["port": 80, "nodePort": 30080, "protocol": "TCP"]]
        let cluster = Make.service("web", clusterIP: "10.96.0.20", ports: ports, spec: ["type": "NodePort", "externalIPs": ["203.0.113.5"]])
        let away = Make.slice("web", [Make.endpoint("10.244.9.9", node: "node-b")])
        try await host.withProxy {
            host.api.put(.services, cluster)
            host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(pod.address)")]))
            try await eventually { await TestSocket.ask(Self.node, 30080, from: outside) == .text("a 10.244.0.1") }
            #expect(await TestSocket.ask(.v4(203, 0, 113, 5), 80, from: outside) == .text("a 10.244.0.1"))
            var local = cluster
            local.spec["externalTrafficPolicy"] = "Local"
            host.api.put(.services, local)
            try await eventually { await TestSocket.ask(Self.node, 30080, from: outside) == .text("a 198.51.100.2") }
            #expect(await TestSocket.ask(.v4(203, 0, 113, 5), 80, from: outside) == .text("a 198.51.100.2"))
            // Nobody here: outside traffic is dropped, for a load balancer to learn that this node is not the one.
            host.api.put(.endpointSlices, away)
            try await eventually { await TestSocket.ask(Self.node, 30080, timeout: 0.2, from: outside) == .timeout }
            host.api.delete(.endpointSlices, namespace: "default", name: "web-1")
            try await eventually { await TestSocket.ask(Self.node, 30080, timeout: 0.2, from: outside) == .refused }
        }
    }

    private static let balancer = IPAddress.v4(203, 0, 113, 7)

    private static func balanced(_ ranges: [String]) -> Value {
        var service = Make.service("web", clusterIP: "10.96.0.20", spec: ["type": "LoadBalancer", "loadBalancerSourceRanges": Value(ranges)])
        service.status = ["loadBalancer": ["ingress": [["ip": .string("\(balancer)")]]]]
        return service
    }

    @Test func `a load balancer's source ranges let in whom they name`() async throws {
        let host = try await TestHost()
        let outside = try await makeOutside(host)
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("a", on: 8080, in: pod.namespace)
        defer { server.close() }
        try await host.withProxy {
            host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(pod.address)")]))
            host.api.put(.services, Self.balanced(["198.51.100.0/24"]))
            try await eventually { await TestSocket.ask(Self.balancer, 80, from: outside).server == "a" }
            host.api.put(.services, Self.balanced(["192.0.2.0/24", "10.0.0.0/8"]))
            try await eventually { await TestSocket.ask(Self.balancer, 80, timeout: 0.2, from: outside) == .timeout }
            host.api.put(.services, Self.balanced(["0.0.0.0/0"]))
            try await eventually { await TestSocket.ask(Self.balancer, 80, timeout: 0.2, from: outside).server == "a" }
        }
    }

    @Test func `pods reach a Service whose endpoint is the node itself, as the API server is`() async throws {
        let host = try await TestHost()
        // The node's own address goes with its link to the outside.
        let outside = try await makeOutside(host)
        defer { withExtendedLifetime(outside) {} }
        let pod = try await host.addPod("a")
        let servers = [
            try await TestSocket.serve("api", on: 6443, in: host.namespace),
            try await TestSocket.serve("dns", on: 10053, transport: .udp, in: host.namespace),
        ]
        defer { servers.forEach { $0.close() } }
        host.api.put(.services, Make.service("kubernetes", clusterIP: "10.96.0.1", ports: [["name": "https", "port": 443, "protocol": "TCP"]]))
        host.api.put(
            .endpointSlices,
            Make.slice("kubernetes", port: 6443, portName: "https", [["addresses": [.string("\(Self.node)")], "conditions": ["ready": true]]]))
        host.api.put(
            .services,
            Make.service("kube-dns", namespace: "kube-system", clusterIP: "10.96.0.10", ports: [["name": "dns", "port": 53, "protocol": "UDP"]]))
        host.api.put(
            .endpointSlices,
            Make.slice("kube-dns", namespace: "kube-system", port: 10053, portName: "dns", transport: "UDP", [Make.endpoint("10.244.0.1")]))
        try await host.withProxy {
            // The first answer waits until the proxy has heard of the Services.
            try await eventually { await TestSocket.ask(.v4(10, 96, 0, 1), 443, timeout: 0.5, from: pod.namespace).server == "api" }
            #expect(await TestSocket.ask(.v4(10, 96, 0, 1), 443, from: pod.namespace) == .text("api \(pod.address)"))
            #expect(await TestSocket.ask(.v4(10, 96, 0, 1), 443, from: host.namespace).server == "api")
            #expect(await TestSocket.ask(.v4(10, 96, 0, 10), 53, transport: .udp, from: pod.namespace) == .text("dns \(pod.address)"))
            #expect(await TestSocket.ask(.v4(10, 96, 0, 10), 53, transport: .udp, from: host.namespace).server == "dns")
        }
    }

    @Test func `localhost of the node is the node's own`() async throws {
        let host = try await TestHost()
        let outside = try await makeOutside(host)
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("host", on: 9000, in: host.namespace)
        defer { server.close() }
        // A pod that sends to 127.0.0.1 by way of its gateway: the address is taken from its own loopback first.
        try await Shell.run(["ip", "link", "set", "lo", "down"], in: pod.namespace)
        try await Shell.run(["sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1"], in: pod.namespace)
        try await Shell.run(["ip", "route", "add", "127.0.0.1/32", "via", "10.244.0.1", "src", "\(pod.address)"], in: pod.namespace)
        try await Shell.run(["ip", "rule", "add", "pref", "0", "table", "main"], in: pod.namespace)
        #expect(await TestSocket.ask(.v4(127, 0, 0, 1), 9000, timeout: 0.3, from: pod.namespace) == .timeout)
        _ = outside
    }

    @Test func `both families serve pods, the node and the outside`() async throws {
        let host = try await TestHost(
            podCIDRs: ["10.244.0.0/24", "fd00:244::/64"], clusterCIDRs: ["10.244.0.0/16", "fd00:244::/48"],
            serviceCIDRs: ["10.96.0.0/12", "fd00:96::/112"])
        let outside = try await makeOutside(host)
        let (a, b) = (try await host.addPod("a"), try await host.addPod("b"))
        let server = try await TestSocket.serve("a", on: 8080, in: a.namespace)
        defer { server.close() }
        let (a6, b6) = (try #require(a.addresses.withLock { $0.last }), try #require(b.addresses.withLock { $0.last }))
        let service = try #require(IPAddress("fd00:96::20"))
        let node = try #require(IPAddress("2001:db8::1"))
        host.api.put(
            .services,
            Make.service(
                "web", clusterIP: "10.96.0.20", ports: [["port": 80, "nodePort": 30080, "protocol": "TCP"]],
                spec: ["type": "NodePort", "clusterIPs": ["10.96.0.20", "fd00:96::20"]]))
        host.api.put(.endpointSlices, Make.slice("web", [Make.endpoint("\(a.address)")]))
        host.api.put(.endpointSlices, Make.slice("web", suffix: "6", family: "IPv6", [Make.endpoint("\(a6)")]))
        try await host.withProxy {
            // A fresh IPv6 address is unusable until the kernel has made sure that nobody else has it.
            try await eventually { await TestSocket.ask(a6, 8080, timeout: 0.5, from: b.namespace) == .text("a \(b6)") }
            try await eventually { await TestSocket.ask(service, 80, timeout: 0.5, from: b.namespace) == .text("a \(b6)") }
            #expect(await TestSocket.ask(service, 80, from: host.namespace).server == "a")
            #expect(await TestSocket.ask(service, 80, from: a.namespace).server == "a")
            #expect(await TestSocket.ask(node, 30080, from: outside).server == "a")
            #expect(await TestSocket.ask(.v4(10, 96, 0, 20), 80, from: b.namespace) == .text("a \(b.address)"))
            let nobody = try #require(IPAddress("fd00:96::21"))
            #expect(await TestSocket.ask(nobody, 80, from: b.namespace) == .refused)
        }
    }

    @Test func `an open connection outlives its Service's rules`() async throws {
        let host = try await TestHost()
        let outside = try await makeOutside(host)
        let pod = try await host.addPod("a")
        let server = try await TestSocket.serve("a", on: 8080, transport: .udp, in: pod.namespace)
        defer { server.close() }
        host.api.put(
            .services, Make.service("web", clusterIP: "10.96.0.20", ports: [["port": 80, "protocol": "UDP"]], spec: ["externalIPs": ["203.0.113.5"]]))
        host.api.put(.endpointSlices, Make.slice("web", transport: "UDP", [Make.endpoint("\(pod.address)")]))
        try await host.withProxy {
            let socket = await outside.inside.run { TestSocket.connect(.v4(203, 0, 113, 5), 80, transport: .udp, timeout: 0.5).descriptor }
            defer { close(socket) }
            #expect(TestSocket.exchange(socket, transport: .udp).server == "a")
            // Replacing every rule, as a restart does, leaves flows that are there alone.
            let empty = ProxyRules(table: ProxyTable(clusterCIDRs: [], serviceCIDRs: []), node: ProxyNode(name: "node-a"))
            try await host.nftables.apply(empty.replacement())
            #expect(TestSocket.exchange(socket, transport: .udp).server == "a")
        }
    }
}
