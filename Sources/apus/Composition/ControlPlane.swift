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
import Synchronization

/// The store, the API server and its listener.
struct ControlPlane: Sendable {
    let store: SQLiteStore
    let compactor: Compactor<ContinuousClock>
    let server: StandardServer
    let listener: Listener
    let authority: CertificateAuthority
    let credentials: CredentialDirectory
    let metrics: MetricsRegistry

    /// What nodes get their blocks of pod addresses from; nil leaves them without.
    let clusterCIDR: CIDR?

    /// What is renewed while the control plane runs.
    let renewals: [CredentialRenewal.Item]

    /// Opens everything and begins to serve.
    static func start(_ settings: Settings, _ directory: DataDirectory, _ logger: Logger) async throws -> ControlPlane {
        let store = try SQLiteStore(path: directory.store, logger: logger)
        let now = Environment.system.now()
        let pki = try PrivateDirectory(directory.file("pki"))
        let authority = try CertificateAuthority.loadOrCreate(in: pki, now: now)
        let credentials = CredentialDirectory(pki, authority: authority)
        let keys = try ServiceAccountKeys.loadOrCreate(in: pki)
        let metrics = MetricsRegistry()
        let storeFile = directory.store
        metrics.gauge("apiserver_storage_size_bytes", "What the store takes on the disk.", labels: ["storage_cluster_id"]).read {
            [(["etcd-0"], Double(Self.bytesOnDisk(storeFile) + Self.bytesOnDisk(storeFile + "-wal")))]
        }

        let caPEM = authority.certificatePEM
        let toNode = CurrentCredentials()
        let toNodeRenewal = try credentials.renewing("apiserver-kubelet-client", for: .kubeletClient, now: now) { toNode.set($0, caPEM: caPEM) }
        toNode.set(toNodeRenewal.credential, caPEM: caPEM)
        var configuration = APIServer.Configuration(metrics: metrics, logger: logger)
        configuration.flowControl.seats = settings.seats
        let server = try StandardServer(
            configuration, store: store, serviceCIDR: settings.serviceCIDR, serviceAccountKeys: keys,
            connect: { stored, info, request, _ throws(APIError) in
                try NodeConnections(stored: stored, credentials: { toNode.value }).connect(info, request)
            })

        let serviceAddress = CIDR(settings.serviceCIDR)?.address(at: 1)?.description
        let leaf = Leaf.apiServer(
            names: [ProcessInfo.processInfo.hostName.lowercased()], addresses: [settings.advertiseAddress], serviceAddress: serviceAddress)
        let tls: @Sendable (Credential) -> ServingTLS = {
            ServingTLS(certificateChainPEM: $0.certificatePEM, keyPEM: $0.privateKeyPEM, clientCAPEM: caPEM)
        }
        let listener = try Listener(
            Listener.Configuration(
                host: settings.bindAddress, port: settings.port, tls: tls(try credentials.credential("apiserver", for: leaf, now: now)),
                group: MultiThreadedEventLoopGroup.singleton, logger: logger),
            handler: server.server)
        try await server.bootstrap(addresses: [settings.advertiseAddress], port: settings.port)
        try await ComponentRoles.ensure(server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "kube-apiserver"))
        let nodesSee = ServerURL(host: settings.advertiseAddress, port: settings.port)
        try await JoinObjects.ensure(
            server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "kube-apiserver"), server: nodesSee.description,
            caPEM: caPEM)
        try await listener.start()
        let renewals = [
            toNodeRenewal, try credentials.renewing("apiserver", for: leaf, now: now) { try listener.reload(tls($0)) },
            try credentials.renewing("admin", for: .admin, now: now) { try writeKubeconfig(settings, directory, authority, $0) },
        ]
        try writeKubeconfig(settings, directory, authority, try credentials.credential("admin", for: .admin, now: now))
        return ControlPlane(
            store: store, compactor: Compactor(store, logger: logger), server: server, listener: listener, authority: authority,
            credentials: credentials, metrics: metrics,
            // Stand-in nodes have no pods that could be reached.
            clusterCIDR: settings.node?.simulated == nil ? settings.clusterCIDR : nil, renewals: renewals)
    }

    private static func bytesOnDisk(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : 0
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
            userAgent: "kube-controller-manager")
    }
}

/// What the API server shows to nodes, for as long as it is good.
final class CurrentCredentials: Sendable {
    private let state = Mutex(ClusterClient.TLSCredentials(certificatePEM: "", keyPEM: "", caPEM: ""))

    var value: ClusterClient.TLSCredentials { state.withLock { $0 } }

    func set(_ credential: Credential, caPEM: String) {
        state.withLock { $0 = .init(certificatePEM: credential.certificatePEM, keyPEM: credential.privateKeyPEM, caPEM: caPEM) }
    }
}

/// Takes requests to nodes, pods and services.
struct NodeConnections: Sendable {
    let stored: any ObjectReader
    let credentials: @Sendable () -> ClusterClient.TLSCredentials

    func connect(_ info: RequestInfo, _ request: HTTPRequest) throws(APIError) -> Outcome {
        let (stored, credentials, namespace) = (stored, credentials, info.namespace)
        let proxy = NodeProxy(credentials: credentials) { name in
            stored.object(.nodes, namespace: "", name: name).flatMap(NodeProxy.Endpoint.init(node:))
        }
        if info.subresource == "proxy" {
            switch info.resource {
            case "nodes": return proxy.proxy(request, node: info.name)
            case "pods": return proxy.proxy(request, pod: info.name) { stored.object(.pods, namespace: namespace, name: $0) }
            case "services":
                return proxy.proxy(request, service: info.name) {
                    stored.object(.services, namespace: namespace, name: $0)
                } slices: { service in
                    stored.objects(.endpointSlices, namespace: namespace).filter { $0.labels["kubernetes.io/service-name"] == service }
                }
            default: break
            }
        }
        guard info.resource == "pods", let pod = stored.object(.pods, namespace: namespace, name: info.name) else {
            throw .notFound(resource: info.resource, group: "", name: info.name)
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
