import ClusterClient
import KubernetesAPI
import Logging
import Metrics
import NIOHTTP1
import ObjectModel
import Storage

/// The API server: request ▸ authenticate ▸ authorize ▸ resource, over any `Store`. The listener brings requests from the network, `InProcessTransport` from
/// components of the same process; both take the same way.
public final class APIServer: RequestHandler {
    /// What the server is told by the composition root.
    public struct Configuration: Sendable {
        /// The block that cluster IPs are taken from.
        public var serviceCIDR: String
        public var environment: Environment
        public var metrics: MetricsRegistry
        public var logger: Logger

        public init(serviceCIDR: String = "10.96.0.0/16", environment: Environment = .system, metrics: MetricsRegistry = MetricsRegistry(), logger: Logger) {
            self.serviceCIDR = serviceCIDR
            self.environment = environment
            self.metrics = metrics
            self.logger = logger
        }
    }

    /// The parts that decide who a request is from and what it may do.
    public struct Gates: Sendable {
        public var authenticate: @Sendable (HTTPRequest) throws(APIError) -> UserInfo
        public var authorizer: any Authorizer
        public var admission: AdmissionChain

        public init(
            authenticate: @escaping @Sendable (HTTPRequest) throws(APIError) -> UserInfo, authorizer: any Authorizer, admission: AdmissionChain
        ) {
            self.authenticate = authenticate
            self.authorizer = authorizer
            self.admission = admission
        }
    }

    let registry: ResourceRegistry
    private let store: any Store
    private let gates: Gates
    private let router: ResourceRouter
    private let deadlines = Deadlines()
    private let discovery: DiscoveryRoutes
    private let metrics: ServerMetrics
    private let configuration: Configuration

    /// Opens the server over what the store holds; serving can begin when it returns.
    public init(_ configuration: Configuration, store: any Store, gates: Gates, extensions: ServerExtensions) throws {
        guard let range = IPv4Range(configuration.serviceCIDR) else {
            throw APIError(.badRequest, "service CIDR \(configuration.serviceCIDR) is not an IPv4 block such as 10.96.0.0/16")
        }
        let addresses = ServiceAddresses(range: range)
        let registry = ResourceRegistry(.builtIn, store) { Strategies.strategy(for: $0, addresses) }
        try registry.load(from: store)
        self.registry = registry
        self.store = store
        self.gates = gates
        self.configuration = configuration
        let metrics = ServerMetrics(configuration.metrics)
        self.metrics = metrics
        discovery = DiscoveryRoutes(documents: DiscoveryDocuments(registry.catalog), readiness: extensions.readiness, metrics: metrics)
        router = ResourceRouter(
            registry: registry, store: store, admission: Admission(chain: gates.admission, stored: registry), environment: configuration.environment,
            deadlines: deadlines, subresources: SubresourceRouter(reviews: extensions.reviews, issueToken: extensions.issueToken, connect: extensions.connect))
    }

    // MARK: Requests

    public func handle(_ request: HTTPRequest) -> Outcome {
        let start = ContinuousClock.now
        do {
            let info = try RequestInfo(request.api)
            let requester = try gates.authenticate(request)
            let user = try Impersonation.user(request.headers, requester: requester, authorizer: gates.authorizer)
            try gates.authorizer.require(info.attributes(user))
            let outcome = info.isResourceRequest ? try router.route(info, request, user) : try discovery.route(request)
            return metrics.observed(outcome, info, since: start)
        } catch {
            return .respond(Presenter.failure(error))
        }
    }

    // MARK: Inside

    /// What is stored, for the parts that decide from it.
    public var stored: any ObjectReader { registry }

    /// The revision up to which every reader sees every change.
    public var revision: Int64 { registry.revision }

    /// Hears of every object of the resources named by plural: those that are there at once, changes before the client that made them is answered.
    public func observe(_ plurals: Set<String>, _ observer: @escaping @Sendable (Resource, String, Value?) -> Void) {
        registry.observe({ plurals.contains($0.plural) }) { resource, key, object in
            observer(resource.reference, key, object.flatMap { try? $0.value() })
        }
    }

    /// Sends bookmarks to watchers once a minute until cancelled, then ends all watches.
    public func run() async {
        while (try? await Task.sleep(for: .seconds(55), tolerance: .seconds(5))) != nil { registry.sendBookmarks() }
        registry.endWatches()
        deadlines.stop()
    }
}

/// What the server needs from beside it: reviews to answer, keys to sign with, nodes to connect to.
public struct ServerExtensions: Sendable {
    /// Answers a review: (request, body, who asks) → the body with its status.
    public var reviews: @Sendable (RequestInfo, Value, UserInfo) throws(APIError) -> Value

    /// Signs a service account's token: (service account, `TokenRequest`) → `TokenRequest` with its status.
    public var issueToken: @Sendable (Value, Value) throws(APIError) -> Value

    /// Takes `log`, `exec`, `attach`, `portforward` and `proxy` to the node, pod or service.
    public var connect: @Sendable (RequestInfo, HTTPRequest, UserInfo) throws(APIError) -> Outcome

    /// The checks of `/readyz`, by name: nil for one that is well, else what is wrong.
    public var readiness: @Sendable () -> [(name: String, failure: String?)]

    public init(
        reviews: @escaping @Sendable (RequestInfo, Value, UserInfo) throws(APIError) -> Value,
        issueToken: @escaping @Sendable (Value, Value) throws(APIError) -> Value,
        connect: @escaping @Sendable (RequestInfo, HTTPRequest, UserInfo) throws(APIError) -> Outcome,
        readiness: @escaping @Sendable () -> [(name: String, failure: String?)]
    ) {
        self.reviews = reviews
        self.issueToken = issueToken
        self.connect = connect
        self.readiness = readiness
    }
}
