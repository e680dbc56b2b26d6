import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

@Suite struct ProxyRulesTests {
    private func make() throws -> ProxyRules {
        let table = ProxyTable(clusterCIDRs: [try #require(CIDR("10.244.0.0/16"))], serviceCIDRs: [try #require(CIDR("10.96.0.0/12"))])
        return ProxyRules(table: table, node: ProxyNode(name: "node-a"))
    }

    private func lines(_ plan: ProxyRules.Plan) -> [String] { plan.transaction.description.split(separator: "\n").map(String.init) }

    @Test func `a new Service is elements and, the first time, the chain for its count of endpoints`() throws {
        var rules = try make()
        let first = rules.update([
            ("default/a", Make.service("a", clusterIP: "10.96.0.1"), [Make.slice("a", [Make.endpoint("10.244.1.1", node: "b")])])
        ])
        #expect(
            lines(first) == [
                "add chain inet apus pick-cluster-ip-tcp-ipv4-1",
                "add rule inet apus pick-cluster-ip-tcp-ipv4-1 ip saddr != { 10.244.0.0/16 } meta mark set meta mark or 0x4000",
                "add rule inet apus pick-cluster-ip-tcp-ipv4-1 meta l4proto tcp dnat ip to ip daddr . meta l4proto . th dport . numgen random mod 1 map @backends-tcp-ipv4",
                "add element inet apus services-ipv4 { 10.96.0.1 . tcp . 80 : goto pick-cluster-ip-tcp-ipv4-1 }",
                "add element inet apus backends-tcp-ipv4 { 10.96.0.1 . tcp . 80 . 0 : 10.244.1.1 . 8080 }",
            ])
        let second = rules.update([
            ("default/b", Make.service("b", clusterIP: "10.96.0.2"), [Make.slice("b", [Make.endpoint("10.244.1.2", node: "b")])])
        ])
        #expect(
            lines(second) == [
                "add element inet apus services-ipv4 { 10.96.0.2 . tcp . 80 : goto pick-cluster-ip-tcp-ipv4-1 }",
                "add element inet apus backends-tcp-ipv4 { 10.96.0.2 . tcp . 80 . 0 : 10.244.1.2 . 8080 }",
            ])
    }

    @Test func `a changed port of an endpoint changes one element`() throws {
        var rules = try make()
        let service = Make.service("a", clusterIP: "10.96.0.1")
        _ = rules.update([("default/a", service, [Make.slice("a", [Make.endpoint("10.244.1.1", node: "b")])])])
        let plan = rules.update([("default/a", service, [Make.slice("a", port: 9090, [Make.endpoint("10.244.1.1", node: "b")])])])
        #expect(
            lines(plan) == [
                "delete element inet apus backends-tcp-ipv4 { 10.96.0.1 . tcp . 80 . 0 }",
                "add element inet apus backends-tcp-ipv4 { 10.96.0.1 . tcp . 80 . 0 : 10.244.1.1 . 9090 }",
            ])
    }

    @Test func `nothing changed, nothing to say`() throws {
        var rules = try make()
        let update: ProxyRules.Update = ("default/a", Make.service("a"), [Make.slice("a", [Make.endpoint("10.244.0.1")])])
        _ = rules.update([update])
        #expect(rules.update([update]).transaction.isEmpty)
        #expect(rules.update([("default/none", nil, [])]).transaction.isEmpty)
    }

    @Test func `the older of two Services has an address, and the younger inherits it`() throws {
        var rules = try make()
        var old = Make.service("z", clusterIP: "10.96.0.1", spec: ["externalIPs": ["203.0.113.1"]])
        old.metadata["creationTimestamp"] = "2025-01-01T00:00:00Z"
        let young = Make.service("a", clusterIP: "10.96.0.2", spec: ["externalIPs": ["203.0.113.1"]])
        let slices = { (name: String, address: String) in [Make.slice(name, [Make.endpoint(address, node: "b")])] }
        _ = rules.update([("default/a", young, slices("a", "10.244.1.1"))])
        let taken = rules.update([("default/z", old, slices("z", "10.244.1.2"))])
        #expect(lines(taken).contains("delete element inet apus backends-tcp-ipv4 { 203.0.113.1 . tcp . 80 . 0 }"))
        #expect(taken.transaction.description.contains("203.0.113.1 . tcp . 80 . 0 : 10.244.1.2 . 8080"))
        let inherited = rules.update([("default/z", nil, [])])
        #expect(inherited.transaction.description.contains("203.0.113.1 . tcp . 80 . 0 : 10.244.1.1 . 8080"))
    }

    @Test func `a replacement says the same as the changes that led to it`() throws {
        var rules = try make()
        let service = Make.service("a", clusterIP: "10.96.0.1")
        _ = rules.update([("default/a", service, [Make.slice("a", [Make.endpoint("10.244.1.1"), Make.endpoint("10.244.1.2")])])])
        _ = rules.update([("default/b", Make.service("b", clusterIP: "10.96.0.2"), [])])
        _ = rules.update([("default/a", service, [Make.slice("a", [Make.endpoint("10.244.1.2")])])])
        let text = rules.replacement().description
        #expect(
            text.contains(
                "add element inet apus services-ipv4 { 10.96.0.1 . tcp . 80 : goto pick-cluster-ip-tcp-ipv4-1, 10.96.0.2 . tcp . 80 : goto refuse-connection }"
            ))
        #expect(text.contains("add element inet apus backends-tcp-ipv4 { 10.96.0.1 . tcp . 80 . 0 : 10.244.1.2 . 8080 }"))
        #expect(!text.contains("10.244.1.1"))
    }

    @Test func `flows of UDP endpoints that changed are to be forgotten`() throws {
        var rules = try make()
        let service = Make.service("dns", clusterIP: "10.96.0.10", ports: [["port": 53, "protocol": "UDP"]])
        _ = rules.update([("default/dns", service, [Make.slice("dns", transport: "UDP", [Make.endpoint("10.244.0.1")])])])
        let plan = rules.update([("default/dns", service, [Make.slice("dns", transport: "UDP", [Make.endpoint("10.244.0.2")])])])
        let frontend = ServiceRules.UDPFrontend(address: .v4(10, 96, 0, 10), port: 53)
        #expect(plan.staleUDP == [frontend: [.init(address: .v4(10, 244, 0, 2), port: 8080)]])
        let flow = { (endpoint: IPAddress) in
            TrackedConnection(
                transport: 17, source: .v4(10, 244, 0, 9), destination: .v4(10, 96, 0, 10), destinationPort: 53, replySource: endpoint,
                replySourcePort: 8080)
        }
        #expect(flow(.v4(10, 244, 0, 1)).isStale(plan.staleUDP, ownAddresses: []))
        #expect(!flow(.v4(10, 244, 0, 2)).isStale(plan.staleUDP, ownAddresses: []))
    }
}
