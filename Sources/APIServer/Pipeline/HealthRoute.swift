import ClusterClient
import ObjectModel

/// `/healthz`, `/livez`, `/readyz`, and one check of theirs, such as `/readyz/etcd`.
struct HealthRoute {
    private let endpoint: String

    /// Empty for all.
    private let check: String
    private let excluded: Set<String>
    private let isVerbose: Bool

    /// Nil where the path is another's.
    init?(_ path: Substring, _ request: APIRequest) {
        let segments = path.split(separator: "/")
        guard let endpoint = segments.first, ["healthz", "livez", "readyz"].contains(endpoint), segments.count <= 2 else { return nil }
        self.endpoint = String(endpoint)
        check = segments.count == 2 ? String(segments[1]) : ""
        excluded = Set(request.query.filter { $0.name == "exclude" }.map(\.value))
        isVerbose = request.queryValue("verbose") != nil
    }

    /// "ok", or what is not, check by check.
    func answer(_ all: [(name: String, failure: String?)]) throws(APIError) -> HTTPResponse {
        let checks = all.filter { check.isEmpty ? !excluded.contains($0.name) : $0.name == check }
        guard check.isEmpty || !checks.isEmpty else { throw ResourceRouter.unknownPath }
        let isHealthy = checks.allSatisfy { $0.failure == nil }
        if isHealthy, !isVerbose { return DiscoveryRoutes.text("ok") }
        // The reason is for the log: whoever may ask this may be anyone.
        let lines = all.filter { check.isEmpty || $0.name == check }.map { name, failure in
            if check.isEmpty, excluded.contains(name) { return "[+]\(name) excluded: ok" }
            return failure == nil ? "[+]\(name) ok" : "[-]\(name) failed: reason withheld"
        }
        let verdict = "\(endpoint) check \(isHealthy ? "passed" : "failed")"
        return DiscoveryRoutes.text((lines + [verdict, ""]).joined(separator: "\n"), status: isHealthy ? 200 : 500)
    }
}
