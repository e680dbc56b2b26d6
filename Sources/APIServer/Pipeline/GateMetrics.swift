import Metrics
import Synchronization

/// How many requests got through the gates before the resources, and how long that took: `authentication_*`, `authorization_*`.
final class GateMetrics: Sendable {
    enum Authentication: String, CaseIterable { case success, error }

    enum Authorization: String, CaseIterable {
        case allowed
        case denied
        case noOpinion = "no-opinion"

        init(_ decision: Decision) {
            self =
                switch decision {
                case .allow: .allowed
                case .deny: .denied
                case .noOpinion: .noOpinion
                }
        }
    }

    /// Who was recognized, without naming everybody: those whom upstream names, and sorts of others.
    private enum Sort: Int, CaseIterable {
        case other
        case address
        case admin
        case client
        case kubeProxy
        case kubelet
        case defaultAccount

        var name: String {
            switch self {
            case .other: "other"
            case .address: "email_id"
            case .admin: "admin"
            case .client: "client"
            case .kubeProxy: "kube_proxy"
            case .kubelet: "kubelet"
            case .defaultAccount: "system:serviceaccount:kube-system:default"
            }
        }

        init(_ user: String) {
            switch user {
            case "admin": self = .admin
            case "client": self = .client
            case "kube_proxy": self = .kubeProxy
            case "kubelet": self = .kubelet
            case "system:serviceaccount:kube-system:default": self = .defaultAccount
            default: self = user.utf8.contains(UInt8(ascii: "@")) ? .address : .other
            }
        }
    }

    private let users = InlineArray<7, Atomic<Int>> { _ in Atomic(0) }
    private let authenticated = HistogramCounts(bounds: GateMetrics.nanoseconds)
    private let unauthenticated = HistogramCounts(bounds: GateMetrics.nanoseconds)
    private let allowed = HistogramCounts(bounds: GateMetrics.nanoseconds)
    private let denied = HistogramCounts(bounds: GateMetrics.nanoseconds)
    private let withoutOpinion = HistogramCounts(bounds: GateMetrics.nanoseconds)

    /// From a millisecond on, each twice the one before.
    private static let seconds = (0..<15).map { 0.001 * Double(1 << $0) }
    private static let nanoseconds = seconds.map { Int($0 * 1e9) }

    init(_ registry: MetricsRegistry) { register(registry) }

    /// A request's user was found out.
    func authenticated(_ user: UserInfo, after nanoseconds: Int) {
        authenticated.observe(nanoseconds)
        users[Sort(user.name).rawValue].add(1, ordering: .relaxed)
    }

    /// Nobody vouches for a request's credentials.
    func refused(after nanoseconds: Int) { unauthenticated.observe(nanoseconds) }

    func authorized(_ decision: Decision, after nanoseconds: Int) { counts(Authorization(decision)).observe(nanoseconds) }

    private func counts(_ result: Authentication) -> HistogramCounts { result == .success ? authenticated : unauthenticated }

    private func counts(_ result: Authorization) -> HistogramCounts {
        switch result {
        case .allowed: allowed
        case .denied: denied
        case .noOpinion: withoutOpinion
        }
    }

    private func register(_ registry: MetricsRegistry) {
        @Sendable func total(_ counts: HistogramCounts) -> Double { counts.reading().counts.reduce(0, +) }
        registry.counter("authentication_attempts", "Requests whose user was looked for.", labels: ["result"]).read { [self] in
            Authentication.allCases.map { ([$0.rawValue], total(counts($0))) }
        }
        registry.counter("authenticated_user_requests", "Requests by who was recognized.", labels: ["username"]).read { [self] in
            Sort.allCases.map { ([$0.name], Double(users[$0.rawValue].load(ordering: .relaxed))) }.filter { $0.1 > 0 }
        }
        registry.histogram("authentication_duration_seconds", "Time to find out who makes a request.", labels: ["result"], buckets: Self.seconds)
            .read { [self] in Authentication.allCases.map { ([$0.rawValue], counts($0).reading(unit: 1e-9)) } }
        registry.counter("authorization_attempts_total", "Requests for which it was decided whether their user may make them.", labels: ["result"])
            .read { [self] in Authorization.allCases.map { ([$0.rawValue], total(counts($0))) } }
        registry.histogram(
            "authorization_duration_seconds", "Time to decide whether a request's user may make it.", labels: ["result"], buckets: Self.seconds
        ).read { [self] in Authorization.allCases.map { ([$0.rawValue], counts($0).reading(unit: 1e-9)) } }
    }
}
