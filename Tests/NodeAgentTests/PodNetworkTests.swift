import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A pod's names` {
    let cluster = PodDNS.Cluster(
        servers: ["10.96.0.10"], domain: "cluster.local", host: PodDNS(parsing: "nameserver 192.0.2.53\nsearch corp.example.\noptions timeout:2\n"))

    private func dns(_ spec: Value) -> PodDNS {
        var spec = spec
        spec["containers"] = []
        return PodDNS(testPod("web", spec), cluster: cluster)
    }

    @Test func `are the cluster's first`() {
        let dns = dns(["dnsPolicy": "ClusterFirst"])
        #expect(dns.servers == ["10.96.0.10"])
        #expect(dns.searches == ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"])
        #expect(dns.options == ["ndots:5"])
    }

    @Test func `are the machine's on its network, unless asked otherwise`() {
        #expect(dns(["dnsPolicy": "ClusterFirst", "hostNetwork": true]).servers == ["192.0.2.53"])
        #expect(dns(["dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": true]).servers == ["10.96.0.10"])
        #expect(dns(["dnsPolicy": "Default"]).options == ["timeout:2"])
    }

    @Test func `are what the pod says, added or alone`() {
        let config: Value = [
            "nameservers": ["192.0.2.9"], "searches": ["x.example"], "options": [["name": "ndots", "value": "2"], ["name": "edns0"]],
        ]
        #expect(dns(["dnsPolicy": "None", "dnsConfig": config]).servers == ["192.0.2.9"])
        let merged = dns(["dnsPolicy": "ClusterFirst", "dnsConfig": config])
        #expect(merged.servers == ["10.96.0.10", "192.0.2.9"])
        #expect(merged.options == ["ndots:2", "edns0"])
    }

    @Test func `stand in its hosts file`() {
        let pod = testPod("web-0", ["hostname": "web-0", "subdomain": "web", "hostAliases": [["ip": "192.0.2.7", "hostnames": ["a", "b"]]]])
        let (name, domain) = pod.hostname(clusterDomain: "cluster.local")
        #expect(domain == "web.default.svc.cluster.local")
        let text = HostsFile.text(pod, podIPs: ["10.0.0.5"], hostname: name, domain: domain, machine: "")
        #expect(text.hasPrefix("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"))
        #expect(text.contains("10.0.0.5\tweb-0.web.default.svc.cluster.local\tweb-0\n"))
        #expect(text.hasSuffix("\n# Entries added by HostAliases.\n192.0.2.7\ta\tb\n"))
    }
}
