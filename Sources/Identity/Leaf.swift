/// What a certificate is for: the names that it carries and the uses that it allows.
public struct Leaf: Sendable, Hashable {
    /// A client's user name.
    public var commonName: String

    /// A client's groups.
    public var organizations: [String]
    public var dnsNames: [String]

    /// IPv4 and IPv6 addresses in text form.
    public var ipAddresses: [String]
    public var servesTLS: Bool
    public var authenticatesClient: Bool

    public init(
        commonName: String, organizations: [String] = [], dnsNames: [String] = [], ipAddresses: [String] = [], servesTLS: Bool = false,
        authenticatesClient: Bool = false
    ) {
        self.commonName = commonName
        self.organizations = organizations
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.servesTLS = servesTLS
        self.authenticatesClient = authenticatesClient
    }

    public static func client(_ user: String, groups: [String] = []) -> Leaf {
        Leaf(commonName: user, organizations: groups, authenticatesClient: true)
    }

    /// The API server's serving certificate: the given names and addresses, those of the `kubernetes` service, and this machine's own.
    /// - Parameter serviceAddress: the first address of the service range, which is the `kubernetes` service's.
    public static func apiServer(names: [String] = [], addresses: [String] = [], serviceAddress: String?, clusterDomain: String = "cluster.local")
        -> Leaf
    {
        let service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.\(clusterDomain)", "localhost"]
        let local = ["127.0.0.1", "::1"] + [serviceAddress].compactMap(\.self)
        return Leaf(
            commonName: "kube-apiserver", dnsNames: unique(names + service), ipAddresses: unique(addresses + local), servesTLS: true)
    }

    /// A kubelet's serving certificate, which the API server connects to for logs and exec.
    public static func kubeletServer(node: String, names: [String] = [], addresses: [String]) -> Leaf {
        Leaf(
            commonName: "system:node:\(node)", organizations: ["system:nodes"], dnsNames: unique([node] + names), ipAddresses: unique(addresses),
            servesTLS: true)
    }

    public static let admin = client("kubernetes-admin", groups: ["system:masters"])
    public static let controllerManager = client("system:kube-controller-manager")
    public static let scheduler = client("system:kube-scheduler")
    public static func node(_ name: String) -> Leaf { client("system:node:\(name)", groups: ["system:nodes"]) }

    /// What the API server shows to kubelets.
    public static let kubeletClient = client("kube-apiserver-kubelet-client", groups: ["system:masters"])

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
