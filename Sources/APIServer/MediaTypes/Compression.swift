import HTTPServer
import NIOHTTP1

/// Large answers to clients that read gzip.
struct Compression: Sendable {
    /// Answers up to this size are sent as they are.
    private static let plainMax = 128 * 1024

    /// Nil where the request isn't a read of the API, or its client doesn't take gzip.
    init?(_ request: HTTPRequest) {
        guard request.api.method == .get, request.api.path.hasPrefix("/api"), let accepted = request.headers.first(name: "accept-encoding"),
            Self.takesGzip(accepted)
        else { return nil }
    }

    private static func takesGzip(_ accepted: String) -> Bool {
        accepted.split(separator: ",").contains { clause in
            let parts = clause.split(separator: ";").map(\.trimmed)
            guard parts.first == "gzip" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
        }
    }

    /// What the headers of a compressed answer say of it.
    static func mark(_ headers: inout HTTPHeaders) {
        headers.replaceOrAdd(name: "content-encoding", value: "gzip")
        headers.add(name: "vary", value: "Accept-Encoding")
    }

    func compress(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .respond(let response): isWorthIt(response) ? .wait { await compress(response) } : outcome
        case .wait(let answer): .wait { await compress(await answer()) }
        case .deferred(let later): .deferred { compress(await later()) }
        case .stream, .tunnel, .forward: outcome
        }
    }

    private func isWorthIt(_ response: HTTPResponse) -> Bool {
        guard response.headers.first(name: "content-encoding") == nil else { return false }
        return response.body.reduce(0) { $0 + $1.count } > Self.plainMax
    }

    /// Not by whoever prefers to carry out requests: that is the event loop.
    private func compress(_ response: HTTPResponse) async -> HTTPResponse {
        guard isWorthIt(response) else { return response }
        let body = await withTaskExecutorPreference(globalConcurrentExecutor) { await Self.gzip(response.body) }
        guard let body else { return response }
        var compressed = response
        compressed.body = body
        Self.mark(&compressed.headers)
        return compressed
    }

    private static func gzip(_ pieces: [[UInt8]]) async -> [[UInt8]]? { GzipStream.compress(pieces) }
}
