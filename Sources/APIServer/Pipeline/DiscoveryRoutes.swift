import ClusterClient
import KubernetesAPI
import NIOHTTP1
import ObjectModel

/// What is not a resource: health, version, metrics, discovery and OpenAPI.
struct DiscoveryRoutes: Sendable {
    let documents: DiscoveryDocuments
    let readiness: @Sendable () -> [(name: String, failure: String?)]

    /// By path.
    let documentsOfKeys: [String: Value]
    let metrics: ServerMetrics

    func route(_ request: HTTPRequest) throws(APIError) -> Outcome {
        let api = request.api
        guard api.method == .get || api.method == .head else {
            throw APIError(.methodNotAllowed, "the server does not allow this method on the requested resource")
        }
        var path = Substring(api.path)
        while path.count > 1, path.last == "/" { path.removeLast() }
        switch path {
        case "/healthz", "/livez", "/healthz/ping", "/livez/ping": return .respond(Self.text("ok"))
        case "/readyz", "/readyz/ping": return .respond(ready(isVerbose: api.queryValue("verbose") != nil))
        case "/version": return .respond(HTTPResponse(body: [Self.version.json()]))
        case "/metrics": return .respond(Self.text(metrics.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8"))
        default: if let keys = documentsOfKeys[String(path)] { return .respond(HTTPResponse(body: [keys.json()])) }
        }
        guard let document = try documents.document(at: String(path), api) else { throw ResourceRouter.unknownPath }
        return .respond(document.answer(ifNoneMatch: request.headers.first(name: "if-none-match")))
    }

    private func ready(isVerbose: Bool) -> HTTPResponse {
        let checks = readiness()
        let isReady = checks.allSatisfy { $0.failure == nil }
        if isReady, !isVerbose { return Self.text("ok") }
        let lines = checks.map { name, failure in failure.map { "[-]\(name) failed: \($0)" } ?? "[+]\(name) ok" }
        let verdict = isReady ? "readyz check passed" : "readyz check failed"
        return Self.text((lines + [verdict, ""]).joined(separator: "\n"), status: isReady ? 200 : 500)
    }

    static func text(_ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8") -> HTTPResponse {
        HTTPResponse(status: status, contentType: contentType, body: [Array(text.utf8)])
    }

    /// The API that is served here: 1.36's.
    static let version: Value = [
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2+apus", "gitCommit": "", "gitTreeState": "clean", "buildDate": "", "goVersion": "", "compiler": "swift",
        "platform": "linux/\(Self.architecture)",
    ]

    private static var architecture: Value.StringLiteralType {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }
}
