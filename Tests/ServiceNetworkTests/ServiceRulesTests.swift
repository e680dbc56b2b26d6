import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

@Suite struct ServiceRulesTests {
    /// The rules of one Service on node-a.
    private func rules(_ service: Value, _ slices: [Value]) throws -> [String: String] {
        let proxied = try #require(ProxiedService(service))
        let rules = ServiceRules(proxied, slices: slices, node: ProxyNode(name: "node-a", zone: "zone-a"))
        return Dictionary(uniqueKeysWithValues: rules.elements.map { ("\($0.key.set.name): \($0.key.key)", $0.value.description) })
    }

    @Test func `a cluster IP picks among its ready endpoints`() throws {
        let slice = Make.slice(
            "web", [Make.endpoint("10.244.0.7"), Make.endpoint("10.244.1.5", node: "node-b"), Make.endpoint("10.244.1.6", ready: false)])
        #expect(
            try rules(Make.service("web"), [slice]) == [
                "services-ipv4: 10.96.0.10 . tcp . 80": "goto pick-cluster-ip-tcp-ipv4-2",
                "backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0": "10.244.0.7 . 8080",
                "backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 1": "10.244.1.5 . 8080",
                "hairpin-ipv4: 10.244.0.7 . 10.244.0.7": "",
            ])
    }

    @Test func `without endpoints a Service refuses`() throws {
        #expect(try rules(Make.service("web"), []) == ["services-ipv4: 10.96.0.10 . tcp . 80": "goto refuse-connection"])
    }

    @Test func `headless Services, ExternalName and other proxies' Services need nothing`() {
        #expect(ProxiedService(Make.service("web", clusterIP: "None")) == nil)
        #expect(ProxiedService(Make.service("web", spec: ["type": "ExternalName"])) == nil)
        var other = Make.service("web")
        other.metadata["labels"]["service.kubernetes.io/service-proxy-name"] = "mine"
        #expect(ProxiedService(other) == nil)
    }

    @Test func `terminating endpoints that still serve answer while none is ready`() throws {
        let terminating = Make.endpoint("10.244.0.7", ready: false, serving: true, terminating: true)
        let notServing = Make.endpoint("10.244.0.8", ready: false, serving: false, terminating: true)
        let alone = try rules(Make.service("web"), [Make.slice("web", [terminating, notServing])])
        #expect(alone["backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0"] == "10.244.0.7 . 8080")
        #expect(alone["backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 1"] == nil)
        let withReady = try rules(Make.service("web"), [Make.slice("web", [terminating, Make.endpoint("10.244.0.9")])])
        #expect(withReady["backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0"] == "10.244.0.9 . 8080")
        #expect(withReady["services-ipv4: 10.96.0.10 . tcp . 80"] == "goto pick-cluster-ip-tcp-ipv4-1")
    }

    @Test func `ports are matched by name and protocol`() throws {
        let service = Make.service(
            "dns", ports: [["name": "dns", "port": 53, "protocol": "UDP"], ["name": "dns-tcp", "port": 53, "protocol": "TCP"]])
        let slices = [
            Make.slice("dns", suffix: "u", port: 5353, portName: "dns", transport: "UDP", [Make.endpoint("10.244.0.2")]),
            Make.slice("dns", suffix: "t", port: 5354, portName: "dns-tcp", transport: "TCP", [Make.endpoint("10.244.0.2")]),
        ]
        let rules = try rules(service, slices)
        #expect(rules["backends-udp-ipv4: 10.96.0.10 . udp . 53 . 0"] == "10.244.0.2 . 5353")
        #expect(rules["backends-tcp-ipv4: 10.96.0.10 . tcp . 53 . 0"] == "10.244.0.2 . 5354")
    }

    @Test func `node ports and external addresses go to every node, masqueraded`() throws {
        let service = Make.service(
            "web", ports: [["port": 80, "nodePort": 30080, "protocol": "TCP"]], spec: ["type": "NodePort", "externalIPs": ["203.0.113.5"]])
        let rules = try rules(service, [Make.slice("web", [Make.endpoint("10.244.1.5", node: "node-b")])])
        #expect(rules["nodeports-ipv4: tcp . 30080"] == "goto pick-external-nodeport-tcp-ipv4-1")
        #expect(rules["nodeport-backends-tcp-ipv4: tcp . 30080 . 0"] == "10.244.1.5 . 8080")
        #expect(rules["services-ipv4: 203.0.113.5 . tcp . 80"] == "goto pick-external-ip-tcp-ipv4-1")
    }

    @Test func `externalTrafficPolicy Local keeps outside traffic on the node, and drops it where nobody is`() throws {
        let service = Make.service(
            "web", ports: [["port": 80, "nodePort": 30080, "protocol": "TCP"]], spec: ["type": "NodePort", "externalTrafficPolicy": "Local"])
        let both = try rules(service, [Make.slice("web", [Make.endpoint("10.244.0.7"), Make.endpoint("10.244.1.5", node: "node-b")])])
        #expect(both["external-nodeports-ipv4: tcp . 30080"] == "goto pick-local-nodeport-tcp-ipv4-1")
        #expect(both["external-nodeport-backends-tcp-ipv4: tcp . 30080 . 0"] == "10.244.0.7 . 8080")
        #expect(both["nodeports-ipv4: tcp . 30080"] == "goto pick-cluster-nodeport-tcp-ipv4-2")
        let away = try rules(service, [Make.slice("web", [Make.endpoint("10.244.1.5", node: "node-b")])])
        #expect(away["external-nodeports-ipv4: tcp . 30080"] == "drop")
    }

    @Test func `internalTrafficPolicy Local stays on the node`() throws {
        let service = Make.service("web", spec: ["internalTrafficPolicy": "Local"])
        let rules = try rules(service, [Make.slice("web", [Make.endpoint("10.244.0.7"), Make.endpoint("10.244.1.5", node: "node-b")])])
        #expect(rules["services-ipv4: 10.96.0.10 . tcp . 80"] == "goto pick-cluster-ip-tcp-ipv4-1")
        #expect(rules["backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0"] == "10.244.0.7 . 8080")
    }

    @Test func `a load balancer's address counts unless its mode is Proxy, and its source ranges guard it`() throws {
        var service = Make.service("web", spec: ["type": "LoadBalancer", "loadBalancerSourceRanges": [" 10.0.0.0/8", "10.1.0.0/16"]])
        service.status = ["loadBalancer": ["ingress": [["ip": "203.0.113.7"], ["ip": "203.0.113.8", "ipMode": "Proxy"]]]]
        let rules = try rules(service, [Make.slice("web", [Make.endpoint("10.244.0.7")])])
        #expect(rules["services-ipv4: 203.0.113.7 . tcp . 80"] == "goto pick-external-ip-tcp-ipv4-1")
        #expect(rules["services-ipv4: 203.0.113.8 . tcp . 80"] == nil)
        #expect(rules["guarded-ipv4: 203.0.113.7 . tcp . 80"] == "")
        #expect(rules["allowed-ipv4: 203.0.113.7 . tcp . 80 . 10.0.0.0/8"] == "")
        #expect(rules["allowed-ipv4: 203.0.113.7 . tcp . 80 . 10.1.0.0/16"] == nil)
    }

    @Test func `both address families are served from their own slices`() throws {
        let service = Make.service("web", spec: ["clusterIPs": ["10.96.0.10", "fd00:96::a"]])
        let rules = try rules(
            service,
            [Make.slice("web", [Make.endpoint("10.244.0.7")]), Make.slice("web", suffix: "6", family: "IPv6", [Make.endpoint("fd00:244::7")])])
        #expect(rules["backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0"] == "10.244.0.7 . 8080")
        #expect(rules["backends-tcp-ipv6: fd00:96::a . tcp . 80 . 0"] == "fd00:244::7 . 8080")
    }

    @Test func `hints keep traffic in the zone, or on the node, if every endpoint has them and some are here`() throws {
        let zone = { (name: String) -> Value in ["forZones": [["name": .string(name)]]] }
        let here = Make.endpoint("10.244.0.7", hints: zone("zone-a"))
        let there = Make.endpoint("10.244.1.5", node: "node-b", hints: zone("zone-b"))
        let backends = { (endpoints: [Value]) throws -> Int in
            try self.rules(Make.service("web"), [Make.slice("web", endpoints)]).keys.count { $0.hasPrefix("backends-tcp-ipv4") }
        }
        #expect(try backends([here, there]) == 1)
        #expect(try backends([there, there]) == 1)
        #expect(try backends([here, there, Make.endpoint("10.244.2.5", node: "node-c")]) == 3)
        let node: Value = ["forNodes": [["name": "node-a"]]]
        #expect(
            try backends([Make.endpoint("10.244.0.7", hints: node), Make.endpoint("10.244.0.8", hints: ["forNodes": [["name": "node-b"]]])]) == 1)
    }

    @Test func `a load balancer may ask for a Service's endpoints on the node`() throws {
        let service = Make.service("web", spec: ["type": "LoadBalancer", "externalTrafficPolicy": "Local", "healthCheckNodePort": 32000])
        let slices = [Make.slice("web", [Make.endpoint("10.244.0.7"), Make.endpoint("10.244.1.5", node: "node-b")])]
        let rules = ServiceRules(try #require(ProxiedService(service)), slices: slices, node: ProxyNode(name: "node-a"))
        #expect(rules.healthCheck == .init(port: 32000, namespace: "default", name: "web", localEndpoints: 1))
    }

    @Test func `what is no address or port in an object reaches no rule`() throws {
        var service = Make.service("web", ports: [["port": 80], ["port": 70000], ["port": 0], ["port": "80 ; drop"]])
        service.spec["externalIPs"] = ["1.2.3.4 }; delete table inet apus; {", "203.0.113.9"]
        let slice = Make.slice("web", [Make.endpoint("10.244.0.7; reject"), Make.endpoint("127.0.0.1"), Make.endpoint("10.244.0.8")])
        let rules = try rules(service, [slice])
        #expect(
            Set(rules.keys) == [
                "services-ipv4: 10.96.0.10 . tcp . 80", "backends-tcp-ipv4: 10.96.0.10 . tcp . 80 . 0", "services-ipv4: 203.0.113.9 . tcp . 80",
                "backends-tcp-ipv4: 203.0.113.9 . tcp . 80 . 0", "hairpin-ipv4: 10.244.0.8 . 10.244.0.8",
            ])
    }
}
