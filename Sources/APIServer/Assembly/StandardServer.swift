import ClusterClient
import Identity
import Logging
import ObjectModel
import Storage

/// The API server with the gates that are on by default: certificates and service account tokens, RBAC and the node authorizer, the standard admission
/// plugins.
public struct StandardServer: Sendable {
    public let server: APIServer
    public let registry: ResourceRegistry
    public let authorizer: any Authorizer

    /// What `kubectl get componentstatuses` tells of; the store is in it, others are for whoever runs them to add.
    public let health: ComponentHealth
    private let configuration: APIServer.Configuration
    private let serviceCIDR: String

    /// - Parameters:
    ///   - serviceCIDR: the block that cluster IPs are taken from.
    ///   - connect: takes `log`, `exec`, `attach`, `portforward` and `proxy` to the node, pod or service.
    public init(
        _ configuration: APIServer.Configuration, store: any Store, serviceCIDR: String, serviceAccountKeys: ServiceAccountKeys,
        connect: @escaping @Sendable (any ObjectReader, RequestInfo, HTTPRequest, UserInfo) throws(APIError) -> Outcome
    ) throws {
        let registry = try ResourceRegistry(store: MeasuredStore(store, configuration.metrics), serviceCIDR: serviceCIDR)
        let (environment, clock) = (configuration.environment, configuration.environment.now)
        let tokens = ServiceAccountTokens(keys: serviceAccountKeys)
        let accounts = ServiceAccountAuthenticator(
            tokens: tokens,
            lookup: { resource, namespace, name in
                registry.object(resource, namespace: namespace, name: name).map(ServiceAccountAuthenticator.BoundObject.init)
            }, clock: clock)
        let joinTokens = BootstrapTokenAuthenticator(
            secret: { registry.object(.secrets, namespace: "kube-system", name: $0) }, clock: clock)
        let authenticator = Authenticator(tokenAuthenticators: [accounts, joinTokens])
        let (roles, nodes) = (RoleBasedAuthorizer(), NodeAuthorizer())
        registry.observe(["roles", "rolebindings", "clusterroles", "clusterrolebindings"]) { roles.apply($0.plural, key: $1, $2) }
        registry.observe(["pods", "persistentvolumes", "volumeattachments"]) { nodes.apply($0.plural, key: $1, $2) }
        let authorizer = AuthorizerChain([PrivilegedGroupAuthorizer(), nodes, roles])
        let reviews = AccessReviews(authorizer: authorizer, roles: roles, tokenAuthenticators: [accounts])
        let issuer = TokenIssuer(tokens: tokens, stored: registry, environment: environment)
        var extensions = ServerExtensions(
            reviews: { info, review, user throws(APIError) in try reviews.answer(info, review, user) },
            issueToken: { account, request throws(APIError) in try issuer.issue(account, request) },
            connect: { info, request, user throws(APIError) in try connect(registry, info, request, user) },
            keyDocuments: [
                "/openid/v1/jwks": serviceAccountKeys.keySet,
                "/.well-known/openid-configuration": ServiceAccountKeys.discovery(
                    issuer: ServiceAccountTokens.defaultIssuer, keySetURL: "\(ServiceAccountTokens.defaultIssuer)/openid/v1/jwks"),
            ],
            readiness: { [("ping", nil), ("log", nil), ("etcd", nil)] })
        let health = ComponentHealth()
        health.register("etcd-0") { nil }
        extensions.components = { health.statuses() }
        let gates = APIServer.Gates(
            authenticate: { request throws(APIError) in try authenticator.authenticate(request) }, authorizer: authorizer,
            admission: .standard(authorizer: authorizer, clock: clock, randomSuffix: environment.suffix))
        server = APIServer(configuration, registry, gates: gates, extensions: extensions)
        self.registry = registry
        self.health = health
        self.authorizer = authorizer
        self.configuration = configuration
        self.serviceCIDR = serviceCIDR
    }

    /// Every stored resource that can be listed and deleted, once for each group: what namespaces hold and owners own.
    public var deletableResources: [Resource] {
        var seen: Set<String> = []
        return registry.all.sorted { $0.apiVersion < $1.apiVersion }.filter { resource in
            let verbs = resource.definition.verbs
            guard verbs.contains("list"), verbs.contains("delete"), verbs.contains("watch") else { return false }
            return seen.insert(resource.collection.prefix).inserted
        }.map(\.reference)
    }

    /// A client of this server in this process, under an identity.
    public func client(user: String, groups: [String] = [], userAgent: String) -> Client {
        Client(InProcessTransport(server, user: UserInfo(name: user, groups: groups)), userAgent: userAgent)
    }

    /// Writes what every cluster holds and this one does not yet: namespaces, default roles, priority classes, the `kubernetes` service.
    /// - Parameter addresses: those at which API servers answer.
    public func bootstrap(addresses: [String], port: Int) async throws {
        let client = client(user: "system:apiserver", groups: ["system:masters"], userAgent: "kube-apiserver")
        for (resource, wanted) in BootstrapObjects.objects() {
            let existing = registry.object(resource, namespace: wanted.namespace, name: wanted.name)
            switch BootstrapReconciliation.reconcile(existing: existing, wanted: wanted) {
            case nil: break
            case .create(let object): try await client.create(resource, object)
            case .update(let object): try await client.update(resource, object)
            case .replace(let object):
                try await client.delete(resource, namespace: object.namespace, name: object.name)
                try await client.create(resource, object)
            }
        }
        try await publish(client, addresses, port)
    }

    /// Keeps the `kubernetes` service pointing at this server.
    private func publish(_ client: Client, _ addresses: [String], _ port: Int) async throws {
        guard let range = IPv4Range(serviceCIDR) else { return }
        let service = KubernetesService.service(address: IPv4Range.text(range.address(at: 0)), port: port)
        if registry.object(.services, namespace: "default", name: service.name) == nil { try await client.create(.services, service) }
        for (resource, wanted) in [
            (Resource.endpoints, KubernetesService.endpoints(addresses: addresses, port: port)),
            (Resource.endpointSlices, KubernetesService.endpointSlice(addresses: addresses, port: port)),
        ] {
            guard var existing = registry.object(resource, namespace: "default", name: wanted.name) else {
                try await client.create(resource, wanted)
                continue
            }
            for part in ["subsets", "endpoints", "ports"] { existing[part] = wanted[part] }
            try await client.update(resource, existing)
        }
    }
}

extension AccessReviews {
    /// The review that a request is about.
    func answer(_ info: RequestInfo, _ review: Value, _ user: UserInfo) throws(APIError) -> Value {
        switch info.resource {
        case "subjectaccessreviews": try subjectAccessReview(review)
        case "localsubjectaccessreviews": try localSubjectAccessReview(review, namespace: info.namespace)
        case "selfsubjectaccessreviews": try selfSubjectAccessReview(review, user: user)
        case "selfsubjectrulesreviews": try selfSubjectRulesReview(review, user: user)
        case "selfsubjectreviews": selfSubjectReview(review, user: user)
        case "tokenreviews": try tokenReview(review)
        default: throw ResourceRouter.unknownPath
        }
    }
}
