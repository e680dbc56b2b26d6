import ClusterClient
import Crypto
import Identity
import ObjectModel
import Synchronization

/// Service account tokens. A signature is verified once; after that a token costs a hash and a look-up, and once a second a look at
/// the objects that it is bound to.
public final class ServiceAccountAuthenticator: TokenAuthenticator {
    /// What counts about an object that a token is bound to.
    public struct BoundObject: Sendable, Hashable {
        public var uid: String
        public var deletionTimestamp: Timestamp?

        public init(uid: String, deletionTimestamp: Timestamp? = nil) {
            self.uid = uid
            self.deletionTimestamp = deletionTimestamp
        }

        public init(_ object: Value) {
            self.init(uid: object.uid, deletionTimestamp: object.metadata["deletionTimestamp"].string.flatMap(Timestamp.init(rfc3339:)))
        }
    }

    /// Finds a service account, pod, secret or node (namespace empty).
    public typealias Lookup = @Sendable (_ resource: Resource, _ namespace: String, _ name: String) -> BoundObject?

    /// How long an answer about bound objects counts. (Upstream: ten seconds.)
    static let recheckInterval: Duration = .seconds(1)

    /// For how long a token still works after its object's deletion began.
    static let deletionGrace: Duration = .seconds(60)

    /// Tokens remembered at most; beyond that the memory starts anew.
    static let cacheSizeMax = 10_000

    private let tokens: ServiceAccountTokens
    private let lookup: Lookup
    private let clock: @Sendable () -> Timestamp
    private let cache = Mutex<[CacheKey: Entry]>([:])

    private struct CacheKey: Hashable {
        var digest: SHA256.Digest
        var audiences: [String]?
    }

    private struct Entry {
        var claims: ServiceAccountClaims
        var result: AuthenticatedToken
        var checked: Timestamp
    }

    public init(tokens: ServiceAccountTokens, lookup: @escaping Lookup, clock: @escaping @Sendable () -> Timestamp) {
        self.tokens = tokens
        self.lookup = lookup
        self.clock = clock
    }

    public func authenticate(token: String, audiences: [String]?) throws(IdentityError) -> AuthenticatedToken? {
        let now = clock()
        let key = CacheKey(digest: SHA256.hash(data: Array(token.utf8)), audiences: audiences)
        if var entry = cache.withLock({ $0[key] }), now < entry.claims.expires {
            if now - entry.checked >= Self.recheckInterval || now < entry.checked {
                do {
                    try check(entry.claims, now)
                } catch {
                    cache.withLock { $0[key] = nil }
                    throw error
                }
                entry.checked = now
                cache.withLock { $0[key] = entry }
            }
            return entry.result
        }
        guard tokens.isOurs(token) else { return nil }
        let claims = try tokens.verify(token, audiences: audiences, now: now)
        try check(claims, now)
        let result = AuthenticatedToken(
            user: Self.user(claims), audiences: (audiences ?? tokens.serverAudiences).filter(claims.audiences.contains))
        cache.withLock { held in
            if held.count >= Self.cacheSizeMax { held.removeAll(keepingCapacity: true) }
            held[key] = Entry(claims: claims, result: result, checked: now)
        }
        return result
    }

    /// Whether everything that the token is bound to is still there, and still the same.
    private func check(_ claims: ServiceAccountClaims, _ now: Timestamp) throws(IdentityError) {
        try check(.serviceAccounts, "service account", claims.namespace, claims.serviceAccount, now)
        if let secret = claims.secret { try check(.secrets, "secret", claims.namespace, secret, now) }
        if let pod = claims.pod {
            try check(.pods, "pod", claims.namespace, pod, now)
        } else if let node = claims.node {
            // Beside a pod the node is only told, not bound to.
            try check(.nodes, "node", "", node, now)
        }
    }

    private func check(
        _ resource: Resource, _ word: String, _ namespace: String, _ reference: ServiceAccountClaims.Reference, _ now: Timestamp
    ) throws(IdentityError) {
        guard let held = lookup(resource, namespace, reference.name) else {
            throw IdentityError(.notValid, "\(word) \(namespace)/\(reference.name) has been deleted")
        }
        if let deletion = held.deletionTimestamp, deletion + Self.deletionGrace < now {
            throw IdentityError(.notValid, "\(word) \(namespace)/\(reference.name) has been deleted")
        }
        guard held.uid == reference.uid else {
            throw IdentityError(.notValid, "\(word) UID (\(held.uid)) does not match claim (\(reference.uid))")
        }
    }

    static func user(_ claims: ServiceAccountClaims) -> UserInfo {
        var extra: [String: [String]] = [:]
        if !claims.id.isEmpty { extra["authentication.kubernetes.io/credential-id"] = ["JTI=\(claims.id)"] }
        if let pod = claims.pod {
            extra["authentication.kubernetes.io/pod-name"] = [pod.name]
            extra["authentication.kubernetes.io/pod-uid"] = [pod.uid]
        }
        if let node = claims.node {
            extra["authentication.kubernetes.io/node-name"] = [node.name]
            if !node.uid.isEmpty { extra["authentication.kubernetes.io/node-uid"] = [node.uid] }
        }
        return UserInfo(
            name: claims.userName, uid: claims.serviceAccount.uid, groups: serviceAccountGroups(namespace: claims.namespace), extra: extra)
    }

    static func serviceAccountGroups(namespace: String) -> [String] { ["system:serviceaccounts", "system:serviceaccounts:\(namespace)"] }
}
