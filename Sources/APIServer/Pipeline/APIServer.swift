import ClusterClient
import Logging
import Metrics
import ObjectModel

/// The API server: request ▸ authenticate ▸ flow control ▸ authorize ▸ resource, over any `Store`. The listener brings requests from the network, `InProcessTransport` from
/// components of the same process; both take the same way.
public final class APIServer: RequestHandler {
    /// What the server is told by the composition root.
    public struct Configuration: Sendable {
        public var environment: Environment
        public var metrics: MetricsRegistry
        public var logger: Logger
        public var flowControl = FlowControl.Limits()

        public init(environment: Environment = .system, metrics: MetricsRegistry = MetricsRegistry(), logger: Logger) {
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
    private let gates: Gates
    private let router: ResourceRouter
    private let deadlines = Deadlines()
    let flowControl: FlowControl
    private let discovery: DiscoveryRoutes
    private let metrics: ServerMetrics
    private let auditIDs = AuditIDs()

    public init(_ configuration: Configuration, _ registry: ResourceRegistry, gates: Gates, extensions: ServerExtensions) {
        self.registry = registry
        self.gates = gates
        metrics = ServerMetrics(configuration.metrics) { registry.resource(of: $0)?.definition.deprecation != nil }
        StorageMetrics(registry: registry).register(configuration.metrics)
        ProcessMetrics.register(configuration.metrics)
        let flowControl = FlowControl(
            configuration.flowControl, deadlines, configuration.metrics, WorkEstimator { [registry] in registry.objects(of: $0) })
        registry.observe(["flowschemas", "prioritylevelconfigurations"]) { flowControl.apply($0.plural, key: $1, $2) }
        self.flowControl = flowControl
        discovery = DiscoveryRoutes(
            documents: DiscoveryDocuments(registry.catalog), readiness: extensions.readiness, documentsOfKeys: extensions.keyDocuments,
            metrics: metrics, flowControl: flowControl)
        router = ResourceRouter(
            registry: registry, store: registry.store,
            admission: Admission(chain: gates.admission, stored: registry, metrics: AdmissionMetrics(configuration.metrics)),
            authorizer: gates.authorizer,
            environment: configuration.environment, deadlines: deadlines,
            subresources: SubresourceRouter(
                reviews: extensions.reviews, issueToken: extensions.issueToken, connect: extensions.connect, components: extensions.components))
    }

    // MARK: Requests

    public func handle(_ request: HTTPRequest) -> Outcome {
        let outcome = answer(request)
        let encoded = ResponseEncoder(accept: request.api.accept)?.encode(outcome) ?? outcome
        let indented = Indentation(request)?.indent(encoded) ?? encoded
        let compressed = Compression(request)?.compress(indented) ?? indented
        return request.inProcessUser == nil ? auditIDs.mark(compressed, for: request) : compressed
    }

    private func answer(_ request: HTTPRequest) -> Outcome {
        let start = MonotonicTime.now
        do {
            let info = try RequestInfo(request.api)
            let requester = try authenticate(request, since: start)
            let user = try Impersonation.user(request.headers, requester: requester, authorizer: gates.authorizer)
            let come = MonotonicTime.now
            switch request.inProcessUser == nil ? flowControl.turn(info, user, request.api, at: come) : .free {
            case .free: return perform(request, info, user, since: start)
            case .now(let pass): return pass.carry(perform(request, info, user, since: start))
            case .queued(let ticket):
                return .deferred {
                    await ticket.answer { self.perform(request, info, user, since: start, waited: MonotonicTime.now - come) }
                }
            case .refused(let response): return observed(.respond(response), info, request, since: start)
            }
        } catch {
            return .respond(Presenter.failure(error))
        }
    }

    private func authenticate(_ request: HTTPRequest, since start: Int) throws(APIError) -> UserInfo {
        guard request.inProcessUser == nil else { return try gates.authenticate(request) }
        do throws(APIError) {
            let user = try gates.authenticate(request)
            metrics.gates.authenticated(user, after: MonotonicTime.now - start)
            return user
        } catch {
            metrics.gates.refused(after: MonotonicTime.now - start)
            throw error
        }
    }

    /// What a request comes to when it is its turn.
    private func perform(_ request: HTTPRequest, _ info: RequestInfo, _ user: UserInfo, since start: Int, waited: Int = 0) -> Outcome {
        do throws(APIError) {
            try authorize(info.attributes(user), isInProcess: request.inProcessUser != nil)
        } catch {
            return .respond(Presenter.failure(error))
        }
        do throws(APIError) {
            let outcome = info.isResourceRequest ? try router.route(info, request, user) : try discovery.route(request)
            return metrics.observed(outcome, info, request.api, since: start, waited: waited)
        } catch {
            let isKnown = !info.isResourceRequest || registry.catalog.groupVersions.contains { $0.group == info.group }
            let answer = isKnown ? Presenter.failure(error) : DiscoveryRoutes.pageNotFound
            return observed(.respond(answer), info, request, since: start, waited: waited)
        }
    }

    private func authorize(_ attributes: RequestAttributes, isInProcess: Bool) throws(APIError) {
        if isInProcess { return try gates.authorizer.require(attributes) }
        let start = MonotonicTime.now
        let decision = gates.authorizer.authorize(attributes)
        metrics.gates.authorized(decision, after: MonotonicTime.now - start)
        try attributes.require(decision)
    }

    /// Counts a refusal, if it is of something that is served: of what isn't, anyone may make up as much as he likes.
    private func observed(_ outcome: Outcome, _ info: RequestInfo, _ request: HTTPRequest, since start: Int, waited: Int = 0) -> Outcome {
        guard !info.isResourceRequest || registry.serves(info) else { return outcome }
        return metrics.observed(outcome, info, request.api, since: start, waited: waited)
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

    /// The documents about token keys, by path: `/openid/v1/jwks`, `/.well-known/openid-configuration`.
    public var keyDocuments: [String: Value]

    /// `ComponentStatus` objects.
    public var components: @Sendable () -> [Value] = { [] }

    /// The checks of `/readyz`, by name: nil for one that is well, else what is wrong.
    public var readiness: @Sendable () -> [(name: String, failure: String?)]

    public init(
        reviews: @escaping @Sendable (RequestInfo, Value, UserInfo) throws(APIError) -> Value,
        issueToken: @escaping @Sendable (Value, Value) throws(APIError) -> Value,
        connect: @escaping @Sendable (RequestInfo, HTTPRequest, UserInfo) throws(APIError) -> Outcome,
        keyDocuments: [String: Value], readiness: @escaping @Sendable () -> [(name: String, failure: String?)]
    ) {
        self.reviews = reviews
        self.issueToken = issueToken
        self.connect = connect
        self.keyDocuments = keyDocuments
        self.readiness = readiness
    }
}
