import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

@Suite struct ClusterZoneTests {
    private let zone: ClusterZone

    init() throws {
        zone = ClusterZone(domain: try #require(DNSName("cluster.local")), ttl: 30, serverAddresses: [.v4(10, 96, 0, 10)])
        zone.setNamespace("default", exists: true)
    }

    private func put(_ service: Value, _ slices: [Value] = []) {
        zone.setService(namespace: service.namespace, name: service.name, ServiceRecords(service, slices: slices))
    }

    /// The answer as text: code and records, or where else to ask.
    private func ask(_ name: String, _ type: DNSType) throws -> [String] {
        switch zone.resolve(DNSQuestion(name: try #require(DNSName(name)), type: type)) {
        case .elsewhere: return ["elsewhere"]
        case .alias(let record, let target): return ["alias \(record.name) \(target)"]
        case .answer(let answer):
            let code = answer.code == .noError ? [] : [answer.code == .noSuchName ? "NXDOMAIN" : "\(answer.code.rawValue)"]
            let negative = answer.answers.isEmpty && answer.authorities.contains { $0.type == .soa } ? ["SOA"] : []
            return code + negative + answer.answers.map(text)
        }
    }

    private func text(_ record: DNSRecord) -> String {
        switch record.data {
        case .a(let address): "\(address)"
        case .aaaa(let bits): "\(IPAddress(ipv6: bits))"
        case .srv(let priority, let weight, let port, let target): "\(priority) \(weight) \(port) \(target)"
        case .ptr(let name), .cname(let name), .ns(let name): "\(name)"
        case .txt(let strings): strings.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        default: "\(record.type.rawValue)"
        }
    }

    @Test func `a Service's name has its cluster IPs`() throws {
        put(Make.service("web", spec: ["clusterIPs": ["10.96.0.10", "fd00:96::a"]]))
        #expect(try ask("web.default.svc.cluster.local", .a) == ["10.96.0.10"])
        #expect(try ask("WEB.Default.svc.Cluster.LOCAL", .aaaa) == ["fd00:96::a"])
        #expect(try ask("web.default.svc.cluster.local", .mx) == ["SOA"])
    }

    @Test func `named ports have SRV records`() throws {
        put(Make.service("web", ports: [["name": "http", "port": 80, "protocol": "TCP"], ["name": "dns", "port": 53, "protocol": "UDP"]]))
        #expect(try ask("_http._tcp.web.default.svc.cluster.local", .srv) == ["0 100 80 web.default.svc.cluster.local."])
        #expect(try ask("_dns._udp.web.default.svc.cluster.local", .srv) == ["0 100 53 web.default.svc.cluster.local."])
        #expect(try ask("_dns._tcp.web.default.svc.cluster.local", .srv) == ["NXDOMAIN", "SOA"])
        #expect(try ask("_http._tcp.web.default.svc.cluster.local", .a) == ["SOA"])
        #expect(try ask("_tcp.web.default.svc.cluster.local", .srv) == ["SOA"])
        #expect(try ask("web.default.svc.cluster.local", .srv).count == 2)
    }

    @Test func `a headless Service's name has its ready endpoints, and each of them has a name`() throws {
        let service = Make.service("db", clusterIP: "None", ports: [["name": "sql", "port": 5432, "protocol": "TCP"]])
        put(
            service,
            [
                Make.slice(
                    "db", port: 5432, portName: "sql",
                    [
                        Make.endpoint("10.244.0.7", hostname: "db-0"), Make.endpoint("10.244.0.8"),
                        Make.endpoint("10.244.0.9", ready: false, hostname: "db-2"),
                    ])
            ])
        #expect(try ask("db.default.svc.cluster.local", .a) == ["10.244.0.7", "10.244.0.8"])
        #expect(try ask("db-0.db.default.svc.cluster.local", .a) == ["10.244.0.7"])
        #expect(try ask("10-244-0-8.db.default.svc.cluster.local", .a) == ["10.244.0.8"])
        #expect(try ask("db-2.db.default.svc.cluster.local", .a) == ["NXDOMAIN", "SOA"])
        #expect(
            try ask("_sql._tcp.db.default.svc.cluster.local", .srv) == [
                "0 50 5432 db-0.db.default.svc.cluster.local.", "0 50 5432 10-244-0-8.db.default.svc.cluster.local.",
            ])
        var all = service
        all.spec["publishNotReadyAddresses"] = true
        put(all, [Make.slice("db", port: 5432, portName: "sql", [Make.endpoint("10.244.0.9", ready: false, hostname: "db-2")])])
        #expect(try ask("db-2.db.default.svc.cluster.local", .a) == ["10.244.0.9"])
        put(service, [])
        #expect(try ask("db.default.svc.cluster.local", .a) == ["NXDOMAIN", "SOA"])
    }

    @Test func `an ExternalName is an alias`() throws {
        put(Make.service("ext", spec: ["type": "ExternalName", "externalName": "db.example.com"]))
        #expect(try ask("ext.default.svc.cluster.local", .cname) == ["db.example.com."])
        #expect(try ask("ext.default.svc.cluster.local", .a) == ["alias ext.default.svc.cluster.local. db.example.com."])
    }

    @Test func `a pod's name holds its address, where its namespace is`() throws {
        #expect(try ask("10-244-0-7.default.pod.cluster.local", .a) == ["10.244.0.7"])
        #expect(try ask("fd00-244--7.default.pod.cluster.local", .aaaa) == ["fd00:244::7"])
        #expect(try ask("10-244-0-7.default.pod.cluster.local", .aaaa) == ["SOA"])
        #expect(try ask("10-244-0-7.other.pod.cluster.local", .a) == ["NXDOMAIN", "SOA"])
        #expect(try ask("x.default.pod.cluster.local", .a) == ["NXDOMAIN", "SOA"])
    }

    @Test func `addresses lead back to names; others' are left to others`() throws {
        put(Make.service("web", clusterIP: "10.96.0.20"), [Make.slice("web", [Make.endpoint("10.244.0.7", hostname: "web-0")])])
        #expect(try ask("20.0.96.10.in-addr.arpa", .ptr) == ["web.default.svc.cluster.local."])
        #expect(try ask("7.0.244.10.in-addr.arpa", .ptr) == ["web-0.web.default.svc.cluster.local."])
        #expect(try ask("1.1.1.1.in-addr.arpa", .ptr) == ["elsewhere"])
        let six = try #require(IPAddress("fd00:96::a"))
        let reversed = try #require(ReverseName.name(six))
        put(Make.service("six", clusterIP: "fd00:96::a"))
        #expect(try ask("\(reversed)", .ptr) == ["six.default.svc.cluster.local."])
        zone.setService(namespace: "default", name: "web", nil)
        #expect(try ask("20.0.96.10.in-addr.arpa", .ptr) == ["elsewhere"])
    }

    @Test func `names that are there without records differ from names that are not`() throws {
        for name in ["cluster.local", "svc.cluster.local", "default.svc.cluster.local", "pod.cluster.local", "dns.cluster.local"] {
            #expect(try ask(name, .a) == ["SOA"])
        }
        for name in ["web.default.svc.cluster.local", "other.svc.cluster.local", "nope.cluster.local", "a.b.c.d.web.default.svc.cluster.local"] {
            #expect(try ask(name, .a) == ["NXDOMAIN", "SOA"])
        }
        #expect(try ask("example.com", .a) == ["elsewhere"])
        #expect(try ask("notcluster.local", .a) == ["elsewhere"])
        #expect(try ask("dns-version.cluster.local", .txt) == ["1.1.0"])
        #expect(try ask("ns.dns.cluster.local", .a) == ["10.96.0.10"])
        #expect(try ask("cluster.local", .ns) == ["ns.dns.cluster.local."])
    }
}
