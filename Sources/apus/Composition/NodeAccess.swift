import APIServer
import ClusterClient
import Identity
import ObjectModel

/// What a node needs of its cluster, be it in this process or over the network.
struct NodeAccess: Sendable {
    /// The node's own identity: for the agent and the pod network.
    var node: Client
    var proxy: Client
    var dns: Client

    /// Whom those that connect to the node must have their certificates from.
    var authorityPEM: String

    /// Obtains the node's serving certificate, with how it is renewed. May wait until the cluster knows the node.
    var serving: @Sendable (Leaf, _ use: @escaping @Sendable (Credential) async throws -> Void) async throws -> CredentialRenewal.Item

    /// In the process of the control plane.
    init(_ control: ControlPlane, node name: String) {
        node = control.server.client(user: "system:node:\(name)", groups: ["system:nodes"], userAgent: "kubelet")
        proxy = control.server.client(user: "system:kube-proxy", userAgent: "kube-proxy")
        dns = control.client(controller: "cluster-dns")
        authorityPEM = control.authority.certificatePEM
        let credentials = control.credentials
        serving = { leaf, use in try credentials.renewing("kubelet", for: leaf, now: Environment.system.now(), use: use) }
    }

    /// Over the network, all under the node's identity.
    init(
        _ transport: any Transport, authorityPEM: String,
        serving: @escaping @Sendable (Leaf, @escaping @Sendable (Credential) async throws -> Void) async throws -> CredentialRenewal.Item
    ) {
        node = Client(transport, userAgent: "kubelet")
        proxy = Client(transport, userAgent: "kube-proxy")
        dns = Client(transport, userAgent: "coredns")
        self.authorityPEM = authorityPEM
        self.serving = serving
    }
}
