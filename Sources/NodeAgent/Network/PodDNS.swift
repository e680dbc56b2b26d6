import ObjectModel

/// What goes into a pod's `resolv.conf`.
struct PodDNS: Sendable, Equatable {
    var servers: [String] = []
    var searches: [String] = []
    var options: [String] = []

    /// Reads a `resolv.conf`.
    init(parsing text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let keyword = words.first else { continue }
            switch keyword {
            case "nameserver": servers += words.dropFirst().prefix(1)
            case "search": searches = words.dropFirst().map { $0.count > 1 && $0.hasSuffix(".") ? String($0.dropLast()) : $0 }
            case "options": options = Array(words.dropFirst())
            default: break
            }
        }
    }

    /// What the cluster and the machine offer for names.
    struct Cluster: Sendable {
        /// Addresses of the cluster's DNS; without any, pods resolve as their machine does.
        var servers: [String]

        /// `cluster.local`.
        var domain: String

        /// The machine's `resolv.conf`.
        var host: PodDNS
    }

    /// Upstream's limits, beyond which resolvers differ.
    static let serversMax = 3
    static let searchesMax = 32

    init(_ pod: Pod, cluster: Cluster) {
        var policy = pod.spec["dnsPolicy"].string ?? "ClusterFirst"
        if policy == "ClusterFirst", pod.usesHostNetwork { policy = "Default" }
        if policy == "ClusterFirstWithHostNet" { policy = "ClusterFirst" }
        if policy == "ClusterFirst", cluster.servers.isEmpty { policy = "Default" }
        switch policy {
        case "None": break
        case "ClusterFirst":
            servers = cluster.servers
            searches = ["\(pod.namespace).svc.\(cluster.domain)", "svc.\(cluster.domain)", cluster.domain] + cluster.host.searches
            options = ["ndots:5"]
        default:
            servers = cluster.host.servers
            searches = cluster.host.searches
            options = cluster.host.options
        }
        add(pod.spec["dnsConfig"])
        servers = Array(Self.unique(servers).prefix(Self.serversMax))
        searches = Array(Self.unique(searches).prefix(Self.searchesMax))
    }

    private mutating func add(_ config: Value) {
        servers += config["nameservers"].strings
        searches += config["searches"].strings
        for option in config["options"].array {
            guard let name = option["name"].string else { continue }
            options.removeAll { $0 == name || $0.hasPrefix("\(name):") }
            options.append(option["value"].string.map { "\(name):\($0)" } ?? name)
        }
    }

    private static func unique(_ words: [String]) -> [String] {
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }
}
