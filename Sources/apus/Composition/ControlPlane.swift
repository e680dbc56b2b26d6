import APIServer
import ClusterClient
import Foundation
import HTTPServer
import Identity
import Logging
import Metrics
import NIOPosix
import ObjectModel
import Storage

/// The store, the API server and its listener.
struct ControlPlane: Sendable {
    let store: SQLiteStore
    let compactor: Compactor<ContinuousClock>
    let server: StandardServer
    let listener: Listener
    let authority: CertificateAuthority
    let credentials: CredentialDirectory
    let metrics: MetricsRegistry

    /// Opens everything and begins to serve.
    static func start(_ settings: Settings, _ directory: DataDirectory, _ logger: Logger) async throws -> ControlPlane {
        let store = try SQLiteStore(path: directory.store, logger: logger)
        let now = Environment.system.now()
        let pki = try PrivateDirectory(directory.file("pki"))
        let authority = try CertificateAuthority.loadOrCreate(in: pki, now: now)
        let credentials = CredentialDirectory(pki, authority: authority)
        let keys = try ServiceAccountKeys.loadOrCreate(in: pki)
        let metrics = MetricsRegistry()

        let kubelet = try credentials.credential("apiserver-kubelet-client", for: .kubeletClient, now: now)
        let toNode = ClusterClient.TLSCredentials(
            certificatePEM: kubelet.certificatePEM, keyPEM: kubelet.privateKeyPEM, caPEM: authority.certificatePEM)
        let server = try StandardServer(
            APIServer.Configuration(metrics: metrics, logger: logger), store: store, serviceCIDR: settings.serviceCIDR, serviceAccountKeys: keys,
            connect: { stored, info, request, _ throws(APIError) in try NodeConnections(stored: stored, credentials: toNode).connect(info, request) })

        let serviceAddress = CIDR(settings.serviceCIDR)?.address(at: 1)?.description
        let serving = try credentials.credential(
            "apiserver",
            for: .apiServer(
                names: [ProcessInfo.processInfo.hostName.lowercased()], addresses: [settings.advertiseAddress], serviceAddress: serviceAddress),
            now: now)
        let listener = try Listener(
            Listener.Configuration(
                host: settings.bindAddress, port: settings.port,
                tls: ServingTLS(
                    certificateChainPEM: serving.certificatePEM, keyPEM: serving.privateKeyPEM, clientCAPEM: authority.certificatePEM),
                group: MultiThreadedEventLoopGroup.singleton, logger: logger),
            handler: server.server)
        try await server.bootstrap(addresses: [settings.advertiseAddress], port: settings.port)
        try await ComponentRoles.ensure(server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "apus-bootstrap"))
        try await listener.start()
        try writeKubeconfig(settings, directory, authority, try credentials.credential("admin", for: .admin, now: now))
        return ControlPlane(
            store: store, compactor: Compactor(store, logger: logger), server: server, listener: listener, authority: authority,
            credentials: credentials,
            metrics: metrics)
    }

    private static func writeKubeconfig(
        _ settings: Settings, _ directory: DataDirectory, _ authority: CertificateAuthority, _ admin: Credential
    ) throws {
        let host = settings.bindAddress == "0.0.0.0" ? "127.0.0.1" : settings.bindAddress
        let text = Kubeconfig.text(
            server: "https://\(host):\(settings.port)", caPEM: authority.certificatePEM, user: "kubernetes-admin", credential: admin)
        try PrivateDirectory(directory.path).write("admin.kubeconfig", text)
    }

    /// A client in this process for a controller, under its own service account.
    func client(controller name: String) -> Client {
        server.client(
            user: "system:serviceaccount:kube-system:\(name)", groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system"],
            userAgent: name)
    }
}

/// Takes requests about pods to their nodes.
struct NodeConnections: Sendable {
    let stored: any ObjectReader
    let credentials: ClusterClient.TLSCredentials

    func connect(_ info: RequestInfo, _ request: HTTPRequest) throws(APIError) -> Outcome {
        guard info.resource == "pods" else { throw APIError(.serviceUnavailable, "\(info.resource)/\(info.subresource) is not served yet") }
        guard let pod = stored.object(.pods, namespace: info.namespace, name: info.name) else {
            throw .notFound(resource: "pods", group: "", name: info.name)
        }
        let (stored, credentials) = (stored, credentials)
        let proxy = NodeProxy(credentials: { credentials }) { name in
            stored.object(.nodes, namespace: "", name: name).flatMap(NodeProxy.Endpoint.init(node:))
        }
        switch info.subresource {
        case "exec": return proxy.exec(request, pod: pod)
        case "attach": return proxy.attach(request, pod: pod)
        case "portforward": return proxy.portForward(request, pod: pod)
        case "log": return proxy.log(request, pod: pod)
        default: throw APIError(.serviceUnavailable, "\(info.resource)/\(info.subresource) is not served yet")
        }
    }
}
