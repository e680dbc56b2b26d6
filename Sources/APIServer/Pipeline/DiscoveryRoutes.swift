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
    let flowControl: FlowControl

    func route(_ request: HTTPRequest) throws(APIError) -> Outcome {
        let api = request.api
        var path = Substring(api.path)
        while path.count > 1, path.last == "/" { path.removeLast() }
        // Whoever only wants to know whether the server is well may ask as they like.
        if let health = HealthRoute(path, api) { return .respond(try health.answer(readiness())) }
        guard api.method == .get || api.method == .head else {
            throw ResourceRouter.methodNotAllowed
        }
        switch path {
        case "/": return .respond(HTTPResponse(body: [documents.paths(adding: Array(documentsOfKeys.keys)).json()]))
        case "/version": return .respond(HTTPResponse(body: [Self.version.json()]))
        case "/metrics": return .respond(Self.text(metrics.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8"))
        case _ where path.hasPrefix(FlowControl.dumpPath):
            guard let dump = flowControl.dump(path.dropFirst(FlowControl.dumpPath.count)) else { throw ResourceRouter.unknownPath }
            return .respond(Self.text(dump))
        default: if let keys = documentsOfKeys[String(path)] { return .respond(Self.keys(keys, isKeySet: path.hasSuffix("/jwks"))) }
        }
        guard let document = try documents.document(at: String(path), api) else { return .respond(notFound(path)) }
        var answer = document.answer(ifNoneMatch: request.headers["if-none-match"])
        if path.hasPrefix("/openapi/v3/"), let hash = api.queryValue("hash") {
            // A document under an address with its hash never changes; an address with another hash leads to the right one.
            guard hash == documents.openAPIHash else {
                return .respond(HTTPResponse(status: 301, contentType: "", headers: ["location": "\(path)?hash=\(documents.openAPIHash)"]))
            }
            answer.headers.add(name: "cache-control", value: "public, immutable")
        }
        return .respond(answer)
    }

    /// What others check service accounts' tokens with. It changes seldom.
    private static func keys(_ document: Value, isKeySet: Bool) -> HTTPResponse {
        HTTPResponse(
            contentType: isKeySet ? "application/jwk-set+json" : "application/json", headers: ["cache-control": "public, max-age=3600"],
            body: [document.json()])
    }

    /// Somewhere in the API nothing is known of a group; anywhere else the paths that there are help to find the right one.
    private func notFound(_ path: Substring) -> HTTPResponse {
        if path.hasPrefix("/apis/") { return Self.pageNotFound }
        if path.hasPrefix("/api/") || path.hasPrefix("/openapi/") { return Presenter.failure(ResourceRouter.unknownPath) }
        return HTTPResponse(status: 404, body: [documents.paths(adding: Array(documentsOfKeys.keys)).json()])
    }

    static let pageNotFound = text("404 page not found\n", status: 404)

    static func text(_ text: String, status: Int = 200, contentType: String = "text/plain; charset=utf-8") -> HTTPResponse {
        HTTPResponse(status: status, contentType: contentType, headers: ["x-content-type-options": "nosniff"], body: [Array(text.utf8)])
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
