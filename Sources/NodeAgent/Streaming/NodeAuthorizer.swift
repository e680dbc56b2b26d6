import ClusterClient
import HTTPServer
import ObjectModel
import Synchronization

/// Says who may ask the node for what: the cluster's own word, by `TokenReview` and `SubjectAccessReview`, remembered for a little while.
///
/// The API server and administrators are known by their certificates and are not asked about.
final class NodeAuthorizer: Sendable {
    private static let tokenReviews = Resource(
        group: "authentication.k8s.io", version: "v1", plural: "tokenreviews", kind: "TokenReview", isNamespaced: false)

    private let client: Client
    private let nodeName: String
    private let answers = Mutex(Answers())

    private struct Answers {
        var users: [String: (user: User?, until: ContinuousClock.Instant)] = [:]
        var access: [Access: (isAllowed: Bool, until: ContinuousClock.Instant)] = [:]
    }

    /// Who asks.
    struct User: Sendable, Hashable {
        var name: String
        var uid = ""
        var groups: [String] = []
    }

    private struct Access: Hashable {
        var user: User
        var verb: String
        var subresource: String
    }

    private static let yesLifetime = Duration.seconds(60)
    private static let noLifetime = Duration.seconds(10)

    /// More than this many answers are forgotten at once, so that nobody fills the memory with made-up tokens.
    private static let answersMax = 1_000

    init(client: Client, nodeName: String) {
        self.client = client
        self.nodeName = nodeName
    }

    /// The answer to somebody who may not; nil for who may.
    func refusal(_ request: HTTPRequest) async -> HTTPResponse? {
        do {
            guard let user = try await user(request) else { return .plain(401, "Unauthorized") }
            if user.groups.contains("system:masters") { return nil }
            let verb = Self.verb(request.api.method)
            let subresources = Self.subresources(request.api.path)
            for subresource in subresources where try await allows(Access(user: user, verb: verb, subresource: subresource)) { return nil }
            let tried = subresources.joined(separator: ",")
            return .plain(403, "Forbidden (user=\(user.name), verb=\(verb), resource=nodes, subresource(s)=[\(tried)])")
        } catch {
            return .plain(500, "Authorization error (\(error))")
        }
    }

    // MARK: What is asked for

    static func verb(_ method: APIRequest.Method) -> String {
        switch method {
        case .get, .head: "get"
        case .post: "create"
        case .put: "update"
        case .patch: "patch"
        case .delete: "delete"
        default: ""
        }
    }

    /// The subresources of `nodes` of which one must be allowed: the narrow one first.
    static func subresources(_ path: String) -> [String] {
        let first = path.split(separator: "/").first.map(String.init) ?? ""
        switch first {
        case "stats", "metrics": return [first]
        case "logs": return ["log"]
        case "healthz", "configz": return [first, "proxy"]
        case "pods", "runningpods": return ["pods", "proxy"]
        default: return ["proxy"]
        }
    }

    // MARK: Who

    private func user(_ request: HTTPRequest) async throws -> User? {
        if let certificate = request.clientCertificate { return User(name: certificate.commonName, groups: certificate.organizations) }
        guard let header = request.headers.first(name: "authorization") else { return nil }
        let words = header.split(separator: " ")
        guard words.count == 2, words[0].lowercased() == "bearer" else { return nil }
        return try await user(token: String(words[1]))
    }

    private func user(token: String) async throws -> User? {
        if let known = answers.withLock({ $0.users[token] }), known.until > .now { return known.user }
        let review: Value = ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]]
        let status = try await client.create(Self.tokenReviews, review).status
        var user: User?
        if status["authenticated"].bool == true {
            let told = status["user"]
            user = User(name: told["username"].string ?? "", uid: told["uid"].string ?? "", groups: told["groups"].strings)
        }
        answers.withLock { answers in
            if answers.users.count >= Self.answersMax { answers.users = [:] }
            answers.users[token] = (user, .now + (user == nil ? Self.noLifetime : Self.yesLifetime))
        }
        return user
    }

    private func allows(_ access: Access) async throws -> Bool {
        if let known = answers.withLock({ $0.access[access] }), known.until > .now { return known.isAllowed }
        let review: Value = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": [
                "user": .string(access.user.name), "uid": .string(access.user.uid), "groups": Value(access.user.groups),
                "resourceAttributes": [
                    "verb": .string(access.verb), "version": "v1", "resource": "nodes", "subresource": .string(access.subresource),
                    "name": .string(nodeName),
                ],
            ],
        ]
        let isAllowed = try await client.create(.subjectAccessReviews, review).status["allowed"].bool == true
        answers.withLock { answers in
            if answers.access.count >= Self.answersMax { answers.access = [:] }
            answers.access[access] = (isAllowed, .now + (isAllowed ? Self.yesLifetime : Self.noLifetime))
        }
        return isAllowed
    }
}
